import Kernels

/// The two-sided sign-flip permutation test of paired differences: were the arms alike, each difference would be as likely with the
/// other sign. p is the share of sign patterns whose mean is at least as far from 0 as the one found.
/// Source: Fisher 1935, The Design of Experiments, section 21.
public struct SignFlipTest: Sendable, Hashable {
    /// Up to so many differences all sign patterns are counted; beyond, random ones are drawn.
    public static let exactLimit = 16
    public static let resampleCount = 99_999

    public let p: Double
    /// Whether all patterns were counted.
    public let isExact: Bool

    /// - Parameters:
    ///   - differences: one or more, finite.
    ///   - seed: of the random patterns; `RandomStream(seed:, "sign-flip")`, bit i of a word for difference i, a new word after 64.
    ///     The pattern that was found is counted with them, so that p is never 0 (Phipson & Smyth 2010).
    public init(_ differences: [Double], seed: Int = 0) {
        let n = differences.count
        let total = differences.reduce(0, +)
        // Sums that differ by rounding alone are the same.
        let least = abs(total) - 1e-12 * differences.reduce(0) { $0 + abs($1) }
        isExact = n <= SignFlipTest.exactLimit
        var count = 0
        if isExact {
            // sums[pattern]: the differences whose bit is set. Flipping them takes twice their sum away.
            var sums = [0.0]
            sums.reserveCapacity(1 << n)
            for difference in differences { for index in 0..<sums.count { sums.append(sums[index] + difference) } }
            for sum in sums where abs(total - 2 * sum) >= least { count += 1 }
            p = Double(count) / Double(sums.count)
        } else {
            var random = RandomStream(seed: seed, "sign-flip")
            for _ in 0..<SignFlipTest.resampleCount {
                var (sum, word) = (0.0, UInt64(0))
                for (index, difference) in differences.enumerated() {
                    if index % 64 == 0 { word = random.next() }
                    sum += word & 1 == 0 ? difference : -difference
                    word >>= 1
                }
                if abs(sum) >= least { count += 1 }
            }
            p = Double(count + 1) / Double(SignFlipTest.resampleCount + 1)
        }
    }

    /// The smallest p that so many differences can have.
    public static func smallestP(count: Int) -> Double {
        count <= exactLimit ? 2 / Double(1 << count) : 1 / Double(resampleCount + 1)
    }
}
