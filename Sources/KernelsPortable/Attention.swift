import KernelTypes

// Queries lie across the sixteen lanes, so that maxima, sums and the causal bound are taken lane by lane, alike on every instruction
// set. Scores of a block of keys: (keys, queries). P: probabilities, D[i] = dOut[i] . out[i].

/// Vectors of a register tile that make sixteen lanes.
private let laneVectors = 16 / vectorWidth

/// Causal attention: out[i] = sum_{j<=i} p[i,j] v[j],  p[i] = softmax_j(q[i] . k[j] / sqrt(headWidth)), j <= i
/// Shapes and layout: see `AttentionUnit`. The softmax goes along the keys by blocks: the scores never stand in memory together.
/// Writes out, rowMax and rowScale. Scratch does not depend on the length.
/// A NaN or infinity in v[j] reaches out[i] for i >= j, and may reach the up to 15 queries before j in its group of 16, as 0 * NaN.
/// Error for scaled scores up to 30 and some hundred tokens: at most 2e-6 of the largest |v|; rowMax 5e-6, rowScale relative 5e-6.
/// Source: Vaswani et al. 2017, eq. 1; online softmax: Milakov & Gimelshein 2018, arXiv 1805.02867, algorithm 3, and Dao et al. 2022,
/// arXiv 2205.14135, algorithm 1; grouped query heads: Ainslie et al. 2023, arXiv 2305.13245.
func attentionForward(_ u: AttentionUnit) {
    let width = u.headWidth
    let queries = u.scratch
    let sums = queries + 16 * width
    let scores = sums + 16 * width
    let scale = 1 / Float(width).squareRoot()
    var head = 0
    while head < u.group {
        var i0 = 0
        while i0 < u.length {
            let rows = u.length - i0 < 16 ? u.length - i0 : 16
            packLanes(u.q + i0 * u.qRow + head * width, u.qRow, rows: rows, width: width, scale: scale, to: queries, row: 16)
            var most = Lanes(repeating: -Float.greatestFiniteMagnitude)
            var total = Lanes(repeating: 0)
            let limit = i0 + rows
            var j0 = 0
            while j0 < limit {
                let keys = limit - j0 < AttentionUnit.keyBlock ? limit - j0 : AttentionUnit.keyBlock
                laneProduct(
                    rows: keys, depth: width, a: TileRows(u.k + j0 * u.kvRow, row: u.kvRow, column: 1), b: Input(queries), bRow: 16,
                    to: TileTarget(c: scores, row: 16, accumulates: false, addend: nil))
                // Keys up to i0 are seen by all lanes.
                let correction = softmaxBlock(scores, keys: keys, seenByAll: i0 - j0 + 1, most: &most, total: &total)
                if j0 > 0 { scaleLanes(sums, count: width, by: correction) }
                laneProduct(
                    rows: width, depth: keys, a: TileRows(u.v + j0 * u.kvRow, row: 1, column: u.kvRow), b: Input(scores), bRow: 16,
                    to: TileTarget(c: sums, row: 16, accumulates: j0 > 0, addend: nil))
                j0 += keys
            }
            let inverse = 1 / total
            scaleLanes(sums, count: width, by: inverse)
            transpose(Input(sums), 16, width, rows, u.out + i0 * u.outRow + head * width, u.outRow)
            let at = head * u.length + i0
            if rows == 16 {
                store(most, u.rowMax + at)
                store(inverse, u.rowScale + at)
            } else {
                store(most, u.rowMax + at, rows)
                store(inverse, u.rowScale + at, rows)
            }
            i0 += 16
        }
        head += 1
    }
}

/// One block of the online softmax: the scores (keys, 16) become e^(score - most), with `most` and `total` brought up to date.
/// Key j is seen by all lanes below `seenByAll`, then by one lane less each. Returns what earlier sums have to be multiplied by.
@inline(never)
private func softmaxBlock(_ scores: Output, keys: Int, seenByAll: Int, most: inout Lanes, total: inout Lanes) -> Lanes {
    let lowest = Lanes(repeating: -Float.greatestFiniteMagnitude)
    let open = keys < seenByAll ? keys : seenByAll
    var best = most
    var other = lowest
    var j = 0
    while j + 2 <= open {
        best = larger(best, load(scores + 16 * j))
        other = larger(other, load(scores + 16 * (j + 1)))
        j += 2
    }
    while j < keys {
        best = larger(best, hidden(load(scores + 16 * j), below: j - seenByAll + 1, as: lowest))
        j += 1
    }
    best = larger(best, other)
    var (sums, others) = (Lanes(repeating: 0), Lanes(repeating: 0))
    j = 0
    while j < keys {
        var e = exponential(load(scores + 16 * j) - best)
        if j >= open { e = hidden(e, below: j - seenByAll + 1, as: Lanes(repeating: 0)) }
        store(e, scores + 16 * j)
        (sums, others) = (others, sums + e)
        j += 1
    }
    let correction = exponential(most - best)
    total = fused(total, correction, sums + others)
    most = best
    return correction
}

