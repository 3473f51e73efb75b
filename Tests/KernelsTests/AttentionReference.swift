import Foundation

/// Causal attention with grouped query heads as plain loops in Double. Layouts are those of `AttentionTensors`.
struct AttentionReference {
    var batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int

    var qCount: Int { batch * length * heads * headWidth }
    var kvCount: Int { batch * length * keyValueHeads * headWidth }

    private func qAt(_ b: Int, _ h: Int, _ t: Int) -> Int { ((b * length + t) * heads + h) * headWidth }
    private func kvAt(_ b: Int, _ h: Int, _ t: Int) -> Int { ((b * length + t) * keyValueHeads + h / (heads / keyValueHeads)) * headWidth }

    private func dot(_ x: [Double], _ i: Int, _ y: [Double], _ j: Int) -> Double {
        var sum = 0.0
        for d in 0..<headWidth { sum += x[i + d] * y[j + d] }
        return sum
    }

    /// Scaled scores of a row, up to itself.
    private func scores(_ q: [Double], _ k: [Double], _ b: Int, _ h: Int, _ i: Int) -> [Double] {
        (0...i).map { dot(q, qAt(b, h, i), k, kvAt(b, h, $0)) / Double(headWidth).squareRoot() }
    }

    private func softmax(_ scores: [Double]) -> [Double] {
        let largest = scores.max() ?? 0
        let e = scores.map { exp($0 - largest) }
        let sum = e.reduce(0, +)
        return e.map { $0 / sum }
    }

    /// The output, and each row's largest score and 1 / sum of exp(score - largest), (batch, heads, length).
    func forward(q: [Double], k: [Double], v: [Double]) -> (out: [Double], rowMax: [Double], rowScale: [Double]) {
        var out = [Double](repeating: 0, count: qCount), rowMax: [Double] = [], rowScale: [Double] = []
        for b in 0..<batch {
            for h in 0..<heads {
                for i in 0..<length {
                    let scores = scores(q, k, b, h, i)
                    let largest = scores.max() ?? 0
                    rowMax.append(largest)
                    rowScale.append(1 / scores.reduce(0) { $0 + exp($1 - largest) })
                    for (j, p) in softmax(scores).enumerated() {
                        for d in 0..<headWidth { out[qAt(b, h, i) + d] += p * v[kvAt(b, h, j) + d] }
                    }
                }
            }
        }
        return (out, rowMax, rowScale)
    }

    struct Gradients {
        var dq: [Double], dk: [Double], dv: [Double]
        /// The largest element of each, had all terms of its sum been positive.
        var dqSize = 0.0, dkSize = 0.0, dvSize = 0.0
    }

    func backward(q: [Double], k: [Double], v: [Double], dOut: [Double]) -> Gradients {
        let zeros = [Double](repeating: 0, count: kvCount)
        var result = Gradients(dq: [Double](repeating: 0, count: qCount), dk: zeros, dv: zeros)
        var (dqSize, dkSize, dvSize) = (result.dq, zeros, zeros)
        let scale = 1 / Double(headWidth).squareRoot()
        for b in 0..<batch {
            for h in 0..<heads {
                for i in 0..<length {
                    let p = softmax(scores(q, k, b, h, i))
                    let dp = (0...i).map { dot(dOut, qAt(b, h, i), v, kvAt(b, h, $0)) }
                    var mean = 0.0, meanSize = 0.0
                    for j in 0...i {
                        mean += p[j] * dp[j]
                        meanSize += p[j] * abs(dp[j])
                    }
                    for j in 0...i {
                        let ds = p[j] * (dp[j] - mean) * scale
                        let dsSize = p[j] * (abs(dp[j]) + meanSize) * scale
                        let (at, from) = (qAt(b, h, i), kvAt(b, h, j))
                        for d in 0..<headWidth {
                            result.dv[from + d] += p[j] * dOut[at + d]
                            result.dq[at + d] += ds * k[from + d]
                            result.dk[from + d] += ds * q[at + d]
                            dvSize[from + d] += p[j] * abs(dOut[at + d])
                            dqSize[at + d] += dsSize * abs(k[from + d])
                            dkSize[from + d] += dsSize * abs(q[at + d])
                        }
                    }
                }
            }
        }
        (result.dqSize, result.dkSize, result.dvSize) = (dqSize.max() ?? 0, dkSize.max() ?? 0, dvSize.max() ?? 0)
        return result
    }
}
