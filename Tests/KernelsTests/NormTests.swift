@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// RMSNorm. Bounds in 2^-24: forward (D / 32 + 8) of the value; backward (D / 16 + 12) and (rows + 4) of the terms' magnitudes.
@Suite struct NormTests {
    static let widths = Array(1...17) + [31, 32, 33, 63, 64, 65, 200]
    static let epsilon: Float = 1e-5

    @Test(arguments: instructionSets)
    func forward(set: InstructionSet) {
        for width in Self.widths {
            for rows in [0, 1, 3] { checkForward(set, randomFloats(rows * width, seed: width), rows: rows, width: width) }
        }
        // Sizes that the rounding of a long sum shows in, and the ends of the range.
        checkForward(set, [Float](repeating: 0.333_333_3, count: 4096), rows: 1, width: 4096)
        checkForward(set, randomFloats(2 * 4096, seed: 0), rows: 2, width: 4096)
        for size in [Float(1e-12), 1e-6, 1e4, 1e15] {
            checkForward(set, randomFloats(99, seed: 1).map { $0 < 0 ? -size : size * (1 + abs($0) / 8) }, rows: 3, width: 33)
        }
        checkForward(set, [Float](repeating: 0, count: 40), rows: 2, width: 20)
    }

    func checkForward(_ set: InstructionSet, _ x: [Float], rows: Int, width: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        let weight = randomFloats(width, seed: 7)
        let expected = Reference.normForward(x: x.map { Double($0) }, weight: weight.map { Double($0) }, rows: rows, epsilon: Double(Self.epsilon))
        let (source, scale) = (Guarded(x, .beforeWall), Guarded(weight, .beforeWall))
        let inPlace = Guarded(x)
        for (input, y) in [(source, Guarded(x.count)), (inPlace, inPlace)] {
            let r = Guarded(rows)
            set.kernels.normForward(
                NormRows(rows: rows, width: width, epsilon: Self.epsilon, x: input.base, weight: scale.base, y: y.base, yRow: width, r: r.base))
            #expect(y.isIntact && r.isIntact && source.isIntact && scale.isIntact, sourceLocation: sourceLocation)
            guard rows > 0 else { continue }
            let bound = (Double(width) / 32 + 8) * 0x1p-24
            let misses = [
                firstMiss(y.values, expected.y) { bound * abs(expected.y[$0]) }, firstMiss(r.values, expected.r) { bound * abs(expected.r[$0]) },
            ]
            #expect(misses == [nil, nil], "width \(width)", sourceLocation: sourceLocation)
        }
        #expect(source.values == x, sourceLocation: sourceLocation)
        // Rows of y that lie apart hold the same bits, and what is between them stays.
        let apart = Guarded(rows * (width + 3)), r = Guarded(rows)
        set.kernels.normForward(
            NormRows(rows: rows, width: width, epsilon: Self.epsilon, x: source.base, weight: scale.base, y: apart.base, yRow: width + 3, r: r.base))
        let isSame = (0..<apart.count).allSatisfy {
            let (row, column) = ($0 / (width + 3), $0 % (width + 3))
            return column < width ? apart.base[$0].bitPattern == inPlace.base[row * width + column].bitPattern : PackingTests.isMark(apart.base[$0])
        }
        #expect(isSame && apart.isIntact && r.isIntact, "width \(width)", sourceLocation: sourceLocation)
    }

    @Test(arguments: instructionSets)
    func backward(set: InstructionSet) {
        for width in Self.widths {
            for rows in [0, 1, 5] { checkBackward(set, rows: rows, width: width) }
        }
        checkBackward(set, rows: 2, width: 4096)
    }

