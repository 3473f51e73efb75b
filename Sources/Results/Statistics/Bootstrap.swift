import Kernels

/// The percentile bootstrap of a mean.
/// Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
public enum Bootstrap {
    /// Up to so many resamples all of them are taken, each once: n^n for n values, so that five values need no chance.
    public static let exactLimit = 3125
    /// Random resamples beyond that.
    public static let resampleCount = 10_000

    /// Ends of the 95 % interval of the mean.
    ///
    /// Random resamples: value `RandomStream(seed:, "bootstrap").below(n)` for each of the n places, resample after resample.
    /// Percentiles lie between neighbours as in `numpy.quantile(method="linear")`.
    /// - `values`: two or more, finite.
    public static func interval(_ values: [Double], seed: Int) -> ClosedRange<Double> {
        let n = values.count
        var exactCount = 1
        for _ in values where exactCount <= exactLimit { exactCount *= n }
        var means: [Double] = []
        if exactCount <= exactLimit {
            for code in 0..<exactCount {
                var (sum, rest) = (0.0, code)
                for _ in 0..<n {
                    sum += values[rest % n]
                    rest /= n
                }
                means.append(sum / Double(n))
            }
        } else {
            var random = RandomStream(seed: seed, "bootstrap")
            for _ in 0..<resampleCount {
                var sum = 0.0
                for _ in 0..<n { sum += values[random.below(n)] }
                means.append(sum / Double(n))
            }
        }
        means.sort()
        let tail = (1 - Estimate.level) / 2
        return quantile(means, tail)...quantile(means, 1 - tail)
    }

    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        guard below + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[below] + (sorted[below + 1] - sorted[below]) * (place - Double(below))
    }
}
