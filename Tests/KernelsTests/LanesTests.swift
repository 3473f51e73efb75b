@testable import Kernels
import TestSupport
import Testing

/// Loads and stores of less than sixteen lanes, as kernels do them at the end of a row: the bits of whole vectors, and neither a float read
/// behind the last nor one written.
@Suite struct LanesTests {
    @Test(arguments: instructionSets)
    func partsHoldTheBitsOfTheWhole(set: InstructionSet) {
        let x = randomFloats(16, seed: 1), other = randomFloats(16, seed: 2)
        let whole = Guarded(16), gated = Guarded(16), source = Guarded(x), second = Guarded(other)
        set.kernels.exponential(source.base, whole.base, 16)
        set.kernels.gateForward(source.base, second.base, gated.base, 16)
        for count in 0...15 {
            for placement in [Guarded.Placement.unaligned, .beforeWall] {
                let (a, b) = (Guarded(Array(x.prefix(count)), placement), Guarded(Array(other.prefix(count)), placement))
                let (out, gate) = (Guarded(count, placement), Guarded(count, placement))
                set.kernels.exponential(a.base, out.base, count)
                set.kernels.gateForward(a.base, b.base, gate.base, count)
                #expect([a, b, out, gate].allSatisfy { $0.isIntact }, "\(count)")
                #expect(a.values == Array(x.prefix(count)) && b.values == Array(other.prefix(count)))
                guard count > 0 else { continue }
                let differences = [
                    firstBitDifference(out.values, Array(whole.values.prefix(count))), firstBitDifference(gate.values, Array(gated.values.prefix(count))),
                ]
                #expect(differences == [nil, nil], "\(count)")
            }
        }
    }

    /// Lanes that are not loaded are 0 in sums and the lowest number in a search for the largest.
    @Test(arguments: instructionSets)
    func lanesThatAreNotThereCountNothing(set: InstructionSet) {
        for count in 1...31 {
            let ones = Guarded([Float](repeating: 1, count: count), .beforeWall)
            #expect(set.kernels.sumOfSquares(ones.base, count) == Double(count))
            let low = Guarded([Float](repeating: -1e38, count: count), .beforeWall)
            let row = set.kernels.crossEntropyRow(low.base, count, count - 1, 0)
            #expect(row.largest == -1e38 && row.sum == Float(count) && row.best == 0 && low.isIntact)
        }
    }
}
