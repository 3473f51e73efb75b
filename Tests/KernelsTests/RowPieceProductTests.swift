@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// Products of pieces of rows: the chain of `ProductTests`, with what it is added to, and nobody's floats beside the result.
@Suite struct RowPieceProductTests {
    /// What goes into a result beside the product.
    enum Start: CaseIterable {
        case nothing, addend, accumulated, accumulatedAndAddend

        var accumulates: Bool { self == .accumulated || self == .accumulatedAndAddend }
    }

    /// How the rows of a result lie: floats behind each, and how many of them belong to nobody.
    struct Rows {
        var gap: Int, slack: Int

        static func choices(_ columns: Int) -> [Rows] {
            let padding = (columns + 15) / 16 * 16 - columns
            // Without slack; with less than a vector needs; as in `ActivationBuffer`; with a neighbour behind the padding.
            return [
                Rows(gap: 0, slack: 0), Rows(gap: 3, slack: 0), Rows(gap: padding + 2, slack: max(0, padding - 1)), Rows(gap: padding, slack: padding),
                Rows(gap: padding + 5, slack: padding),
            ]
        }
    }

    /// One product of `rows` rows in pieces, checked to the bit on every instruction set.
    func check(_ rows: Int, _ columns: Int, _ depth: Int, _ computes: [Compute], sourceLocation: SourceLocation = #_sourceLocation) {
        let left = randomFloats(rows * depth, seed: rows), right = randomFloats(depth * columns, seed: columns)
        let before = randomFloats(rows * columns, seed: depth), added = randomFloats(rows * columns, seed: depth + 1)
        let plain = Reference.product(left, right, adding: [Float](repeating: 0, count: before.count), rows: rows, columns: columns, depth: depth)
        let onto = Reference.product(left, right, adding: before, rows: rows, columns: columns, depth: depth)
        let a = Guarded(left, .beforeWall), b = Guarded(right, .beforeWall)
        for compute in computes {
            // What belongs to no column may hold anything: here marks, which are NaNs.
            let memory = Guarded(PackedMatrix.floatCount(depth: depth, columns: columns, compute), .beforeWall)
            let packed = PackedMatrix(depth: depth, columns: columns, memory: memory.base)
            for k in 0..<depth {
                let width = compute.kernels.pointee.panelWidth
                for j in 0..<columns { memory.base[(j / width * depth + k) * width + j % width] = right[k * columns + j] }
            }
            let isFused = compute.instructionSet.numericsFamily == "fused"
            for (layout, start) in Rows.choices(columns).flatMap({ layout in Start.allCases.map { (layout, $0) } }) {
                let stride = columns + layout.gap
                let c = Guarded((rows - 1) * stride + columns + layout.slack, .beforeWall), addend = Guarded(c.count, .beforeWall)
                for i in 0..<rows {
                    for j in 0..<columns {
                        addend.base[i * stride + j] = added[i * columns + j]
                        if start.accumulates { c.base[i * stride + j] = before[i * columns + j] }
                    }
                }
                var target = Matrix(c.base, rows, columns, rowStride: stride)
                target.slack = layout.slack
                let extra = start == .addend || start == .accumulatedAndAddend ? Input(addend.base) : nil
                compute.forRows(rows) {
                    $0.multiply(Matrix(a.base, rows, depth), packed, into: target, adding: extra, accumulate: start.accumulates)
                }
                var isRight = c.isIntact && addend.isIntact && a.isIntact && b.isIntact && memory.isIntact
                for i in 0..<rows {
                    for j in 0..<columns {
                        let at = i * columns + j
                        let reference = start.accumulates ? onto : plain
                        var expected = isFused ? reference.fused[at] : reference.unfused[at]
                        if extra != nil { expected += added[at] }
                        isRight = isRight && c.base[i * stride + j].bitPattern == expected.bitPattern
                    }
                    let end = min(stride, c.count - i * stride)
                    for j in min(columns + layout.slack, end)..<end { isRight = isRight && PackingTests.isMark(c.base[i * stride + j]) }
                }
                #expect(
                    isRight, "\(compute.instructionSet), \(rows) x \(columns) x \(depth), \(start), gap \(layout.gap), slack \(layout.slack)",
                    sourceLocation: sourceLocation)
            }
        }
    }

    let computes = instructionSets.map { Compute(instructionSet: $0) }

    @Test func everyWidth() {
        for columns in 1...33 {
            for rows in [1, 5, 13] { check(rows, columns, 3, computes) }
        }
        for columns in [47, 48, 49, 63, 65] { check(7, columns, 2, computes) }
    }

    @Test func everyHeight() {
        for rows in Array(1...13) + [23, 24, 25, 26, 47, 48, 49, 95, 96, 97] {
            for columns in [1, 9, 19] { check(rows, columns, 3, computes) }
        }
    }

    @Test func aroundTheDepthBlock() {
        for depth in [0, 1, 255, 256, 257, 513] {
            for (rows, columns) in [(1, 1), (7, 21), (13, 33)] { check(rows, columns, depth, computes) }
        }
    }

    /// Rows of more than one piece, in the layout of activations, which pieces pass on to each other in local memory.
    @Test func threadsAndSetsGiveTheSameBits() {
        let (rows, inputs, hidden, outputs) = (300, 21, 37, 19)
        let x = randomFloats(rows * inputs, seed: 1), w = randomFloats(inputs * hidden, seed: 2), w2 = randomFloats(hidden * outputs, seed: 3)
        let results = Machines.shared.results { compute in
            let source = Guarded(x, .beforeWall), first = FloatBuffer(w), second = FloatBuffer(w2)
            let memory = [(inputs, hidden), (hidden, outputs)].map { Guarded(PackedMatrix.floatCount(depth: $0.0, columns: $0.1, compute)) }
            let packed = PackedMatrix(depth: inputs, columns: hidden, memory: memory[0].base)
            let packed2 = PackedMatrix(depth: hidden, columns: outputs, memory: memory[1].base)
            compute.pack(
                Packing.rows(Matrix(first.base, inputs, hidden), into: packed, compute)
                    + Packing.rows(Matrix(second.base, hidden, outputs), into: packed2, compute))
            let result = ActivationBuffer(rows, outputs)
            compute.forRows(rows, localCount: RowPiece.localCount(hidden)) { piece in
                let local = piece.local(hidden)
                #expect(Int(bitPattern: local.base + piece.first * local.rowStride) % 64 == 0)
                piece.multiply(Matrix(source.base, rows, inputs), packed, into: local)
                piece.multiply(local, packed2, into: result.matrix)
            }
            #expect(source.isIntact && memory.allSatisfy { $0.isIntact })
            return (0..<rows * outputs).map { result.matrix.base[$0 / outputs * result.matrix.rowStride + $0 % outputs] }
        }
        let zeros = [Float](repeating: 0, count: rows * hidden)
        for (set, values) in results {
            let isFused = set.numericsFamily == "fused"
            let middle = Reference.product(x, w, adding: zeros, rows: rows, columns: hidden, depth: inputs)
            let end = Reference.product(
                isFused ? middle.fused : middle.unfused, w2, adding: Array(zeros.prefix(rows * outputs)), rows: rows, columns: outputs, depth: hidden)
            #expect(firstBitDifference(values, isFused ? end.fused : end.unfused) == nil, "\(set)")
        }
    }
}
