@testable import Kernels
import TestSupport
import Testing

/// Embedding: copies, and sums in ascending order of the tokens, exact to the bit.
@Suite struct EmbeddingTests {
    @Test(arguments: instructionSets)
    func rowsAreCopiedAndAdded(set: InstructionSet) {
        let compute = Compute(instructionSet: set)
        let vocabulary = 5
        for width in Array(1...17) + [31, 32, 33, 65] {
            for tokens in [[], [4], [0, 4, 2, 0, 0, 3, 4]] as [[Int32]] {
                let table = randomFloats(vocabulary * width, seed: width), dOut = randomFloats(tokens.count * width, seed: 1)
                let (source, out, d) = (Guarded(table, .beforeWall), Guarded(tokens.count * width), Guarded(dOut, .beforeWall))
                tokens.withUnsafeBufferPointer { compute.embed($0, table: source.base, vocabulary: vocabulary, out: out.base, width: width) }
                #expect(out.isIntact && source.isIntact)
                #expect(out.values == tokens.flatMap { table[Int($0) * width..<(Int($0) + 1) * width] })
                let dTable = Guarded(table)
                tokens.withUnsafeBufferPointer { compute.embedBackward($0, dOut: d.base, dTable: dTable.base, vocabulary: vocabulary, width: width) }
                var expected = table
                for (t, token) in tokens.enumerated() {
                    for j in 0..<width { expected[Int(token) * width + j] += dOut[t * width + j] }
                }
                #expect(dTable.isIntact && d.isIntact)
                #expect(firstBitDifference(dTable.values, expected) == nil, "width \(width)")
            }
        }
    }

    @Test func threadsAndSetsGiveTheSameBits() {
        let (width, vocabulary) = (130, 11)
        var random = RandomStream(seed: 3, "tokens")
        let tokens = (0..<700).map { _ in Int32(random.below(vocabulary)) }
        let table = FloatBuffer(randomFloats(vocabulary * width, seed: 1)), dOut = FloatBuffer(randomFloats(700 * width, seed: 2))
        _ = Machines.shared.results { compute in
            let (out, dTable) = (Guarded(700 * width), Guarded(table.values))
            tokens.withUnsafeBufferPointer { compute.embed($0, table: table.base, vocabulary: vocabulary, out: out.base, width: width) }
            tokens.withUnsafeBufferPointer { compute.embedBackward($0, dOut: dOut.base, dTable: dTable.base, vocabulary: vocabulary, width: width) }
            #expect(out.isIntact && dTable.isIntact)
            return out.values + dTable.values
        }
    }

    @Test func tokensOutOfRangeTrap() async {
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(100)
            [5].withUnsafeBufferPointer { Compute().embed($0, table: memory.base, vocabulary: 5, out: memory.base, width: 2) }
        }
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(100)
            [-1].withUnsafeBufferPointer { Compute().embedBackward($0, dOut: memory.base, dTable: memory.base, vocabulary: 5, width: 2) }
        }
    }
}
