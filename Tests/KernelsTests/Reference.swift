import Foundation

/// Every kernel as plain loops in Double, written from the formulas and for reading alone. Where an error bound needs them, the
/// same sums with all terms positive come with the result as `size`.
enum Reference {
    /// C[i,j] = C[i,j] + sum_k A[i,k] B[k,j]; all dense and row-major. `fused` and `unfused` are the chains in Float that the
    /// kernels promise bit for bit.
    static func product(_ a: [Float], _ b: [Float], adding c: [Float], rows: Int, columns: Int, depth: Int)
        -> (values: [Double], size: [Double], fused: [Float], unfused: [Float])
    {
        var result = (values: [Double](), size: [Double](), fused: [Float](), unfused: [Float]())
        for i in 0..<rows {
            for j in 0..<columns {
                let start = c[i * columns + j]
                var (value, size, fused, unfused) = (Double(start), abs(Double(start)), start, start)
                for k in 0..<depth {
                    let (x, y) = (a[i * depth + k], b[k * columns + j])
                    value += Double(x) * Double(y)
                    size += abs(Double(x) * Double(y))
                    fused.addProduct(x, y)
                    unfused += x * y
                }
                result.values.append(value)
                result.size.append(size)
                result.fused.append(fused)
                result.unfused.append(unfused)
            }
        }
        return result
    }

    static func normForward(x: [Double], weight: [Double], rows: Int, epsilon: Double) -> (y: [Double], r: [Double]) {
        let width = weight.count
        var y: [Double] = [], r: [Double] = []
        for t in 0..<rows {
            var squares = 0.0
            for d in 0..<width { squares += x[t * width + d] * x[t * width + d] }
            r.append(1 / (squares / Double(width) + epsilon).squareRoot())
            for d in 0..<width { y.append(x[t * width + d] * r[t] * weight[d]) }
        }
        return (y, r)
    }

    /// dx[t,d] = r (g[t,d] - x[t,d] r^2 mean_d(g x)) with g = dy * weight;  dw[d] = sum_t dy[t,d] x[t,d] r[t]
    static func normBackward(x: [Double], weight: [Double], r: [Double], dy: [Double])
        -> (dx: [Double], dxSize: [Double], dWeight: [Double], dWeightSize: [Double])
    {
        let width = weight.count
        var dx: [Double] = [], dxSize: [Double] = []
        var dWeight = [Double](repeating: 0, count: width), dWeightSize = dWeight
        for t in r.indices {
            var mean = 0.0, meanSize = 0.0
            for d in 0..<width {
                let term = dy[t * width + d] * weight[d] * x[t * width + d] / Double(width)
                mean += term
                meanSize += abs(term)
            }
            for d in 0..<width {
                let at = t * width + d
                dx.append(r[t] * (dy[at] * weight[d] - x[at] * r[t] * r[t] * mean))
                dxSize.append(r[t] * (abs(dy[at] * weight[d]) + abs(x[at]) * r[t] * r[t] * meanSize))
                dWeight[d] += dy[at] * x[at] * r[t]
                dWeightSize[d] += abs(dy[at] * x[at] * r[t])
            }
        }
        return (dx, dxSize, dWeight, dWeightSize)
    }

    /// Turns by angles whose cosines and sines are given as (positions, headWidth / 2); row t stands at position t.
    static func rotate(_ x: [Double], rows: Int, heads: Int, headWidth: Int, cosine: [Double], sine: [Double], isBackward: Bool)
        -> (values: [Double], size: [Double])
    {
        var values = x, size = x
        let half = headWidth / 2
        for t in 0..<rows {
            for head in 0..<heads {
                for i in 0..<half {
                    let low = (t * heads + head) * headWidth + i
                    let high = low + half
                    let c = cosine[t * half + i]
                    let s = isBackward ? -sine[t * half + i] : sine[t * half + i]
                    values[low] = x[low] * c - x[high] * s
                    values[high] = x[high] * c + x[low] * s
                    size[low] = abs(x[low] * c) + abs(x[high] * s)
                    size[high] = abs(x[high] * c) + abs(x[low] * s)
                }
            }
        }
        return (values, size)
    }

    /// SwiGLU and its gradients.
    static func gate(_ g: Double, _ u: Double) -> Double { g / (1 + exp(-g)) * u }

    static func gateGradient(_ g: Double, _ u: Double, _ d: Double) -> (gate: Double, up: Double) {
        let s = 1 / (1 + exp(-g))
        return (d * u * (s + g * s * (1 - s)), d * g * s)
    }

    /// Loss in nats, the sum of exp(logit - largest), and the gradient of the loss.
    static func crossEntropy(_ logits: [Double], target: Int) -> (loss: Double, sum: Double, gradient: [Double]) {
        let largest = logits.max() ?? 0
        let sum = logits.reduce(0) { $0 + exp($1 - largest) }
        let gradient = logits.indices.map { exp(logits[$0] - largest) / sum - ($0 == target ? 1 : 0) }
        return (log(sum) + largest - logits[target], sum, gradient)
    }

    /// One step of AdamW on one number, as in the paper; `size` is that of the step with the terms of the mean positive.
    static func adamW(
        weight: Double, gradient: Double, mean: Double, variance: Double, step: Int, learningRate: Double, beta1: Double, beta2: Double,
        epsilon: Double, decay: Double
    ) -> (weight: Double, mean: Double, variance: Double, size: Double) {
        let m = beta1 * mean + (1 - beta1) * gradient
        let v = beta2 * variance + (1 - beta2) * gradient * gradient
        let denominator = (v / (1 - pow(beta2, Double(step)))).squareRoot() + epsilon
        let rate = learningRate / (1 - pow(beta1, Double(step)))
        let size = rate * (abs(beta1 * mean) + abs((1 - beta1) * gradient)) / denominator
        return (weight * (1 - learningRate * decay) - rate * m / denominator, m, v, size)
    }

    /// Slope of `f` along one coordinate by central differences; for |x| near 1 and smooth f right to about 1e-9.
    static func slope(_ f: ([Double]) -> Double, at x: [Double], _ index: Int, step: Double = 1e-5) -> Double {
        var above = x, below = x
        above[index] += step
        below[index] -= step
        return (f(above) - f(below)) / (2 * step)
    }
}
