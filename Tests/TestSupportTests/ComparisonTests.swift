import TestSupport
import Testing

/// A comparator is worth what it does with wrong answers.
@Suite struct ComparisonTests {
    typealias Comparator = @Sendable ([Float], [Float]) -> Double
    static let comparators: [Comparator] = [{ relativeError($0, $1) }, { euclideanError($0, $1) }]
    static let right: [Float] = [1, -2, 0.5, 4]

    @Test(arguments: comparators)
    func equalIsZero(error: Comparator) {
        #expect(error(Self.right, Self.right) == 0)
        #expect(error([0, 0], [0, 0]) == 0)
        #expect(error([-0.0], [0.0]) == 0)
    }

    @Test(arguments: comparators)
    func zerosAreFar(error: Comparator) {
        #expect(error([0, 0, 0, 0], Self.right) == 1)
        #expect(error([1e-30, 0], [0, 0]) == .infinity)
    }

    @Test(arguments: comparators)
    func whatIsNotFiniteIsInfinitelyFar(error: Comparator) {
        for bad in [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity] {
            for index in Self.right.indices {
                var wrong = Self.right
                wrong[index] = bad
                #expect(error(wrong, Self.right) == .infinity)
                #expect(error(Self.right, wrong) == .infinity)
                // Not even against itself.
                #expect(error(wrong, wrong) == .infinity)
            }
        }
    }

    @Test(arguments: comparators)
    func otherLengthsAreInfinitelyFar(error: Comparator) {
        #expect(error([], []) == .infinity)
        #expect(error([], Self.right) == .infinity)
        #expect(error(Self.right, []) == .infinity)
        #expect(error(Array(Self.right.dropLast()), Self.right) == .infinity)
        #expect(error(Self.right + [0], Self.right) == .infinity)
    }

    @Test(arguments: comparators)
    func offByOnePlaceIsFar(error: Comparator) {
        #expect(error(Array(Self.right.dropFirst()) + [1], Self.right) > 0.5)
        #expect(error(Self.right.map { -$0 }, Self.right) == 2)
    }

    @Test func theLastBitIsSeen() {
        var wrong = Self.right
        wrong[3] = wrong[3].nextUp
        #expect(relativeError(wrong, Self.right) == 0x1p-23)
        #expect(euclideanError(wrong, Self.right) > 1e-7)
        #expect(euclideanError(wrong, Self.right) < 0x1p-23)
    }

    @Test func errorsAreThoseByHand() {
        #expect(relativeError([1, 2, 3], [1, 2, 4] as [Float]) == 0.25)
        #expect(relativeError([1.5, 2, 4], [1, 2, 4] as [Float]) == 0.125)
        #expect(euclideanError([3, 0], [0, 4] as [Float]) == 1.25)
        #expect(euclideanError([1, 1], [1, 0] as [Double]) == 1)
    }
}
