import KernelTypes

/// Causal attention: out[i] = sum_{j<=i} p[i,j] v[j],  p[i] = softmax_j(q[i] . k[j] / sqrt(headWidth)), j <= i
/// Shapes and layout: see `AttentionUnit`.
/// Writes out, rowMax and rowScale. Scratch is linear in the length.
/// Error for scaled scores up to 30 and some hundred tokens: at most 2e-6 of the largest |v|; rowMax 5e-6, rowScale relative 5e-6.
/// Source: Vaswani et al. 2017, eq. 1; grouped query heads: Ainslie et al. 2023, arXiv 2305.13245.
func attentionForward(_ u: AttentionUnit) {
    let padded = (u.length + panelWidth - 1) / panelWidth * panelWidth
    let keys = u.scratch
    let scores = u.scratch + 2 * padded * u.headWidth
    let inner = scores + 2 * AttentionUnit.queryBlock * padded
    packTransposed(u.k, u.kvRow, u.length, u.headWidth, keys)
    let scale = 1 / Float(u.headWidth).squareRoot()
    var head = 0
    while head < u.group {
        var i0 = 0
        while i0 < u.length {
            let rows = u.length - i0 < AttentionUnit.queryBlock ? u.length - i0 : AttentionUnit.queryBlock
            let seen = i0 + rows
            product(
                Product(
                    rows: rows, columns: seen, depth: u.headWidth, a: u.q + i0 * u.qRow + head * u.headWidth, aRow: u.qRow, aColumn: 1,
                    b: Input(keys), bRow: 0, isPacked: true, c: scores, cRow: padded, accumulates: false, scratch: inner))
            var i = 0
            while i < rows {
                let row = scores + i * padded
                let (most, total) = softmaxRow(row, visible: i0 + i + 1, width: seen, scale: scale)
                u.rowMax[head * u.length + i0 + i] = most
                u.rowScale[head * u.length + i0 + i] = 1 / total
                i += 1
            }
            let out = u.out + i0 * u.qRow + head * u.headWidth
            product(
                Product(
                    rows: rows, columns: u.headWidth, depth: seen, a: Input(scores), aRow: padded, aColumn: 1,
                    b: u.v, bRow: u.kvRow, isPacked: false, c: out, cRow: u.qRow, accumulates: false, scratch: inner))
            i = 0
            while i < rows {
                let factor = u.rowScale[head * u.length + i0 + i]
                var d = 0
                while d < u.headWidth {
                    out[i * u.qRow + d] *= factor
                    d += 1
                }
                i += 1
            }
            i0 += rows
        }
        head += 1
    }
}

/// Turns raw scores into exp(scale * score - largest), zero beyond `visible`. Returns the largest scaled score and the sum.
@inline(__always)
func softmaxRow(_ row: Output, visible: Int, width: Int, scale: Float) -> (most: Float, total: Float) {
    let lowest = -Float.greatestFiniteMagnitude
    var best = Lanes(repeating: lowest)
    var j = 0
    while j + 16 <= visible {
        best = larger(best, load(row + j))
        j += 16
    }
    if j < visible { best = larger(best, load(Input(row + j), visible - j, fill: lowest)) }
    let most = largest(best) * scale
    var total = Lanes(repeating: 0)
    j = 0
    while j + 16 <= visible {
        let e = exponential(load(row + j) * scale - most)
        store(e, row + j)
        total += e
        j += 16
    }
    if j < visible {
        let e = exponential(load(Input(row + j), visible - j) * scale - most)
        store(e, row + j, visible - j)
        var kept = Lanes(repeating: 0)
        var i = 0
        while i < visible - j {
            kept[i] = e[i]
            i += 1
        }
        total += kept
        j = visible
    }
    while j < width {
        row[j] = 0
        j += 1
    }
    return (most, sum(total))
}

