@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// Products of operands rounded to bfloat16: the bits of the processor's dot product of pairs, however an instruction set comes to them.
@Suite struct BFloat16Tests {
    /// To nearest, ties to even; what is below the normal numbers is 0.
    static func rounded(_ x: Float) -> Float {
        if x.isNaN { return x }
        if x.magnitude < Float.leastNormalMagnitude { return 0 }
        let below = Float(bitPattern: x.bitPattern & 0xffff_0000)
        let lost = x.bitPattern & 0xffff
        let isUp = lost > 0x8000 || lost == 0x8000 && x.bitPattern & 0x1_0000 != 0
        return isUp ? Float(bitPattern: below.bitPattern + 0x1_0000) : below
    }

    /// A (rows, depth) and B (columns, depth) with what the result is added to, and the result: of each two k the second comes first.
    struct Sample {
        let rows: Int, columns: Int, depth: Int
        let a: [Float], b: [Float], before: [Float]
        let plain: [Float], onto: [Float]

        init(_ rows: Int, _ columns: Int, _ depth: Int) {
            (self.rows, self.columns, self.depth) = (rows, columns, depth)
            let a = randomFloats(rows * depth, seed: rows), b = randomFloats(columns * depth, seed: columns)
            // Zeros of both signs: what fills up an odd depth may not turn them.
            let before = randomFloats(rows * columns, seed: depth).enumerated().map { at, x in at % 3 == 0 ? (at % 2 == 0 ? -0.0 : 0) : x }
            (self.a, self.b, self.before) = (a, b, before)
            let left = a.map(BFloat16Tests.rounded), right = b.map(BFloat16Tests.rounded)
            func chain(_ start: Float, _ at: Int) -> Float {
                let (i, j) = (at / columns * depth, at % columns * depth)
                var sum = start
                for k in stride(from: 0, to: depth, by: 2) {
                    if k + 1 < depth { sum.addProduct(left[i + k + 1], right[j + k + 1]) }
                    sum.addProduct(left[i + k], right[j + k])
                }
                return sum
            }
            plain = (0..<rows * columns).map { chain(0, $0) }
            onto = (0..<rows * columns).map { chain(before[$0], $0) }
        }
    }

    static func transposed(_ x: [Float], _ rows: Int, _ columns: Int) -> [Float] {
        (0..<rows * columns).map { x[$0 % rows * columns + $0 / rows] }
    }

