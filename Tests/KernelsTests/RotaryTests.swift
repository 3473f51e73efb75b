@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// Rotary embedding, to 3 * 2^-24 of the two terms' magnitudes.
@Suite struct RotaryTests {
    /// Cosines and sines (positions, half) of random angles.
    static func table(_ positions: Int, _ half: Int) -> (cosine: [Float], sine: [Float]) {
        var random = RandomStream(seed: 5, "angles")
        let turns = (0..<positions * half).map { _ in ExactMath.sineCosine(6 * random.uniform()) }
        return (turns.map { Float($0.cosine) }, turns.map { Float($0.sine) })
    }

    @Test(arguments: instructionSets, [false, true])
    func turns(set: InstructionSet, isBackward: Bool) {
        for headWidth in stride(from: 2, through: 18, by: 2) + [30, 32, 34, 64, 66] {
            for (rows, heads, gap, first) in [(0, 2, 0, 0), (1, 1, 0, 0), (3, 2, 5, 0), (4, 3, 0, 6)] {
                let half = headWidth / 2, width = heads * headWidth
                let x = randomFloats(rows * width, seed: headWidth)
                let (cosine, sine) = Self.table(first + rows, half)
                let memory = Guarded(rows * (width + gap))
                for i in x.indices { memory.base[i / width * (width + gap) + i % width] = x[i] }
                let tables = [Guarded(cosine, .beforeWall), Guarded(sine, .beforeWall)]
                set.kernels.rotate(
                    RotaryRows(
                        rows: rows, heads: heads, headWidth: headWidth, firstPosition: first, x: memory.base, xRow: width + gap,
                        cosine: tables[0].base, sine: tables[1].base, isBackward: isBackward))
                #expect(memory.isIntact && tables.allSatisfy { $0.isIntact })
                guard rows > 0 else { continue }
                let expected = Reference.rotate(
                    x.map { Double($0) }, rows: rows, heads: heads, headWidth: headWidth, cosine: cosine.dropFirst(first * half).map { Double($0) },
                    sine: sine.dropFirst(first * half).map { Double($0) }, isBackward: isBackward)
                let found = x.indices.map { memory.base[$0 / width * (width + gap) + $0 % width] }
                #expect(firstMiss(found, expected.values) { 3 * 0x1p-24 * expected.size[$0] } == nil, "head width \(headWidth)")
                for row in 0..<rows {
                    for j in width..<width + gap { #expect(memory.base[row * (width + gap) + j].bitPattern == Guarded.mark.bitPattern) }
                }
            }
        }
    }

    /// The backward turn is the transpose of the forward one: <turn(x), y> = <x, turn back(y)>.
    @Test(arguments: instructionSets)
    func backwardIsTheTranspose(set: InstructionSet) {
        let (rows, heads, headWidth) = (5, 2, 6)
        let tables = Self.table(rows, headWidth / 2)
        let (cosine, sine) = (Guarded(tables.cosine), Guarded(tables.sine))
        let count = rows * heads * headWidth
        let x = randomFloats(count, seed: 1), y = randomFloats(count, seed: 2)
        func turned(_ values: [Float], isBackward: Bool) -> [Float] {
            let memory = Guarded(values)
            set.kernels.rotate(
                RotaryRows(
                    rows: rows, heads: heads, headWidth: headWidth, firstPosition: 0, x: memory.base, xRow: heads * headWidth, cosine: cosine.base,
                    sine: sine.base, isBackward: isBackward))
            return memory.values
        }
        func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        #expect(abs(product(turned(x, isBackward: false), y) - product(x, turned(y, isBackward: true))) < 1e-5)
        #expect(abs(product(turned(x, isBackward: false), y) - product(x, y)) > 1e-2)
    }

    /// Positions begin again with each sequence, wherever the rows are cut into pieces: within a sequence or in the middle of many.
    @Test(arguments: [(3, 150), (90, 5), (5, 1), (1, 7)], [false, true])
    func threadsAndSetsGiveTheSameBits(shape: (batch: Int, length: Int), isBackward: Bool) {
        let (batch, length, heads, headWidth, gap) = (shape.batch, shape.length, 2, 6, 3)
        let (cosine, sine) = Self.table(length, headWidth / 2)
        let tables = (Guarded(cosine, .beforeWall), Guarded(sine, .beforeWall))
        let (width, rows) = (heads * headWidth, batch * length)
        let x = randomFloats(rows * width, seed: 1)
        let results = Machines.shared.results { compute in
            let memory = Guarded(rows * (width + gap))
            for i in x.indices { memory.base[i / width * (width + gap) + i % width] = x[i] }
            compute.forRows(rows) {
                $0.rotate(
                    memory.base, rowStride: width + gap, length: length, heads: heads, headWidth: headWidth, cosine: tables.0.base,
                    sine: tables.1.base, isBackward: isBackward)
            }
            let between = (0..<memory.count).filter { $0 % (width + gap) >= width }
            #expect(memory.isIntact && between.allSatisfy { PackingTests.isMark(memory.base[$0]) })
            return x.indices.map { memory.base[$0 / width * (width + gap) + $0 % width] }
        }
        let expected = (0..<batch).flatMap { sequence in
            Reference.rotate(
                x[sequence * length * width..<(sequence + 1) * length * width].map { Double($0) }, rows: length, heads: heads, headWidth: headWidth,
                cosine: cosine.map { Double($0) }, sine: sine.map { Double($0) }, isBackward: isBackward).values
        }
        for (set, values) in results { #expect(firstMiss(values, expected) { _ in 1e-6 } == nil, "\(set)") }
    }
}
