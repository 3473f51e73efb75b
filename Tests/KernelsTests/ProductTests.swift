@testable import Kernels
import TestSupport
import Testing

/// Matrix product: bits are those of one chain of multiply-adds in ascending k, and within (depth + 1) 2^-24 of the sum with all terms positive.
@Suite struct ProductTests {
    /// One product of random matrices, laid out in every form.
    struct Case {
        let rows: Int, columns: Int, depth: Int
        let a: [Float], b: [Float], c: [Float]

        init(_ rows: Int, _ columns: Int, _ depth: Int) {
            (self.rows, self.columns, self.depth) = (rows, columns, depth)
            a = randomFloats(rows * depth, seed: rows)
            b = randomFloats(depth * columns, seed: columns + 1000)
            c = randomFloats(rows * columns, seed: depth + 2000)
        }

        /// `values` (rows, columns) as a matrix in memory, rows or, transposed, columns side by side, `gap` floats between them.
        static func laidOut(_ values: [Float], _ rows: Int, _ columns: Int, transposed: Bool, gap: Int) -> (Guarded, Matrix) {
            let (outer, inner) = transposed ? (columns, rows) : (rows, columns)
            let memory = Guarded(outer == 0 ? 0 : outer * (inner + gap) - gap, .beforeWall)
            for i in 0..<rows {
                for j in 0..<columns { memory.base[transposed ? j * (inner + gap) + i : i * (inner + gap) + j] = values[i * columns + j] }
            }
            let matrix = Matrix(memory.base, outer, inner, rowStride: inner + gap)
            return (memory, transposed ? matrix.transposed : matrix)
        }

