import KernelTypes

/// Softmax cross-entropy of one row: loss = log(sum_j e^(x[j] - m)) - (x[target] - m), m = max_j x[j]; the caller takes the
/// logarithm. The logits become gradientScale * (softmax - onehot(target)); with gradientScale 0 they stay as they are.
/// Shapes: logits (count), count >= 1; 0 <= target < count.
/// Error: of the sum, at most (count / 16 + 10) 2^-24 relative; of the gradient, at most (count / 16 + 16) 2^-24 gradientScale.
/// A NaN or +infinity among the logits gives a sum or a largest that is not finite.
func crossEntropyRow(_ logits: Output, _ count: Int, _ target: Int, _ gradientScale: Float) -> CrossEntropyRow {
    let lowest = -Float.greatestFiniteMagnitude
    var best = Lanes(repeating: lowest)
    var j = 0
    while j + 16 <= count {
        best = larger(best, load(logits + j))
        j += 16
    }
    if j < count { best = larger(best, load(Input(logits + j), count - j, fill: lowest)) }
    let most = largest(best)
    var bestIndex = 0
    while bestIndex < count - 1, logits[bestIndex] != most { bestIndex += 1 }
    let targetLogit = logits[target]
    var total = Lanes(repeating: 0)
    j = 0
    while j + 16 <= count {
        let e = exponential(load(logits + j) - most)
        if gradientScale != 0 { store(e, logits + j) }
        total += e
        j += 16
    }
    if j < count {
        let left = count - j
        var e = exponential(load(Input(logits + j), left) - most)
        if gradientScale != 0 { store(e, logits + j, left) }
        var i = left
        while i < 16 {
            e[i] = 0
            i += 1
        }
        total += e
    }
    let all = sum(total)
    if gradientScale != 0 {
        let factor = gradientScale / all
        j = 0
        while j < count {
            logits[j] *= factor
            j += 1
        }
        logits[target] -= gradientScale
    }
    return CrossEntropyRow(largest: most, sum: all, target: targetLogit, best: bestIndex)
}