/// Lanes 0 ..< count become `value`. (Compared as floats: whole numbers go lane by lane.)
@inline(__always)
private func hidden(_ x: Lanes, below count: Int, as value: Lanes) -> Lanes {
    let index = Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    return x.replacing(with: value, where: index .< Lanes(repeating: Float(count)))
}

@inline(__always)
private func scaleLanes(_ x: Output, count: Int, by factor: Lanes) {
    var d = 0
    while d < count {
        store(load(x + 16 * d) * factor, x + 16 * d)
        d += 1
    }
}

/// A product whose columns are the sixteen lanes.
@inline(never)
private func laneProduct(rows: Int, depth: Int, a: TileRows, b: Input, bRow: Int, to target: TileTarget) {
    panel(vectors: laneVectors, rows: rows, depth: depth, a: a, b: b, bRow: bRow, to: target)
}

/// Rows of queries across the lanes: to[d, i] = scale * source[i, d], zero in lanes from `rows` up to the next multiple of 16.
@inline(__always)
private func packLanes(_ source: Input, _ sourceRow: Int, rows: Int, width: Int, scale: Float, to: Output, row: Int) {
    let padded = (rows + 15) / 16 * 16
    if rows < padded {
        var d = 0
        while d < width {
            store(Lanes(repeating: 0), to + d * row + padded - 16)
            d += 1
        }
    }
    transpose(source, sourceRow, rows, width, to, row)
    var d = 0
    while d < width, scale != 1 {
        var i = 0
        while i < padded {
            store(load(to + d * row + i) * scale, to + d * row + i)
            i += 16
        }
        d += 1
    }
}

