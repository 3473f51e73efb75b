import KernelTypes

// Queries lie across the sixteen lanes, so that maxima, sums and the causal bound are taken lane by lane, alike on every instruction
// set. Scores of a block of keys: (keys, queries). P: probabilities, D[i] = dOut[i] . out[i].

/// Vectors of a register tile that make sixteen lanes.
private let laneVectors = 16 / vectorWidth
/// Sixteen-lane groups of queries that a register tile takes at once.
private let laneGroups = panelWidth / 16

/// Causal attention: out[i] = sum_{j<=i} p[i,j] v[j],  p[i] = softmax_j(q[i] . k[j] / sqrt(headWidth)), j <= i
/// With `past` tokens before the queries j goes to past + i: the bits of those rows of the whole sequence.
/// Shapes and layout: see `AttentionUnit`. The softmax goes along the keys by blocks: the scores never stand in memory together.
/// Writes out, rowMax and rowScale. Scratch does not depend on the length.
/// A NaN or infinity in v[j] reaches out[i] for i >= j, and may reach the queries before j in its group of 16, with AVX-512 of 32, as 0 * NaN.
/// Error for scaled scores up to 30 and some hundred tokens: at most 2e-6 of the largest |v|; rowMax 5e-6, rowScale relative 5e-6.
/// Source: Vaswani et al. 2017, eq. 1; online softmax: Milakov & Gimelshein 2018, arXiv 1805.02867, algorithm 3, and Dao et al. 2022,
/// arXiv 2205.14135, algorithm 1; grouped query heads: Ainslie et al. 2023, arXiv 2305.13245.
func attentionForward(_ u: AttentionUnit) {
    let width = u.headWidth
    let queries = u.scratch
    let sums = queries + panelWidth * width
    let scores = sums + panelWidth * width
    let most = scores + panelWidth * AttentionUnit.keyBlock, total = most + panelWidth
    let scale = 1 / Float(width).squareRoot()
    var head = 0
    while head < u.group {
        var i0 = 0
        while i0 < u.length {
            let rows = u.length - i0 < panelWidth ? u.length - i0 : panelWidth
            let groups = (rows + 15) / 16
            let lanes = 16 * groups
            packLanes(u.q + i0 * u.qRow + head * width, u.qRow, rows: rows, width: width, scale: scale, to: queries, row: lanes)
            var g = 0
            while g < lanes {
                store(Lanes(repeating: -Float.greatestFiniteMagnitude), most + g)
                store(Lanes(repeating: 0), total + g)
                g += 16
            }
            let limit = u.past + i0 + rows
            var j0 = 0
            while j0 < limit {
                let keys = limit - j0 < AttentionUnit.keyBlock ? limit - j0 : AttentionUnit.keyBlock
                laneProduct(
                    groups, rows: keys, depth: width, a: TileRows(u.k + j0 * u.kvRow, row: u.kvRow, column: 1), b: Input(queries), bRow: lanes,
                    to: TileTarget(c: scores, row: lanes, accumulates: false, addend: nil))
                g = 0
                while g < lanes {
                    // Keys up to the group's first query are seen by all its lanes.
                    let correction = softmaxBlock(scores + g, row: lanes, keys: keys, seenByAll: u.past + i0 + g - j0 + 1, most: most + g, total: total + g)
                    if j0 > 0 { scaleLanes(sums + g, row: lanes, count: width, by: correction) }
                    g += 16
                }
                laneProduct(
                    groups, rows: width, depth: keys, a: TileRows(u.v + j0 * u.kvRow, row: 1, column: u.kvRow), b: Input(scores), bRow: lanes,
                    to: TileTarget(c: sums, row: lanes, accumulates: j0 > 0, addend: nil))
                j0 += keys
            }
            let at = head * u.length + i0
            g = 0
            while g < lanes {
                let inverse = 1 / load(total + g)
                scaleLanes(sums + g, row: lanes, count: width, by: inverse)
                if rows - g >= 16 {
                    store(load(most + g), u.rowMax + at + g)
                    store(inverse, u.rowScale + at + g)
                } else {
                    store(load(most + g), u.rowMax + at + g, rows - g)
                    store(inverse, u.rowScale + at + g, rows - g)
                }
                g += 16
            }
            transpose(Input(sums), lanes, width, rows, u.out + i0 * u.outRow + head * width, u.outRow)
            i0 += panelWidth
        }
        head += 1
    }
}

