import Testing

@testable import Results

/// Against SciPy 1.17.1, relative error at most 1e-10.
@Suite struct StatisticsTests {
    /// Whether a number is within a relative error of another; false for NaN.
    static func isClose(_ found: Double, _ expected: Double, within error: Double = 1e-10) -> Bool {
        found == expected || abs(found - expected) <= error * abs(expected)
    }

    @Test func theComparatorRefusesWrongAnswers() {
        #expect(StatisticsTests.isClose(1 + 1e-11, 1))
        for wrong in [0, .nan, .infinity, -1, 1 + 1e-9] { #expect(!StatisticsTests.isClose(wrong, 1)) }
        #expect(!StatisticsTests.isClose(1, .nan))
    }

    /// scipy.stats.t.isf at the tails 0.05, 0.025, 0.005 and 1e-6.
    @Test(arguments: [
        (1, [6.313751514675044, 12.706204736174705, 63.65674116287158, 318309.8861827435]),
        (2, [2.9199855803537256, 4.302652729749464, 9.924843200918293, 707.1057205259339]),
        (3, [2.353363434801824, 3.1824463052837086, 5.840909309733357, 103.29946778041935]),
        (4, [2.131846786326651, 2.7764451051977943, 4.604094871349993, 41.577854150450975]),
        (5, [2.015048373333024, 2.5705818356363155, 4.032142983555229, 24.771029720515948]),
        (9, [1.8331129326562376, 2.2621571627982053, 3.2498355415921263, 10.7201604099095]),
        (30, [1.6972608865939574, 2.042272456301238, 2.749995653567226, 5.871117120418882]),
        (100, [1.6602343260853396, 1.983971518523552, 2.6258905214380173, 5.048830877228346]),
        (1000, [1.6463788172854648, 1.9623390808264085, 2.580754698065951, 4.781608620458351]),
        (10000, [1.6450060180692432, 1.9602012398906263, 2.5763210466685287, 4.75622968505678]),
    ]) func quantiles(degreesOfFreedom: Int, expected: [Double]) {
        for (tail, expected) in zip([0.05, 0.025, 0.005, 1e-6], expected) {
            let found = StudentT.quantile(upperTail: tail, degreesOfFreedom: Double(degreesOfFreedom))
            #expect(StatisticsTests.isClose(found, expected), "tail \(tail): \(found), expected \(expected)")
        }
    }

    /// scipy.stats.t.sf.
    @Test(arguments: [
        (0, 3, 0.5), (1, 1, 0.25), (2, 5, 0.050969739414929174), (10, 2, 0.004926228511662845), (40, 4, 1.1670081613006339e-06),
    ]) func tails(t: Double, degreesOfFreedom: Double, expected: Double) {
        #expect(StatisticsTests.isClose(StudentT.upperTail(t, degreesOfFreedom: degreesOfFreedom), expected))
    }

    /// scipy.special.betainc.
    @Test(arguments: [
        [0.1, 0.5, 0.5, 0.20483276469913345], [0.5, 2, 3, 0.6875], [0.9, 0.5, 0.5, 0.7951672353008665],
        [0.3, 5, 0.5, 0.0006913033857629756], [0.999, 50, 0.5, 0.7523690199653766], [0.2, 1, 1, 0.2],
        [0.01, 10, 20, 1.6841317932875388e-13], [0.7, 500, 200, 0.20037917482683895], [0, 2, 3, 0], [1, 2, 3, 1],
    ]) func incompleteBeta(row: [Double]) {
        let found = IncompleteBeta.regularized(x: row[0], y: 1 - row[0], a: row[1], b: row[2])
        #expect(StatisticsTests.isClose(found, row[3]), "\(found), expected \(row[3])")
    }

    /// scipy.special.gammaln; absolute error where the value is near 0.
    @Test(arguments: [
        (0.5, 0.5723649429247), (1, 0), (1.5, -0.12078223763524526), (2, 0), (5, 3.1780538303479458), (11.5, 16.292000476567242),
        (12, 17.502307845873887), (100, 359.1342053695754), (5000, 37582.62631568535),
    ]) func logGamma(x: Double, expected: Double) {
        #expect(abs(IncompleteBeta.logGamma(x) - expected) <= 1e-13 * max(1, abs(expected)) * 2)
    }

    @Test func meanAndInterval() throws {
        let estimate = try #require(Estimate([2.5, 2.75, 3.125, 2.0]))
        #expect(estimate.mean == 2.59375 && estimate.count == 4)
        #expect(StatisticsTests.isClose(try #require(estimate.standardDeviation), 0.47186465220442186))
        let interval = try #require(estimate.interval)
        #expect(StatisticsTests.isClose(interval.lowerBound, 1.842908040499028))
        #expect(StatisticsTests.isClose(interval.upperBound, 3.3445919595009723))
    }

    @Test func oneValueHasNoInterval() throws {
        let estimate = try #require(Estimate([2.5]))
        #expect(estimate.mean == 2.5 && estimate.count == 1)
        #expect(estimate.standardDeviation == nil && estimate.halfWidth == nil && estimate.interval == nil)
    }

    @Test func missingValuesDoNotCount() throws {
        #expect(Estimate([]) == nil)
        #expect(Estimate([.nan, .nan]) == nil)
        let estimate = try #require(Estimate([1, .nan, 3]))
        #expect(estimate.mean == 2 && estimate.count == 2)
        let infinite = try #require(Estimate([1, .infinity]))
        #expect(infinite.mean == .infinity && infinite.halfWidth == nil && infinite.count == 2)
    }

    @Test func equalValuesHaveNoSpread() throws {
        let estimate = try #require(Estimate([0.1, 0.1, 0.1]))
        #expect(estimate.mean == 0.1 && estimate.halfWidth == 0)
    }
}

/// Tests by hand; random inputs against SciPy are in `Tests/Python/test_results.py`.
@Suite struct ComparisonTests {
    @Test func signFlips() {
        // 3, 1, -1: sums of all patterns are ±3 ±1 ∓1 = 3, 1, 5, 3 and their negatives; |3| or more: 6 of 8.
        #expect(SignFlipTest([3, 1, -1]).p == 6.0 / 8)
        #expect(SignFlipTest([2]).p == 1 && SignFlipTest([1, 2]).p == 0.5 && SignFlipTest([1, 2, 3, 4, 5]).p == 2.0 / 32)
        #expect(SignFlipTest([0, 0, 0]).p == 1)
        // 0.1 + 0.2 and 0.3 are the same sum.
        #expect(SignFlipTest([0.1, 0.2, -0.3, 0.1, 0.2, -0.3]).p == 1)
        #expect(SignFlipTest.smallestP(count: 3) == 0.25)
        let all = SignFlipTest([Double](repeating: 1, count: SignFlipTest.exactLimit))
        #expect(all.isExact && all.p == SignFlipTest.smallestP(count: SignFlipTest.exactLimit))
        let more = SignFlipTest([Double](repeating: 1, count: SignFlipTest.exactLimit + 1))
        #expect(!more.isExact && more.p < 0.001 && more.p >= SignFlipTest.smallestP(count: SignFlipTest.exactLimit + 1))
    }

