import Foundation
@testable import Kernels
import TestSupport
import Testing

/// e^x to 2 ULP for -87.3 <= x <= 88.3.
@Suite struct ExponentialTests {
    func exponentials(_ set: InstructionSet, _ x: [Float], sourceLocation: SourceLocation = #_sourceLocation) -> [Float] {
        let (source, out, inPlace) = (Guarded(x, .beforeWall), Guarded(x.count), Guarded(x))
        set.kernels.exponential(source.base, out.base, x.count)
        set.kernels.exponential(inPlace.base, inPlace.base, x.count)
        #expect(source.isIntact && out.isIntact && inPlace.isIntact, sourceLocation: sourceLocation)
        #expect(zip(out.values, inPlace.values).allSatisfy { $0.bitPattern == $1.bitPattern }, sourceLocation: sourceLocation)
        return out.values
    }

    func check(_ set: InstructionSet, _ x: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
        let found = exponentials(set, x, sourceLocation: sourceLocation)
        let expected = x.map { exp(Double($0)) }
        let miss = firstMiss(found, expected) { 2 * Double(Float(expected[$0]).ulp) }
        #expect(miss == nil, sourceLocation: sourceLocation)
    }

    @Test(arguments: instructionSets)
    func theWholeRange(set: InstructionSet) {
        for count in 1...17 { check(set, randomFloats(count, seed: count, deviation: 20)) }
        #expect(exponentials(set, []).isEmpty)
        check(set, (0...40_000).map { -87.3 + 175.6 * Float($0) / 40_000 })
        // Either side of where the power of two changes, and of 0.
        check(set, (-125...126).flatMap { n in [-1e-4, -1e-6, 0, 1e-6, 1e-4].map { Float((Double(n) + 0.5) * 0.6931471805599453 + $0) } })
        check(set, (0...300).flatMap { [Float(sign: .plus, exponent: -$0 / 2, significand: 1.3), Float(sign: .minus, exponent: -$0 / 2, significand: 1.7)] })
        #expect(exponentials(set, [0, -0.0]) == [1, 1])
    }

    @Test(arguments: instructionSets)
    func outsideTheRangeItIsHeldToItsEnds(set: InstructionSet) {
        let ends = exponentials(set, [-87.3, 88.3])
        #expect(exponentials(set, [-88, -1e4, -1e38, -.infinity]) == [ends[0], ends[0], ends[0], ends[0]])
        #expect(exponentials(set, [88.4, 89, 1e4, 1e38, .infinity]) == [ends[1], ends[1], ends[1], ends[1], ends[1]])
        #expect(ends[0] >= Float.leastNormalMagnitude && ends[1] < Float.infinity)
        #expect(exponentials(set, [.nan, -.nan, 1])[..<2].allSatisfy { $0.isNaN })
        #expect(exponentials(set, [.nan, 0])[1] == 1)
    }
}
