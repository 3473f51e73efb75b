/// Measurements of one thing, repeated.
public struct Sample: Sendable, Hashable {
    public var values: [Double]

    public init(_ values: [Double]) {
        precondition(!values.isEmpty, "a sample of nothing has no median")
        self.values = values
    }

    /// The middle one, or the mean of the two in the middle.
    public var median: Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    public var minimum: Double { values.reduce(.infinity, min) }
}