    /// Every form of the product, to the bit.
    func check(_ sample: Sample, _ computes: [Compute], sourceLocation: SourceLocation = #_sourceLocation) {
        let (rows, columns, depth) = (sample.rows, sample.columns, sample.depth)
        let a = Guarded(sample.a, .beforeWall), b = Guarded(sample.b, .beforeWall)
        let aT = Guarded(Self.transposed(sample.a, rows, depth), .beforeWall), bT = Guarded(Self.transposed(sample.b, columns, depth), .beforeWall)
        for compute in computes {
            let memory = Guarded(PackedMatrix.floatCount(depth: depth, columns: columns, compute), .beforeWall)
            let left = Guarded(PackedRows.floatCount(depth: depth, columns: rows), .beforeWall)
            let packed = PackedMatrix(depth: depth, columns: columns, precision: .bf16, memory: memory.base)
            let c = Guarded(rows * columns, .beforeWall)
            let target = Matrix(c.base, rows, columns)
            func multiply(accumulate: Bool) {
                compute.forRows(rows, roundedDepth: depth) { $0.multiply(Matrix(a.base, rows, depth), packed, into: target, accumulate: accumulate) }
            }
            func expect(_ what: String, _ expected: [Float]) {
                let difference = firstBitDifference(c.values, expected)
                let isIntact = [a, b, aT, bT, memory, left, c].allSatisfy { $0.isIntact }
                #expect(
                    difference == nil && isIntact, "\(compute.instructionSet), \(rows) x \(columns) x \(depth), \(what)", sourceLocation: sourceLocation)
            }
            // B transposed, from two sources beside each other.
            let cut = columns / 3
            compute.pack(
                Packing.transposed(Matrix(b.base, cut, depth), into: packed, compute)
                    + Packing.transposed(Matrix(b.base + cut * depth, columns - cut, depth), into: packed, firstColumn: cut, compute))
            multiply(accumulate: false)
            expect("B transposed", sample.plain)
            // B as it is, from three sources below each other, whose bounds cut pairs.
            memory.reset()
            let bounds = [0, depth / 3, depth / 3 + depth / 4, depth]
            var pieces: [Packing] = []
            for (first, end) in zip(bounds, bounds.dropFirst()) {
                pieces += Packing.rows(Matrix(bT.base + first * columns, end - first, columns), into: packed, firstRow: first, compute)
            }
            compute.pack(pieces)
            c.fill(sample.before)
            multiply(accumulate: true)
            expect("B as it is", sample.onto)
            // A transposed.
            memory.reset()
            c.fill(sample.before)
            let rowsOfA = PackedRows(depth: depth, columns: rows, precision: .bf16, memory: left.base)
            compute.forRows(depth) { piece in
                piece.pack(Matrix(aT.base, depth, rows), into: rowsOfA)
                piece.pack(Matrix(bT.base, depth, columns), into: packed)
            }
            compute.addGradients(WeightGradients([WeightGradient(x: packed, dy: rowsOfA, gradient: target)]))
            expect("A transposed", sample.onto)
        }
    }

    let computes = instructionSets.flatMap { set in [1, 3].map { Compute(instructionSet: set, threads: $0) } }

    @Test func everyDepth() {
        for depth in Array(1...18) + [31, 32, 33, 47, 48, 49, 65] {
            for (rows, columns) in [(1, 1), (13, 33)] { check(Sample(rows, columns, depth), computes) }
        }
    }

    @Test func everyWidthAndHeight() {
        for columns in Array(1...18) + [31, 32, 33, 47, 48, 49, 65] { check(Sample(7, columns, 19), computes) }
        for rows in Array(1...26) + [47, 48, 49, 97] { check(Sample(rows, 17, 5), computes) }
    }

    /// Also pieces of packing of an odd place in the depth.
    @Test func aroundTheDepthBlock() {
        for depth in [255, 256, 257, 511, 512, 513, 1030] { check(Sample(13, 37, depth), computes) }
        check(Sample(3, 70, 700), computes)
    }

    /// Ties, numbers too small or too large, and what is none.
    @Test func unusualNumbers() {
        func bits(_ pattern: UInt32) -> Float { Float(bitPattern: pattern) }
        let inputs = [
            bits(0x3f80_8000), bits(0x3f81_8000), bits(0x3f80_8001), bits(0xbf81_7fff), bits(0x0000_0001), bits(0x807f_ffff), -0.0, bits(0x7f7f_ffff),
            .infinity, -.infinity, .nan,
        ]
        let expected: [Float] = [1, bits(0x3f82_0000), bits(0x3f81_0000), bits(0xbf81_0000), 0, 0, 0, .infinity, .infinity, -.infinity, .nan]
        let depth = 2
        for compute in computes {
            for (input, output) in zip(inputs, expected) {
                // Times 1, and plus 0 times 1, in either place.
                for place in 0..<depth {
                    let a = Guarded([0, 0]), b = Guarded([1, 1]), c = Guarded(1)
                    a.base[place] = input
                    let memory = Guarded(PackedMatrix.floatCount(depth: depth, columns: 1, compute))
                    let packed = PackedMatrix(depth: depth, columns: 1, precision: .bf16, memory: memory.base)
                    compute.pack(Packing.transposed(Matrix(b.base, 1, depth), into: packed, compute))
                    compute.forRows(1, roundedDepth: depth) { $0.multiply(Matrix(a.base, 1, depth), packed, into: Matrix(c.base, 1, 1)) }
                    let isRight = output.isNaN ? c.base[0].isNaN : c.base[0] == output
                    #expect(isRight, "\(compute.instructionSet), \(input) becomes \(c.base[0]), not \(output)")
                }
            }
        }
    }
}
