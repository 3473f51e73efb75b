import Kernels

/// A mean over repetitions, with its interval.
public struct Estimate: Sendable, Hashable {
    /// Probability with which an interval covers the true mean.
    public static let level = 0.95

    public let mean: Double
    /// Sample standard deviation (divisor n-1), nil for one value.
    public let standardDeviation: Double?
    /// Ends of the 95 % interval, nil for one value.
    public let interval: ClosedRange<Double>?
    /// Whether the interval is the mean ± t(n-1) * sd / sqrt(n); that of a bootstrap is not symmetric.
    public let isSymmetric: Bool
    /// Number of values.
    public let count: Int

    /// How an interval is found.
    public enum Method: Sendable, Hashable {
        case studentT
        /// Percentiles of the means of resamples (`Bootstrap`).
        case bootstrap(seed: Int)
    }

    /// The mean of the values that are there; NaN stands for a missing value. nil when all are missing.
    public init?(_ values: [Double], _ method: Method = .studentT) {
        let values = values.filter { !$0.isNaN }
        guard let first = values.first else { return nil }
        count = values.count
        let n = Double(values.count)
        // Taken from the first value, so that equal values have exactly that mean and no spread.
        let mean = values.allSatisfy(\.isFinite) ? first + values.reduce(0) { $0 + ($1 - first) } / n : values.reduce(0, +) / n
        self.mean = mean
        isSymmetric = method == .studentT
        guard values.count > 1, mean.isFinite else {
            (standardDeviation, interval) = (nil, nil)
            return
        }
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot()
        standardDeviation = deviation
        switch method {
        case .studentT:
            let half = StudentT.factor95(count: count) * deviation / n.squareRoot()
            interval = mean - half...mean + half
        case .bootstrap(let seed): interval = Bootstrap.interval(values, seed: seed)
        }
    }

    /// exp of the mean loss, and of the ends of its interval. `perplexities` are those of the repetitions, NaN for a missing one.
    init?(perplexities: [Double], _ method: Method = .studentT) {
        guard let losses = Estimate(perplexities.map { $0.isFinite ? ExactMath.log($0) : $0 }, method) else { return nil }
        func perplexity(_ loss: Double) -> Double { PublishedFile.perplexity(ofLoss: loss) }
        (mean, count, standardDeviation, isSymmetric) = (perplexity(losses.mean), losses.count, nil, false)
        interval = losses.interval.map { perplexity($0.lowerBound)...perplexity($0.upperBound) }
    }

    /// Half the width of a symmetric interval, nil for one value.
    public var halfWidth: Double? { isSymmetric ? interval.map { ($0.upperBound - $0.lowerBound) / 2 } : nil }
}
