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
                NormRows(rows: rows, width: width, epsilon: Self.epsilon, x: input.base, weight: scale.base, y: y.base, r: r.base))
            #expect(y.isIntact && r.isIntact && source.isIntact && scale.isIntact, sourceLocation: sourceLocation)
            guard rows > 0 else { continue }
            let bound = (Double(width) / 32 + 8) * 0x1p-24
            let misses = [
                firstMiss(y.values, expected.y) { bound * abs(expected.y[$0]) }, firstMiss(r.values, expected.r) { bound * abs(expected.r[$0]) },
            ]
            #expect(misses == [nil, nil], "width \(width)", sourceLocation: sourceLocation)
        }
        #expect(source.values == x, sourceLocation: sourceLocation)
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
        let inputs = [Guarded(x, .beforeWall), Guarded(weight, .beforeWall), Guarded(dy, .beforeWall), Guarded(r, .beforeWall)]
        var withoutWeight: [Float] = []
        for hasWeight in [false, true] {
            let (dx, dWeight) = (Guarded(before), Guarded(weightBefore))
            set.kernels.normBackward(
                NormRows(
                    rows: rows, width: width, epsilon: Self.epsilon, x: inputs[0].base, weight: inputs[1].base, y: inputs[2].base,
                    r: inputs[3].base, dx: dx.base, dWeight: hasWeight ? dWeight.base : nil))
            #expect(dx.isIntact && dWeight.isIntact && inputs.allSatisfy { $0.isIntact }, sourceLocation: sourceLocation)
            if hasWeight { #expect(dx.values == withoutWeight, sourceLocation: sourceLocation) }
            withoutWeight = dx.values
            guard rows > 0, hasWeight else {
                #expect(dWeight.values == weightBefore, sourceLocation: sourceLocation)
                continue
            }
            let miss = firstMiss(dx.values, zip(before, expected.dx).map { Double($0) + $1 }) {
                (Double(width) / 16 + 12) * 0x1p-24 * (abs(Double(before[$0])) + expected.dxSize[$0])
            }
            #expect(miss == nil, "dx, width \(width)", sourceLocation: sourceLocation)
            let weightMiss = firstMiss(dWeight.values, zip(weightBefore, expected.dWeight).map { Double($0) + $1 }) {
                Double(rows + 4) * 0x1p-24 * (abs(Double(weightBefore[$0])) + expected.dWeightSize[$0])
            }
            #expect(weightMiss == nil, "dWeight, width \(width)", sourceLocation: sourceLocation)
        }
        #expect(inputs[2].values == dy, sourceLocation: sourceLocation)
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
        let dx = Guarded([Float](repeating: 0, count: rows * width)), dWeight = Guarded([Float](repeating: 0, count: width))
        var n = NormRows(rows: rows, width: width, epsilon: Self.epsilon, x: source.base, weight: scale.base, y: y.base, r: r.base)
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
                    NormRows(rows: 3, width: width, epsilon: Self.epsilon, x: source.base, weight: weight.base, y: y.base, r: r.base))
                #expect(y.values.indices.allSatisfy { y.values[$0].isNaN == ($0 / width == 1) }, "\(bad), width \(width)")
                #expect(r.values.map { $0.isNaN } == [false, true, false])
            }
        }
    }

    @Test func threadsAndSetsGiveTheSameBits() {
        let (rows, width) = (200, 37)
        let x = FloatBuffer(randomFloats(rows * width, seed: 1)), weight = FloatBuffer(randomFloats(width, seed: 2))
        let dy = FloatBuffer(randomFloats(rows * width, seed: 3))
        let results = Machines.shared.results { compute in
            let (y, r, dx, dWeight) = (Guarded(rows * width), Guarded(rows), Guarded(x.values), Guarded(weight.values))
            compute.normForward(x: x.base, weight: weight.base, y: y.base, r: r.base, rows: rows, width: width, epsilon: Self.epsilon)
            compute.normBackward(
                x: x.base, weight: weight.base, r: r.base, dy: dy.base, dx: dx.base, dWeight: dWeight.base, rows: rows, width: width,
                epsilon: Self.epsilon)
            #expect(y.isIntact && r.isIntact && dx.isIntact && dWeight.isIntact)
            return y.values + r.values + dx.values + dWeight.values
        }
        // The pieces' sums of dWeight are put together rightly.
        let expected = Reference.normForward(x: x.values.map { Double($0) }, weight: weight.values.map { Double($0) }, rows: rows, epsilon: 1e-5)
        let gradients = Reference.normBackward(
            x: x.values.map { Double($0) }, weight: weight.values.map { Double($0) }, r: expected.r, dy: dy.values.map { Double($0) })
        for (set, values) in results {
            let sum = zip(weight.values, gradients.dWeight).map { Double($0) + $1 }
            let miss = firstMiss(Array(values.suffix(width)), sum) { Double(rows) * 0x1p-24 * (1 + gradients.dWeightSize[$0]) }
            #expect(miss == nil, "\(set)")
        }
    }
}