        /// Checks all forms, written and added, on every instruction set.
        func check(_ computes: [Compute], gap: Int, sourceLocation: SourceLocation = #_sourceLocation) {
            let zeros = [Float](repeating: 0, count: c.count)
            let out = Guarded(rows == 0 ? 0 : rows * (columns + gap))
            for accumulate in [false, true] {
                let expected = Reference.product(a, b, adding: accumulate ? c : zeros, rows: rows, columns: columns, depth: depth)
                let bound = { Double(depth + 1) * 0x1p-24 * expected.size[$0] }
                if !c.isEmpty {
                    // The chains are within the bound, and below the kernels give the bits of the chains.
                    let misses = [firstMiss(expected.fused, expected.values, within: bound), firstMiss(expected.unfused, expected.values, within: bound)]
                    #expect(misses == [nil, nil], "\(rows) x \(columns) x \(depth)", sourceLocation: sourceLocation)
                }
                for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false)] {
                    let (aMemory, a) = Case.laidOut(a, rows, depth, transposed: aTransposed, gap: gap)
                    let (bMemory, b) = Case.laidOut(b, depth, columns, transposed: bTransposed, gap: gap)
                    for compute in computes {
                        out.reset()
                        if accumulate { for i in c.indices { out.base[i / columns * (columns + gap) + i % columns] = c[i] } }
                        compute.multiply(a, b, into: Matrix(out.base, rows, columns, rowStride: columns + gap), accumulate: accumulate)
                        let isFused = compute.instructionSet.numericsFamily == "fused"
                        let isRight = out.isIntact && aMemory.isIntact && bMemory.isIntact && isRight(out, isFused ? expected.fused : expected.unfused, gap)
                        #expect(
                            isRight,
                            """
                            \(compute.instructionSet), \(rows) x \(columns) x \(depth), transposed \(aTransposed) \(bTransposed), \
                            added \(accumulate), gap \(gap)
                            """, sourceLocation: sourceLocation)
                    }
                }
            }
        }

        /// Whether the rows hold these bits, and nothing was written between them.
        private func isRight(_ out: Guarded, _ expected: [Float], _ gap: Int) -> Bool {
            for i in 0..<rows {
                let row = out.base + i * (columns + gap)
                for j in 0..<columns where row[j].bitPattern != expected[i * columns + j].bitPattern { return false }
                for j in columns..<columns + gap where row[j].bitPattern != Guarded.mark.bitPattern { return false }
            }
            return true
        }
    }

    let computes = instructionSets.map { Compute(instructionSet: $0) }

    @Test func smallSizes() {
        for rows in 0...17 {
            for columns in 0...17 {
                for depth in [0, 1, 2, 5] { Case(rows, columns, depth).check(computes, gap: 0) }
            }
        }
        for depth in 0...17 {
            for (rows, columns) in [(1, 1), (3, 17), (17, 3)] { Case(rows, columns, depth).check(computes, gap: 0) }
        }
    }

    @Test func aroundTheTiles() {
        for rows in [11, 12, 13, 23, 24, 25] {
            for columns in [15, 16, 17, 31, 32, 33, 49] { Case(rows, columns, 3).check(computes, gap: 3) }
        }
    }

    /// Heights that tiles and pieces of rows are made of, against widths that fill no vector.
    @Test func heightsOfTiles() {
        for rows in Array(1...13) + [23, 24, 25, 26, 47, 48, 49, 95, 96, 97] {
            for columns in stride(from: 1, through: 33, by: 2) { Case(rows, columns, 4).check(computes, gap: columns % 3) }
        }
    }

    @Test func aroundTheDepthBlock() {
        for depth in [255, 256, 257, 513] {
            for (rows, columns) in [(1, 1), (7, 5), (2, 16), (13, 33)] { Case(rows, columns, depth).check(computes, gap: 1) }
        }
    }

    /// One infinite element of A spoils its row alone, one of B its column alone, whatever zeros the tiles are filled with.
    @Test(arguments: instructionSets)
    func whatIsNotFiniteStaysInItsRowAndColumn(set: InstructionSet) {
        let compute = Compute(instructionSet: set)
        for bad in [Float.infinity, .nan] {
            for (rows, columns, depth) in [(5, 7, 3), (13, 17, 9), (12, 33, 300)] {
                for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false)] {
                    var (a, b) = (randomFloats(rows * depth, seed: 1), randomFloats(depth * columns, seed: 2))
                    let (badRow, badColumn) = (rows / 2, columns - 1)
                    a[badRow * depth + depth - 1] = bad
                    b[badColumn] = bad
                    let (aMemory, aMatrix) = Case.laidOut(a, rows, depth, transposed: aTransposed, gap: 0)
                    let (bMemory, bMatrix) = Case.laidOut(b, depth, columns, transposed: bTransposed, gap: 0)
                    let out = Guarded(rows * columns)
                    compute.multiply(aMatrix, bMatrix, into: Matrix(out.base, rows, columns))
                    let isRight = out.values.indices.allSatisfy {
                        out.values[$0].isFinite == ($0 / columns != badRow && $0 % columns != badColumn)
                    }
                    #expect(
                        isRight && aMemory.isIntact && bMemory.isIntact,
                        "\(bad), \(rows) x \(columns) x \(depth), transposed \(aTransposed) \(bTransposed)")
                }
            }
        }
    }

    /// Sizes of several pieces of work: the cut shows in no bit.
    @Test(arguments: [(293, 33, 40), (150, 500, 40), (30, 1200, 9), (700, 130, 300)], [(false, false), (false, true), (true, false)])
    func threadsAndSetsGiveTheSameBits(sizes: (Int, Int, Int), transposed: (a: Bool, b: Bool)) {
        let (rows, columns, depth) = sizes
        let (aMemory, a) = Case.laidOut(randomFloats(rows * depth, seed: 3), rows, depth, transposed: transposed.a, gap: 0)
        let (bMemory, b) = Case.laidOut(randomFloats(depth * columns, seed: 4), depth, columns, transposed: transposed.b, gap: 0)
        let c = randomFloats(rows * columns, seed: 5)
        _ = Machines.shared.results { compute in
            let out = Guarded(c)
            compute.multiply(a, b, into: Matrix(out.base, rows, columns), accumulate: true)
            #expect(out.isIntact && aMemory.isIntact && bMemory.isIntact)
            return out.values
        }
    }

    @Test func shapesThatDoNotFitTrap() async {
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(100)
            Compute().multiply(Matrix(memory.base, 2, 3), Matrix(memory.base, 4, 2), into: Matrix(memory.base, 2, 2))
        }
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(100)
            Compute().multiply(Matrix(memory.base, 2, 3), Matrix(memory.base, 3, 2), into: Matrix(memory.base, 2, 2).transposed)
        }
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(100)
            Compute().multiply(Matrix(memory.base, 3, 2).transposed, Matrix(memory.base, 2, 3).transposed, into: Matrix(memory.base, 2, 2))
        }
    }
}
