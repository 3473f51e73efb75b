import KernelTypes

/// AdamW with clipping, and the gradient cleared for the next step, in one sweep, with g = gradientScale * gradient at step t:
///   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   w = w (1 - lr decay) - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
/// Shapes: all (count).
/// Overwrites weight, mean, variance; gradient becomes 0.
/// Error of an update, in 2^-24: 4 (|b1 m| + |(1 - b1) g|) of m, 6 v of v, and of w 3 |w| and 16 times the step with the
/// terms of m positive. A gradient above 1e19 overflows v.
/// Source: Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2, in the order of torch.optim.AdamW.
func adamW(_ r: AdamWRange) {
    var i = 0
    while i + 16 <= r.count {
        let g = load(r.gradient + i) * r.gradientScale
        let m = r.beta1 * load(r.mean + i) + r.keep1 * g
        let v = r.beta2 * load(r.variance + i) + r.keep2 * g * g
        store(m, r.mean + i)
        store(v, r.variance + i)
        store(Lanes(repeating: 0), r.gradient + i)
        store(load(r.weight + i) * r.decay - r.stepSize * m / (v.squareRoot() * r.varianceScale + r.epsilon), r.weight + i)
        i += 16
    }
    while i < r.count {
        let g = r.gradient[i] * r.gradientScale
        let m = r.beta1 * r.mean[i] + r.keep1 * g
        let v = r.beta2 * r.variance[i] + r.keep2 * g * g
        r.mean[i] = m
        r.variance[i] = v
        r.gradient[i] = 0
        r.weight[i] = r.weight[i] * r.decay - r.stepSize * m / (v.squareRoot() * r.varianceScale + r.epsilon)
        i += 1
    }
}
