/// A mean over repetitions, with its interval.
public struct Estimate: Sendable, Hashable {
    /// Probability with which an interval covers the true mean.
    public static let level = 0.95

    public let mean: Double
    /// Sample standard deviation (divisor n-1), nil for one value.
    public let standardDeviation: Double?
    /// Half the width of the 95 % interval: t(n-1) * sd / sqrt(n), nil for one value.
    public let halfWidth: Double?
    /// Number of values.
    public let count: Int

    /// The mean of the values that are there; NaN stands for a missing value. nil when all are missing.
    public init?(_ values: [Double]) {
        let values = values.filter { !$0.isNaN }
        guard let first = values.first else { return nil }
        count = values.count
        let n = Double(values.count)
        // Taken from the first value, so that equal values have exactly that mean and no spread.
        let mean = values.allSatisfy(\.isFinite) ? first + values.reduce(0) { $0 + ($1 - first) } / n : values.reduce(0, +) / n
        self.mean = mean
        guard values.count > 1, mean.isFinite else {
            (standardDeviation, halfWidth) = (nil, nil)
            return
        }
        let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot()
        standardDeviation = deviation
        let factor = StudentT.quantile(upperTail: (1 - Estimate.level) / 2, degreesOfFreedom: n - 1)
        halfWidth = factor * deviation / n.squareRoot()
    }

    /// Ends of the interval, nil for one value.
    public var interval: ClosedRange<Double>? { halfWidth.map { mean - $0...mean + $0 } }
}
