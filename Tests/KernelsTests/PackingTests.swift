@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// Packed operands: every float in its place, zeros where they are promised, nothing else touched.
@Suite struct PackingTests {
    static let counts = Array(0...17) + [23, 24, 25, 31, 32, 33, 47, 48, 49, 65]

    /// `columns` rows of random floats, `row` apart, the last one right before a wall.
    static func source(_ rows: Int, _ columns: Int, row: Int) -> Guarded {
        let memory = Guarded(rows == 0 ? 0 : (rows - 1) * row + columns, .beforeWall)
        memory.fill(randomFloats(memory.count, seed: rows + 100 * columns))
        return memory
    }

    /// What no kernel wrote.
    static func isMark(_ x: Float) -> Bool { x.bitPattern == Guarded.mark.bitPattern }

    @Test(arguments: instructionSets)
    func columnsOfAnyWidth(set: InstructionSet) {
        for width in Set([1, 5, 8, 16, 32, rowGroup, set.kernels.panelWidth]).sorted() {
            for columns in Self.counts {
                for (depth, gap, between) in [(0, 0, 0), (1, 0, 3), (2, 3, 0), (5, 3, 7), (16, 0, 0)] {
                    let source = Self.source(depth, columns, row: columns + gap)
                    let (panels, panelRow) = ((columns + width - 1) / width, depth * width + between)
                    let packed = Guarded(panels * panelRow)
                    set.kernels.packColumns(source.base, columns + gap, columns, depth, packed.base, panelRow, width)
                    var isRight = packed.isIntact && source.isIntact
                    for (at, found) in packed.values.enumerated() {
                        let (panel, k, column) = (at / panelRow, at % panelRow / width, at / panelRow * width + at % panelRow % width)
                        if k >= depth {
                            isRight = isRight && Self.isMark(found)
                        } else {
                            isRight = isRight && panel < panels && found == (column < columns ? source.base[k * (columns + gap) + column] : 0)
                        }
                    }
                    #expect(isRight, "\(columns) columns, width \(width), depth \(depth), gap \(gap), \(between) between panels")
                }
            }
        }
    }

    @Test(arguments: instructionSets)
    func transposedFromAnyColumnOn(set: InstructionSet) {
        let width = set.kernels.panelWidth
        for columns in Self.counts {
            for first in [0, 1, 3, 4, 7, 15, 16, 17, 31, 32, 45] {
                for (depth, gap) in [(0, 0), (1, 0), (2, 3), (3, 0), (4, 1), (5, 0), (16, 3)] {
                    let row = depth + gap
                    let source = Self.source(columns, depth, row: row)
                    let packed = Guarded((first + columns + width - 1) / width * width * depth)
                    set.kernels.packTransposed(source.base, row, columns, depth, packed.base, first)
                    var isRight = packed.isIntact && source.isIntact
                    for (at, found) in packed.values.enumerated() {
                        let (panel, k) = (at / (depth * width), at % (depth * width) / width)
                        let column = panel * width + at % width - first
                        isRight = isRight && (0..<columns ~= column ? found == source.base[column * row + k] : Self.isMark(found))
                    }
                    #expect(isRight, "\(columns) columns from \(first) on, depth \(depth), gap \(gap)")
                }
            }
        }
    }

    /// Several weights beside each other, each cut into pieces of work, become one operand; so do several below each other.
    @Test(arguments: instructionSets, [1, 3])
    func sourcesBesideAndBelowEachOther(set: InstructionSet, threads: Int) {
        let compute = Compute(instructionSet: set, threads: threads)
        let depth = 1030, outputs = [33, 1, 50]
        let weights = outputs.map { Self.source($0, depth, row: depth + 1) }
        let all = outputs.reduce(0, +)
        let beside = Guarded(PackedMatrix.floatCount(depth: depth, columns: all, compute))
        let below = Guarded(PackedMatrix.floatCount(depth: all, columns: depth, compute))
        let packed = PackedMatrix(depth: depth, columns: all, memory: beside.base), packedBack = PackedMatrix(depth: all, columns: depth, memory: below.base)
        var pieces: [Packing] = [], first = 0
        for (weight, count) in zip(weights, outputs) {
            let matrix = Matrix(weight.base, count, depth, rowStride: depth + 1)
            pieces += Packing.transposed(matrix, into: packed, firstColumn: first, compute) + Packing.rows(matrix, into: packedBack, firstRow: first, compute)
            first += count
        }
        #expect(pieces.count > 6)
        compute.pack(pieces)
        #expect(beside.isIntact && below.isIntact && weights.allSatisfy { $0.isIntact })
        let width = set.kernels.panelWidth
        var isRight = true
        first = 0
        for (weight, count) in zip(weights, outputs) {
            for j in 0..<count {
                for k in 0..<depth {
                    let (expected, output) = (weight.base[j * (depth + 1) + k], first + j)
                    isRight = isRight && beside.base[(output / width * depth + k) * width + output % width] == expected
                    isRight = isRight && below.base[(k / width * all + output) * width + k % width] == expected
                }
            }
            first += count
        }
        #expect(isRight)
    }

    /// Rows that pieces of work pack for products that sum over them.
    @Test(arguments: instructionSets)
    func rowsOfPieces(set: InstructionSet) {
        let compute = Compute(instructionSet: set, threads: 3)
        for (rows, columns) in [(1, 1), (23, 12), (50, 13), (100, 24), (250, 35), (1030, 7)] {
            let source = Self.source(rows, columns, row: columns + 2)
            let matrix = Matrix(source.base, rows, columns, rowStride: columns + 2)
            let left = Guarded(PackedRows.floatCount(depth: rows, columns: columns))
            let right = Guarded(PackedMatrix.floatCount(depth: rows, columns: columns, compute))
            compute.forRows(rows) { piece in
                piece.pack(matrix, into: PackedRows(depth: rows, columns: columns, memory: left.base))
                piece.pack(matrix, into: PackedMatrix(depth: rows, columns: columns, memory: right.base))
            }
            #expect(left.isIntact && right.isIntact && source.isIntact)
            for (packed, width) in [(left, rowGroup), (right, set.kernels.panelWidth)] {
                let isRight = packed.values.enumerated().allSatisfy { at, found in
                    let (k, column) = (at / width % rows, at / width / rows * width + at % width)
                    return found == (column < columns ? source.base[k * (columns + 2) + column] : 0)
                }
                #expect(isRight, "\(rows) rows of \(columns), width \(width)")
            }
        }
    }

    @Test func whatDoesNotFitTraps() async {
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(1000), compute = Compute()
            _ = Packing.transposed(Matrix(memory.base, 3, 4), into: PackedMatrix(depth: 4, columns: 5, memory: memory.base), firstColumn: 3, compute)
        }
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(1000), compute = Compute()
            _ = Packing.rows(Matrix(memory.base, 3, 4), into: PackedMatrix(depth: 5, columns: 4, memory: memory.base), firstRow: 3, compute)
        }
    }
}