    func checkBackward(_ set: InstructionSet, rows: Int, width: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        let x = randomFloats(rows * width, seed: width), weight = randomFloats(width, seed: 8), dy = randomFloats(rows * width, seed: 9)
        let before = randomFloats(rows * width, seed: 10), weightBefore = randomFloats(width, seed: 11)
        let exactR = Reference.normForward(
            x: x.map { Double($0) }, weight: weight.map { Double($0) }, rows: rows, epsilon: Double(Self.epsilon)).r
        let r = exactR.map { Float($0) }
        let expected = Reference.normBackward(
            x: x.map { Double($0) }, weight: weight.map { Double($0) }, r: r.map { Double($0) }, dy: dy.map { Double($0) })
        let gap = 3
        let inputs = [Guarded(x, .beforeWall), Guarded(weight, .beforeWall), Guarded(r, .beforeWall), Guarded(before, .beforeWall)]
        let apart = Guarded(rows == 0 ? 0 : rows * (width + gap) - gap, .beforeWall)
        for (at, value) in dy.enumerated() { apart.base[at / width * (width + gap) + at % width] = value }
        let dense = Guarded(dy, .beforeWall)
        /// The gradient that goes past the norm: there is none, it stands elsewhere, or where the result goes.
        enum Past: CaseIterable { case none, elsewhere, inPlace }
        for past in Past.allCases {
            var first: [Float]?
            for (hasWeight, isApart) in [(false, false), (true, false), (true, true)] {
                let (dx, dWeight) = (past == .inPlace ? Guarded(before) : Guarded(x.count), Guarded(weightBefore))
                set.kernels.normBackward(
                    NormRows(
                        rows: rows, width: width, epsilon: Self.epsilon, x: inputs[0].base, weight: inputs[1].base, y: isApart ? apart.base : dense.base,
                        yRow: isApart ? width + gap : width, r: inputs[2].base,
                        past: past == .none ? nil : past == .inPlace ? Input(dx.base) : Input(inputs[3].base), dx: dx.base,
                        dWeight: hasWeight ? dWeight.base : nil))
                #expect(
                    dx.isIntact && dWeight.isIntact && dense.isIntact && apart.isIntact && inputs.allSatisfy { $0.isIntact },
                    sourceLocation: sourceLocation)
                guard rows > 0 else {
                    #expect(dWeight.values == weightBefore, sourceLocation: sourceLocation)
                    continue
                }
                #expect(firstBitDifference(dx.values, first ?? dx.values) == nil, sourceLocation: sourceLocation)
                first = dx.values
                let beside = past == .none ? before.map { _ in 0.0 } : before.map { Double($0) }
                let miss = firstMiss(dx.values, zip(beside, expected.dx).map { $0 + $1 }) {
                    (Double(width) / 16 + 12) * 0x1p-24 * (abs(beside[$0]) + expected.dxSize[$0])
                }
                #expect(miss == nil, "dx, width \(width), past \(past)", sourceLocation: sourceLocation)
                guard hasWeight else {
                    #expect(dWeight.values == weightBefore, sourceLocation: sourceLocation)
                    continue
                }
                let weightMiss = firstMiss(dWeight.values, zip(weightBefore, expected.dWeight).map { Double($0) + $1 }) {
                    Double(rows + 4) * 0x1p-24 * (abs(Double(weightBefore[$0])) + expected.dWeightSize[$0])
                }
                #expect(weightMiss == nil, "dWeight, width \(width)", sourceLocation: sourceLocation)
            }
        }
        #expect(dense.values == dy && inputs[3].values == before, sourceLocation: sourceLocation)
    }

    /// Both gradients are the slopes of the forward pass.
    @Test(arguments: instructionSets)
    func backwardIsTheSlope(set: InstructionSet) {
        let (rows, width) = (2, 19)
        let x = randomFloats(rows * width, seed: 1), weight = randomFloats(width, seed: 2), dy = randomFloats(rows * width, seed: 3)
        func objective(_ x: [Double], _ weight: [Double]) -> Double {
            let y = Reference.normForward(x: x, weight: weight, rows: rows, epsilon: Double(Self.epsilon)).y
            return zip(y, dy).reduce(0) { $0 + $1.0 * Double($1.1) }
        }
        let (xs, weights) = (x.map { Double($0) }, weight.map { Double($0) })
        let (source, scale, dOut) = (Guarded(x), Guarded(weight), Guarded(dy))
        let (y, r) = (Guarded(rows * width), Guarded(rows))
        let dx = Guarded(rows * width), dWeight = Guarded([Float](repeating: 0, count: width))
        var n = NormRows(rows: rows, width: width, epsilon: Self.epsilon, x: source.base, weight: scale.base, y: y.base, yRow: width, r: r.base)
        set.kernels.normForward(n)
        (n.y, n.dx, n.dWeight) = (dOut.base, dx.base, dWeight.base)
        set.kernels.normBackward(n)
        #expect(firstMiss(dx.values, x.indices.map { Reference.slope({ objective($0, weights) }, at: xs, $0) }) { _ in 2e-6 } == nil)
        #expect(firstMiss(dWeight.values, weight.indices.map { Reference.slope({ objective(xs, $0) }, at: weights, $0) }) { _ in 2e-6 } == nil)
    }

    /// What has overflowed must not come out as the finite number 0.
    @Test(arguments: instructionSets)
    func whatIsNotFiniteGivesNaN(set: InstructionSet) {
        for bad in [Float.nan, .infinity, -.infinity, 1e20] {
            for width in [1, 5, 16, 40] {
                var x = randomFloats(3 * width, seed: width)
                x[2 * width - 1] = bad
                let (source, weight, y, r) = (Guarded(x), Guarded([Float](repeating: 1, count: width)), Guarded(3 * width), Guarded(3))
                set.kernels.normForward(
                    NormRows(rows: 3, width: width, epsilon: Self.epsilon, x: source.base, weight: weight.base, y: y.base, yRow: width, r: r.base))
                #expect(y.values.indices.allSatisfy { y.values[$0].isNaN == ($0 / width == 1) }, "\(bad), width \(width)")
                #expect(r.values.map { $0.isNaN } == [false, true, false])
            }
        }
    }

    /// Rows in pieces: y apart, the weight's gradient in parts that are added in the order of the pieces.
    @Test func threadsAndSetsGiveTheSameBits() {
        let (rows, width, gap) = (300, 37, 11)
        let x = FloatBuffer(randomFloats(rows * width, seed: 1)), weight = FloatBuffer(randomFloats(width, seed: 2))
        let dy = FloatBuffer(randomFloats(rows * (width + gap), seed: 3)), past = FloatBuffer(randomFloats(rows * width, seed: 4))
        let results = Machines.shared.results { compute in
            let (y, r, dx, dWeight) = (Guarded(rows * (width + gap)), Guarded(rows), Guarded(past.values), Guarded(weight.values))
            let partial = compute.partialRows(rows, width: width)
            compute.forRows(rows) { piece in
                piece.normForward(
                    x: x.base, weight: weight.base, y: Matrix(y.base, rows, width, rowStride: width + gap), r: r.base, epsilon: Self.epsilon)
                piece.normBackward(
                    x: x.base, weight: weight.base, r: r.base, dy: Matrix(dy.base, rows, width, rowStride: width + gap), past: dx.base, dx: dx.base,
                    partial: partial, epsilon: Self.epsilon)
            }
            compute.addPartials(partial, rows: rows, width: width, to: dWeight.base)
            let (dense, denseR) = (Guarded(rows * width), Guarded(rows))
            compute.normForward(x: x.base, weight: weight.base, y: dense.base, r: denseR.base, rows: rows, width: width, epsilon: Self.epsilon)
            #expect([y, r, dx, dWeight, dense, denseR].allSatisfy { $0.isIntact })
            let rest = (0..<y.count).filter { $0 % (width + gap) >= width }
            #expect(rest.allSatisfy { PackingTests.isMark(y.base[$0]) })
            let out = (0..<rows * width).map { y.base[$0 / width * (width + gap) + $0 % width] }
            #expect(firstBitDifference(dense.values + denseR.values, out + r.values) == nil)
            return out + r.values + dx.values + dWeight.values
        }
        let expected = Reference.normForward(x: x.values.map { Double($0) }, weight: weight.values.map { Double($0) }, rows: rows, epsilon: 1e-5)
        let dense = (0..<rows * width).map { Double(dy.base[$0 / width * (width + gap) + $0 % width]) }
        let gradients = Reference.normBackward(x: x.values.map { Double($0) }, weight: weight.values.map { Double($0) }, r: expected.r, dy: dense)
        for (set, values) in results {
            let n = rows * width
            let misses = [
                firstMiss(Array(values[..<n]), expected.y) { 10 * 0x1p-24 * abs(expected.y[$0]) },
                firstMiss(Array(values[(n + rows)..<(2 * n + rows)]), zip(past.values, gradients.dx).map { Double($0) + $1 }) {
                    28 * 0x1p-24 * (abs(Double(past.values[$0])) + gradients.dxSize[$0])
                },
                firstMiss(Array(values.suffix(width)), zip(weight.values, gradients.dWeight).map { Double($0) + $1 }) {
                    Double(rows) * 0x1p-24 * (1 + gradients.dWeightSize[$0])
                },
            ]
            #expect(misses == [nil, nil, nil], "\(set)")
        }
    }
}