    /// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm").
    @Test func holm() {
        let corrected = Holm.corrected([0.01, 0.04, 0.03, 0.005])
        for (found, expected) in zip(corrected, [0.03, 0.06, 0.06, 0.02]) { #expect(abs(found - expected) < 1e-15) }
        #expect(Holm.corrected([0.5, 0.9]) == [1, 1] && Holm.corrected([0.2]) == [0.2] && Holm.corrected([]) == [])
    }

    @Test func pareto() {
        #expect(ParetoFront.isOnFront([(1, 5), (2, 4), (2, 3), (0, 5), (3, .nan), (2, 4)]) == [true, true, false, false, false, true])
    }

    @Test func bootstrapOfTwo() {
        // Means 1, 2, 2, 3: percentiles at 0.075 and 2.925 of places 0...3.
        let interval = Bootstrap.interval([1, 3], seed: 0)
        #expect(abs(interval.lowerBound - 1.075) < 1e-12 && abs(interval.upperBound - 2.925) < 1e-12)
        // Random ones depend on the seed alone.
        let values = [1.0, 2, 4, 8, 16, 32, 64]
        #expect(Bootstrap.interval(values, seed: 1) == Bootstrap.interval(values, seed: 1) && Bootstrap.interval(values, seed: 1) != Bootstrap.interval(values, seed: 2))
        let estimate = Estimate(values, .bootstrap(seed: 1))
        #expect(estimate?.interval == Bootstrap.interval(values, seed: 1) && estimate?.halfWidth == nil && estimate?.isSymmetric == false)
    }

    @Test func pairsThatMissAValueDoNotCount() throws {
        let comparison = try #require(PairedComparison([(1, 0), (.nan, 0), (3, 0), (2, .nan)]))
        #expect(comparison.difference.mean == 2 && comparison.difference.count == 2 && comparison.test.p == 0.5)
        #expect(PairedComparison([(1, .nan)]) == nil && PairedComparison([]) == nil)
    }
}