/// One block of the online softmax: the scores (keys, 16), rows `row` apart, become e^(score - most), with `most` and `total` brought up to date.
/// Key j is seen by all lanes below `seenByAll`, then by one lane less each. Returns what earlier sums have to be multiplied by.
@inline(never)
private func softmaxBlock(_ scores: Output, row: Int, keys: Int, seenByAll: Int, most: Output, total: Output) -> Lanes {
    let past = load(most)
    let lowest = Lanes(repeating: -Float.greatestFiniteMagnitude)
    let open = keys < seenByAll ? keys : seenByAll
    var best = past
    var other = lowest
    var j = 0
    while j + 2 <= open {
        best = larger(best, load(scores + row * j))
        other = larger(other, load(scores + row * (j + 1)))
        j += 2
    }
    while j < keys {
        best = larger(best, hidden(load(scores + row * j), below: j - seenByAll + 1, as: lowest))
        j += 1
    }
    best = larger(best, other)
    var (sums, others) = (Lanes(repeating: 0), Lanes(repeating: 0))
    j = 0
    while j < keys {
        var e = exponential(load(scores + row * j) - best)
        if j >= open { e = hidden(e, below: j - seenByAll + 1, as: Lanes(repeating: 0)) }
        store(e, scores + row * j)
        (sums, others) = (others, sums + e)
        j += 1
    }
    let correction = exponential(past - best)
    store(fused(load(total), correction, sums + others), total)
    store(best, most)
    return correction
}

/// Lanes 0 ..< count become `value`. (Compared as floats: whole numbers go lane by lane.)
@inline(__always)
private func hidden(_ x: Lanes, below count: Int, as value: Lanes) -> Lanes {
    let index = Lanes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    return x.replacing(with: value, where: index .< Lanes(repeating: Float(count)))
}

@inline(__always)
private func scaleLanes(_ x: Output, row: Int, count: Int, by factor: Lanes) {
    var d = 0
    while d < count {
        store(load(x + row * d) * factor, x + row * d)
        d += 1
    }
}

/// A product whose columns are the lanes of one or more groups of queries.
@inline(__always)
private func laneProduct(_ groups: Int, rows: Int, depth: Int, a: TileRows, b: Input, bRow: Int, to target: TileTarget) {
    (groups * laneVectors == 2 ? widePanel : narrowPanel)(rows, depth, a, b, bRow, b, target)
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
                    let groups = laneGroups == 1 || rows - i <= 16 ? 1 : laneGroups
                    let lanes = 16 * groups
                    // In the block on the diagonal queries see the keys up to the last of them.
                    let seen = isDiagonal && i + lanes < keys ? i + lanes : keys
                    laneProduct(
                        groups, rows: seen, depth: width, a: TileRows(u.k + j0 * u.kvRow, row: u.kvRow, column: 1), b: Input(queries + i), bRow: block,
                        to: TileTarget(c: scores + i, row: block, accumulates: false, addend: nil))
                    laneProduct(
                        groups, rows: seen, depth: width, a: TileRows(u.v + j0 * u.kvRow, row: u.kvRow, column: 1), b: Input(outGradients + i), bRow: block,
                        to: TileTarget(c: scoreGradients + i, row: block, accumulates: false, addend: nil))
                    var g = i
                    while g < i + lanes {
                        scoreGradientBlock(
                            scores + g, scoreGradients + g, row: block, keys: seen, seenByAll: isDiagonal ? g + 1 : keys, most: load(most + g),
                            rowScale: load(rowScale + g), pull: load(pull + g), scale: scale)
                        g += 16
                    }
                    laneProduct(
                        groups, rows: width, depth: seen, a: TileRows(u.k + j0 * u.kvRow, row: 1, column: u.kvRow), b: Input(scoreGradients + i),
                        bRow: block, to: TileTarget(c: queryGradients + i, row: block, accumulates: j0 > 0, addend: nil))
                    i += lanes
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
