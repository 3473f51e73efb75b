/// Two arms compared pair by pair: same seed, same order of the tasks.
public struct PairedComparison: Sendable, Hashable {
    /// Of the differences, first arm minus second: mean, 95 % interval, number of pairs.
    public let difference: Estimate
    /// Of the sign-flip test, before any correction.
    public let test: SignFlipTest
    /// p after correction for all comparisons of a table; `Holm` sets it.
    public var correctedP: Double

    /// nil when no pair has both values; NaN stands for a missing value.
    public init?(_ pairs: [(Double, Double)], _ method: Estimate.Method = .studentT) {
        let differences = pairs.map { $0 - $1 }.filter(\.isFinite)
        guard let difference = Estimate(differences, method) else { return nil }
        self.difference = difference
        test = SignFlipTest(differences)
        correctedP = test.p
    }
}
