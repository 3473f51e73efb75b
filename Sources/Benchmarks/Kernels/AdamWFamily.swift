import Kernels
import KernelTypes

/// The update of AdamW.
enum AdamWFamily: KernelFamily {
    static let name = "adamw"

    private static let (beta1, beta2, epsilon, rate, decay, clip) = (0.9, 0.95, 1e-8, 1e-3, 0.1, 0.5)

    private final class Tensor {
        let weight: FloatBuffer, gradient: FloatBuffer, mean: FloatBuffer, variance: FloatBuffer

        init(count: Int) {
            (weight, gradient, mean, variance) = (.random(count, "weight"), .random(count, "gradient"), FloatBuffer(count), FloatBuffer(count))
        }

        /// The first update.
        func update(_ compute: Compute) {
            compute.adamW(
                AdamWRange(
                    count: weight.count, weight: weight.base, gradient: gradient.base, mean: mean.base, variance: variance.base,
                    gradientScale: Float(clip), beta1: beta1, beta2: beta2, epsilon: Float(epsilon), stepSize: Float(rate / (1 - beta1)),
                    varianceScale: Float(1 / (1 - beta2).squareRoot()), decay: Float(1 - rate * decay)))
        }
    }

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        let t = Tensor(count: 16_411)
        let before = zip(t.weight.doubles, t.gradient.doubles.map { $0 * clip })
        t.update(compute)
        try expect("AdamW, mean", t.mean, before.map { _, g in (1 - beta1) * g })
        try expect("AdamW, variance", t.variance, before.map { _, g in (1 - beta2) * g * g })
        // The corrections make the first step one of the rate against the gradient's sign.
        try expect("AdamW, weight", t.weight, before.map { w, g in w * (1 - rate * decay) - rate * g / (abs(g) + epsilon) })
    }

    static var cases: [KernelCase] {
        [64 * 172, 512 * 1376, 6_852_864].map { count in
            // Reads weight, gradient, mean and variance; writes all but the gradient.
            KernelCase(kernel: "AdamW", size: "\(count)", work: .bytes(Double(28 * count), workingSet: 16 * count)) { compute, _ in
                let t = Tensor(count: count)
                return KernelCase.Calls(vary: t.gradient.vary, run: { t.update(compute) })
            }
        }
    }
}