/// Backward of attention: recomputes p, then, with D[i] = dOut[i] . out[i] and ds = p (dOut v^T - D) / sqrt(headWidth),
///   dv[j] += sum_i p[i,j] dOut[i],   dq[i] = sum_j ds[i,j] k[j],   dk[j] += sum_i ds[i,j] q[i]
/// Shapes and layout: see `AttentionUnit`.
/// Writes dq; adds to dk and dv.
/// Error in the same range: at most 2e-6 of the largest element that each would have, were all terms of its sums positive.
/// Source: Dao et al. 2022, arXiv 2205.14135, appendix B.2.
func attentionBackward(_ u: AttentionUnit) {
    guard let dOut = u.dOut, let dq = u.dq, let dk = u.dk, let dv = u.dv else { return }
    let padded = (u.length + panelWidth - 1) / panelWidth * panelWidth
    let keys = u.scratch
    let values = keys + padded * u.headWidth
    let p = values + padded * u.headWidth
    let ds = p + AttentionUnit.queryBlock * padded
    let inner = ds + AttentionUnit.queryBlock * padded
    packTransposed(u.k, u.kvRow, u.length, u.headWidth, keys)
    packTransposed(u.v, u.kvRow, u.length, u.headWidth, values)
    let scale = 1 / Float(u.headWidth).squareRoot()
    var head = 0
    while head < u.group {
        var i0 = 0
        while i0 < u.length {
            let rows = u.length - i0 < AttentionUnit.queryBlock ? u.length - i0 : AttentionUnit.queryBlock
            let seen = i0 + rows
            let offset = i0 * u.qRow + head * u.headWidth
            product(
                Product(
                    rows: rows, columns: seen, depth: u.headWidth, a: u.q + offset, aRow: u.qRow, aColumn: 1,
                    b: Input(keys), bRow: 0, isPacked: true, c: p, cRow: padded, accumulates: false, scratch: inner))
            product(
                Product(
                    rows: rows, columns: seen, depth: u.headWidth, a: dOut + offset, aRow: u.qRow, aColumn: 1,
                    b: Input(values), bRow: 0, isPacked: true, c: ds, cRow: padded, accumulates: false, scratch: inner))
            var i = 0
            while i < rows {
                let at = head * u.length + i0 + i
                let meanPull = dot(dOut + offset + i * u.qRow, Input(u.out + offset + i * u.qRow), u.headWidth)
                scoreGradientRow(
                    p + i * padded, ds + i * padded, visible: i0 + i + 1, width: seen, scale: scale,
                    most: u.rowMax[at], rowScale: u.rowScale[at], pull: meanPull)
                i += 1
            }
            product(
                Product(
                    rows: seen, columns: u.headWidth, depth: rows, a: Input(p), aRow: 1, aColumn: padded,
                    b: dOut + offset, bRow: u.qRow, isPacked: false, c: dv, cRow: u.kvRow, accumulates: true, scratch: inner))
            product(
                Product(
                    rows: rows, columns: u.headWidth, depth: seen, a: Input(ds), aRow: padded, aColumn: 1,
                    b: u.k, bRow: u.kvRow, isPacked: false, c: dq + offset, cRow: u.qRow, accumulates: false, scratch: inner))
            product(
                Product(
                    rows: seen, columns: u.headWidth, depth: rows, a: Input(ds), aRow: 1, aColumn: padded,
                    b: u.q + offset, bRow: u.qRow, isPacked: false, c: dk, cRow: u.kvRow, accumulates: true, scratch: inner))
            i0 += rows
        }
        head += 1
    }
}

/// In place: row becomes the probabilities, gradient becomes scale * p * (gradient - pull); zeros beyond `visible`.
@inline(__always)
func scoreGradientRow(
    _ row: Output, _ gradient: Output, visible: Int, width: Int, scale: Float, most: Float, rowScale: Float, pull: Float
) {
    var j = 0
    while j + 16 <= visible {
        let e = exponential(load(row + j) * scale - most) * rowScale
        store(e, row + j)
        store(e * (load(gradient + j) - pull) * scale, gradient + j)
        j += 16
    }
    if j < visible {
        let left = visible - j
        let e = exponential(load(Input(row + j), left) * scale - most) * rowScale
        store(e, row + j, left)
        store(e * (load(Input(gradient + j), left) - pull) * scale, gradient + j, left)
        j = visible
    }
    while j < width {
        row[j] = 0
        gradient[j] = 0
        j += 1
    }
}

@inline(__always)
func dot(_ a: Input, _ b: Input, _ count: Int) -> Float {
    var total = Lanes(repeating: 0)
    var i = 0
    while i + 16 <= count {
        total = fused(load(a + i), load(b + i), total)
        i += 16
    }
    if i < count { total = fused(load(a + i, count - i), load(b + i, count - i), total) }
    return sum(total)
}
