import TestSupport
import Testing

@Suite struct MissesTests {
    static let right = [1.0, -2, 0.5]

    @Test func whatIsWithinItsBoundIsNoMiss() {
        #expect(firstMiss([1, -2, 0.5], Self.right) { _ in 0 } == nil)
        #expect(firstMiss([1.25, -2, 0.5], Self.right) { $0 == 0 ? 0.25 : 0 } == nil)
    }

    @Test func wrongAnswersAreMisses() {
        #expect(firstMiss([0, 0, 0], Self.right) { _ in 0.1 } != nil)
        #expect(firstMiss([-2, 0.5, 1], Self.right) { _ in 0.1 } != nil)
        #expect(firstMiss([1.25, -2, 0.5], Self.right) { $0 == 0 ? 0.2 : 1 } != nil)
        #expect(firstMiss([1, -2, 0.75], Self.right) { $0 == 2 ? 0.2 : 1 } != nil)
    }

    @Test func whatIsNotFiniteIsAMiss() {
        for bad in [Float.nan, .infinity, -.infinity] {
            #expect(firstMiss([1, bad, 0.5], Self.right) { _ in 1e300 } != nil)
            #expect(firstMiss([1, -2, 0.5], [1, Double(bad), 0.5]) { _ in 1e300 } != nil)
            #expect(firstMiss([bad], [Double(bad)]) { _ in 1e300 } != nil)
        }
        #expect(firstMiss([1, -2, 0.5], Self.right) { _ in .nan } != nil)
        #expect(firstMiss([1, -2, 0.5], Self.right) { _ in .infinity } != nil)
        #expect(firstMiss([1, -2, 0.5], Self.right) { _ in -1 } != nil)
    }

    @Test func otherLengthsAreMisses() {
        #expect(firstMiss([], []) { _ in 1 } != nil)
        #expect(firstMiss([], Self.right) { _ in 1 } != nil)
        #expect(firstMiss([1, -2], Self.right) { _ in 1 } != nil)
        #expect(firstMiss([1, -2, 0.5, 0], Self.right) { _ in 1 } != nil)
    }

    @Test func theMissIsNamed() throws {
        let text = try #require(firstMiss([1, -1, 9], Self.right) { _ in 0.5 })
        #expect(text.hasPrefix("[1] is -1.0, expected -2.0"))
    }

    @Test func bitsAreCompared() {
        let right: [Float] = [1, 0, .nan]
        #expect(firstBitDifference(right, right) == nil)
        #expect(firstBitDifference([1, -0.0, .nan], right) != nil)
        #expect(firstBitDifference([Float(1).nextUp, 0, .nan], right) != nil)
        #expect(firstBitDifference([1, 0, Float(bitPattern: Float.nan.bitPattern ^ 1)], right) != nil)
        #expect(firstBitDifference([1, 0], right) != nil)
        #expect(firstBitDifference([], []) != nil)
    }
}
