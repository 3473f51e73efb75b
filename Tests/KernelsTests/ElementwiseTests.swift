@testable import Kernels
import TestSupport
import Testing

/// Addition and scaling to the bit, the sum of squares to 5e-6.
@Suite struct ElementwiseTests {
    static let counts = Array(0...17) + [31, 32, 33, 1023, 1024, 1025]

    @Test(arguments: instructionSets)
    func additionAndScaling(set: InstructionSet) {
        for count in Self.counts {
            let x = randomFloats(count, seed: count), y = randomFloats(count, seed: 1)
            let (source, sum, scaled) = (Guarded(x, .beforeWall), Guarded(y), Guarded(x))
            set.kernels.add(source.base, sum.base, count)
            set.kernels.scale(scaled.base, 0.3, count)
            #expect(source.isIntact && sum.isIntact && scaled.isIntact)
            #expect(source.values == x && sum.values == zip(x, y).map { $1 + $0 } && scaled.values == x.map { $0 * 0.3 })
        }
        let odd = Guarded([.nan, .infinity, -0.0, 1e38])
        set.kernels.scale(odd.base, 10, 4)
        #expect(odd.values[0].isNaN && odd.values[1] == .infinity && odd.values[2].sign == .minus && odd.values[3] == .infinity)
    }

    @Test(arguments: instructionSets)
    func sumOfSquares(set: InstructionSet) {
        func check(_ x: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
            let source = Guarded(x, .beforeWall)
            let expected = x.reduce(0) { $0 + Double($1) * Double($1) }
            let found = set.kernels.sumOfSquares(source.base, x.count)
            #expect(source.isIntact && abs(found - expected) <= 5e-6 * expected, "\(x.count): \(found), not \(expected)", sourceLocation: sourceLocation)
        }
        for count in Self.counts { check(randomFloats(count, seed: count)) }
        check(randomFloats(10_000, seed: 3))
        for size in [Float(1e-15), 0.333_333_3, 1e15] { check([Float](repeating: size, count: 5000)) }
        let pair = Guarded([1, .nan])
        #expect(set.kernels.sumOfSquares(pair.base, 2).isNaN)
        for large in [-Float.infinity, 1e20] {
            pair.fill([1, large])
            #expect(set.kernels.sumOfSquares(pair.base, 2) == .infinity)
        }
    }

    @Test func threadsAndSetsGiveTheSameBits() {
        let count = 50_001
        let x = FloatBuffer(randomFloats(count, seed: 1))
        let results = Machines.shared.results { compute in
            let squares = compute.sumOfSquares(x.base, count: count)
            #expect(compute.sumOfSquares(x.base, count: 0) == 0)
            return [Float(squares), Float(squares - Double(Float(squares)))]
        }
        let squares = x.values.reduce(0) { $0 + Double($1) * Double($1) }
        for (set, values) in results { #expect(abs(Double(values[0]) - squares) < 5e-6 * squares, "\(set)") }
    }

    /// Addition and scaling of rows that lie apart leave what is between them.
    @Test func rowsOfPieces() {
        let (rows, width, row) = (300, 19, 23)
        let x = randomFloats(rows * row, seed: 1), y = randomFloats(rows * row, seed: 2)
        let results = Machines.shared.results { compute in
            let source = Guarded(x, .beforeWall), sum = Guarded(y)
            let target = Matrix(sum.base, rows, width, rowStride: row)
            compute.forRows(rows) { piece in
                piece.add(source.base, to: target)
                piece.scale(target, by: 1.7)
            }
            #expect(source.isIntact && sum.isIntact)
            return sum.values
        }
        let expected = x.indices.map { $0 % row < width ? (y[$0] + x[$0]) * 1.7 : y[$0] }
        for (set, values) in results { #expect(firstBitDifference(values, expected) == nil, "\(set)") }
    }
}