/// Backward of attention: recomputes P block by block, then, with dS = P (dOut v^T - D) / sqrt(headWidth),
///   dv[j] = sum_i P[i,j] dOut[i],   dq[i] = sum_j dS[i,j] k[j],   dk[j] = sum_i dS[i,j] q[i]
/// Shapes and layout: see `AttentionUnit`.
/// Writes dq, dk and dv; each element is one chain over ascending i or j.
/// Error in the same range: at most 2e-6 of the largest element that each would have, were all terms of its sums positive.
/// Source: Dao et al. 2022, arXiv 2205.14135, appendix B.2.
func attentionBackward(_ u: AttentionUnit) {
    guard let dOut = u.dOut, let dq = u.dq, let dk = u.dk, let dv = u.dv else { return }
    let (width, block) = (u.headWidth, AttentionUnit.queryBlock)
    let packedWidth = (width + panelWidth - 1) / panelWidth * panelWidth
    let queries = u.scratch, outGradients = queries + block * width, queryGradients = outGradients + block * width
    let packedQueries = queryGradients + block * width, packedOutGradients = packedQueries + block * packedWidth
    let scores = packedOutGradients + block * packedWidth, scoreGradients = scores + AttentionUnit.keyBlock * block
    let most = scoreGradients + AttentionUnit.keyBlock * block, rowScale = most + block, pull = rowScale + block
    let corner = pull + block
    let scale = 1 / Float(width).squareRoot()
    var head = 0
    while head < u.group {
        var i0 = 0
        while i0 < u.length {
            let rows = u.length - i0 < block ? u.length - i0 : block
            let q = u.q + i0 * u.qRow + head * width, dOut = dOut + i0 * u.outRow + head * width
            packLanes(q, u.qRow, rows: rows, width: width, scale: scale, to: queries, row: block)
            packLanes(dOut, u.outRow, rows: rows, width: width, scale: 1, to: outGradients, row: block)
            packColumns(q, u.qRow, width, rows, packedQueries, rows * panelWidth, panelWidth)
            packColumns(dOut, u.outRow, width, rows, packedOutGradients, rows * panelWidth, panelWidth)
            var i = 0
            while i < (rows + 15) / 16 * 16 {
                let isRow = i < rows
                let at = head * u.length + i0 + i
                most[i] = isRow ? u.rowMax[at] : 0
                rowScale[i] = isRow ? u.rowScale[at] : 0
                pull[i] = isRow ? dot(dOut + i * u.outRow, Input(u.out + (i0 + i) * u.outRow + head * width), width) : 0
                i += 1
            }
            var j0 = 0
            while j0 < i0 + rows {
                let isDiagonal = j0 == i0
                let keys = i0 + rows - j0 < AttentionUnit.keyBlock ? i0 + rows - j0 : AttentionUnit.keyBlock
                i = 0
                while i < rows {
                    // In the block on the diagonal sixteen queries see the keys up to the last of them.
                    let seen = isDiagonal && i + 16 < keys ? i + 16 : keys
                    laneProduct(
                        rows: seen, depth: width, a: TileRows(u.k + j0 * u.kvRow, row: u.kvRow, column: 1), b: Input(queries + i), bRow: block,
                        to: TileTarget(c: scores + i, row: block, accumulates: false, addend: nil))
                    laneProduct(
                        rows: seen, depth: width, a: TileRows(u.v + j0 * u.kvRow, row: u.kvRow, column: 1), b: Input(outGradients + i), bRow: block,
                        to: TileTarget(c: scoreGradients + i, row: block, accumulates: false, addend: nil))
                    scoreGradientBlock(
                        scores + i, scoreGradients + i, row: block, keys: seen, seenByAll: isDiagonal ? i + 1 : keys, most: load(most + i),
                        rowScale: load(rowScale + i), pull: load(pull + i), scale: scale)
                    laneProduct(
                        rows: width, depth: seen, a: TileRows(u.k + j0 * u.kvRow, row: 1, column: u.kvRow), b: Input(scoreGradients + i), bRow: block,
                        to: TileTarget(c: queryGradients + i, row: block, accumulates: j0 > 0, addend: nil))
                    i += 16
                }
                // Keys on the diagonal are seen from their own sixteen queries on.
                let step = isDiagonal ? 16 : keys
                var j = 0
                while j < keys {
                    let height = keys - j < step ? keys - j : step
                    let first = isDiagonal ? j : 0
                    let row = (j0 + j) * u.kvRow
                    let accumulates = !(isDiagonal && head == 0)
                    productPanels(
                        rows: height, columns: width, depth: rows - first,
                        a: TileRows(Input(scores + j * block + first), row: block, column: 1), b: Input(packedOutGradients + first * panelWidth),
                        bDepth: rows, to: TileTarget(c: dv + row, row: u.kvRow, accumulates: accumulates, addend: nil), scratch: corner)
                    productPanels(
                        rows: height, columns: width, depth: rows - first,
                        a: TileRows(Input(scoreGradients + j * block + first), row: block, column: 1), b: Input(packedQueries + first * panelWidth),
                        bDepth: rows, to: TileTarget(c: dk + row, row: u.kvRow, accumulates: accumulates, addend: nil), scratch: corner)
                    j += step
                }
                j0 += keys
            }
            transpose(Input(queryGradients), block, width, rows, dq + i0 * u.qRow + head * width, u.qRow)
            i0 += block
        }
        head += 1
    }
}

/// In place, over (keys, 16): scores become P, gradients become dS; zero where a lane does not see the key (see `softmaxBlock`).
@inline(never)
private func scoreGradientBlock(
    _ scores: Output, _ gradients: Output, row: Int, keys: Int, seenByAll: Int, most: Lanes, rowScale: Lanes, pull: Lanes, scale: Float
) {
    var j = 0
    while j < keys {
        var p = exponential(load(scores + j * row) - most) * rowScale
        if j >= seenByAll { p = hidden(p, below: j - seenByAll + 1, as: Lanes(repeating: 0)) }
        store(p, scores + j * row)
        store(p * (load(gradients + j * row) - pull) * scale, gradients + j * row)
        j += 1
    }
}

@inline(__always)
private func dot(_ a: Input, _ b: Input, _ count: Int) -> Float {
    var total = Lanes(repeating: 0)
    var i = 0
    while i + 16 <= count {
        total = fused(load(a + i), load(b + i), total)
        i += 16
    }
    if i < count { total = fused(load(a + i, count - i), load(b + i, count - i), total) }
    return sum(total)
}
