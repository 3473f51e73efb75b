@testable import Kernels
import TestSupport
import Testing

/// SwiGLU. Bounds: for |gate| <= 80 forward 5e-7 of the value; backward 2e-6 of |dOut up| and 5e-7 of the value.
@Suite struct GateTests {
    static let counts = Array(0...17) + [31, 32, 33, 100]
    /// Gates from -80 to 80, dense around 0.
    static let gates = (-800...800).map { Float($0) / 10 } + randomFloats(2000, seed: 1) + randomFloats(2000, seed: 2, deviation: 10)

    @Test(arguments: instructionSets)
    func forward(set: InstructionSet) {
        for count in Self.counts { checkForward(set, randomFloats(count, seed: count)) }
        checkForward(set, Self.gates)
    }

    func checkForward(_ set: InstructionSet, _ gate: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
        let up = randomFloats(gate.count, seed: 3)
        let expected = zip(gate, up).map { Reference.gate(Double($0), Double($1)) }
        let (g, u) = (Guarded(gate, .beforeWall), Guarded(up, .beforeWall))
        let (gateToo, upToo) = (Guarded(gate), Guarded(up))
        for (g, u, out) in [(g, u, Guarded(gate.count)), (gateToo, u, gateToo), (g, upToo, upToo)] {
            set.kernels.gateForward(g.base, u.base, out.base, gate.count)
            #expect(out.isIntact && g.isIntact && u.isIntact, sourceLocation: sourceLocation)
            guard !gate.isEmpty else { continue }
            let miss = firstMiss(out.values, expected) { 5e-7 * abs(expected[$0]) }
            #expect(miss == nil, "\(gate.count)", sourceLocation: sourceLocation)
        }
        #expect(g.values == gate && u.values == up, sourceLocation: sourceLocation)
    }

    @Test(arguments: instructionSets)
    func backward(set: InstructionSet) {
        for count in Self.counts { checkBackward(set, randomFloats(count, seed: count)) }
        checkBackward(set, Self.gates)
    }

    func checkBackward(_ set: InstructionSet, _ gate: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
        let up = randomFloats(gate.count, seed: 4), dOut = randomFloats(gate.count, seed: 5)
        let expected = gate.indices.map { Reference.gateGradient(Double(gate[$0]), Double(up[$0]), Double(dOut[$0])) }
        let (g, u, d) = (Guarded(gate), Guarded(up), Guarded(dOut, .beforeWall))
        let out = Guarded(gate.count)
        set.kernels.gateForward(g.base, u.base, out.base, gate.count)
        set.kernels.gateBackward(g.base, u.base, d.base, gate.count)
        // dOut becomes what forward gives, bit for bit.
        #expect(
            g.isIntact && u.isIntact && d.isIntact, sourceLocation: sourceLocation)
        let difference = firstBitDifference(d.values, out.values)
        #expect(gate.isEmpty || difference == nil, sourceLocation: sourceLocation)
        guard !gate.isEmpty else { return }
        let misses = [
            firstMiss(g.values, expected.map(\.gate)) { 2e-6 * abs(Double(dOut[$0]) * Double(up[$0])) },
            firstMiss(u.values, expected.map(\.up)) { 5e-7 * abs(expected[$0].up) },
        ]
        #expect(misses == [nil, nil], "\(gate.count)", sourceLocation: sourceLocation)
    }

    @Test(arguments: instructionSets)
    func backwardIsTheSlope(set: InstructionSet) {
        let gate = randomFloats(33, seed: 6, deviation: 3), up = randomFloats(33, seed: 7), dOut = randomFloats(33, seed: 8)
        let (g, u, d) = (Guarded(gate), Guarded(up), Guarded(dOut))
        set.kernels.gateBackward(g.base, u.base, d.base, 33)
        let slopes = gate.indices.map { i in
            let at = [Double(gate[i]), Double(up[i])]
            return [0, 1].map { Double(dOut[i]) * Reference.slope({ Reference.gate($0[0], $0[1]) }, at: at, $0) }
        }
        #expect(firstMiss(g.values, slopes.map { $0[0] }) { _ in 3e-6 } == nil)
        #expect(firstMiss(u.values, slopes.map { $0[1] }) { _ in 3e-6 } == nil)
    }

    /// Far outside the range nothing turns into a NaN, and what is not finite stays so.
    @Test(arguments: instructionSets)
    func theEndsOfTheRange(set: InstructionSet) {
        let gate: [Float] = [-1e30, -1000, -90, 90, 1000, 1e30, .nan, .infinity]
        let (g, u, out) = (Guarded(gate), Guarded([Float](repeating: 1, count: 8)), Guarded(8))
        set.kernels.gateForward(g.base, u.base, out.base, 8)
        let values = out.values
        #expect(values[1] <= 0 && values[1] > -1e-34 && values[2] <= 0 && values[2] > -1e-35)
        #expect(values[3] == 90 && values[4] == 1000 && values[5] == 1e30)
        #expect(values[6].isNaN && values[7] == .infinity)
    }

    /// Rows of gate and up beside each other, as a product leaves them: what stands between them is nobody's.
    @Test func threadsAndSetsGiveTheSameBits() {
        let (rows, width, row) = (300, 21, 45)
        let both = randomFloats(rows * row, seed: 9), dOut = randomFloats(rows * width, seed: 11)
        let results = Machines.shared.results { compute in
            let memory = Guarded(both), out = Guarded(rows * (width + 2)), d = Guarded(dOut, .beforeWall)
            let all = Matrix(memory.base, rows, row)
            let (gate, up) = (all.slice(0, width), all.slice(width + 1, width))
            compute.forRows(rows) { $0.gateForward(gate: gate, up: up, out: Matrix(out.base, rows, width, rowStride: width + 2)) }
            #expect(memory.values == both)
            compute.forRows(rows) { $0.gateBackward(gate: gate, up: up, dOut: Matrix(d.base, rows, width)) }
            #expect(memory.isIntact && out.isIntact && d.isIntact)
            #expect((0..<rows * width).allSatisfy { d.values[$0] == out.values[$0 / width * (width + 2) + $0 % width] })
            return out.values + memory.values
        }
        for (set, values) in results {
            let (out, gradients) = (values.prefix(rows * (width + 2)), Array(values.suffix(rows * row)))
            var isRight = true
            for i in 0..<rows {
                for j in 0..<width {
                    let (g, u, d) = (Double(both[i * row + j]), Double(both[i * row + width + 1 + j]), Double(dOut[i * width + j]))
                    let slope = Reference.gateGradient(g, u, d)
                    isRight = isRight && abs(Double(out[i * (width + 2) + j]) - Reference.gate(g, u)) <= 5e-7 * abs(Reference.gate(g, u))
                    isRight = isRight && abs(Double(gradients[i * row + j]) - slope.gate) <= 2e-6 * abs(d * u)
                    isRight = isRight && abs(Double(gradients[i * row + width + 1 + j]) - slope.up) <= 5e-7 * abs(slope.up)
                }
                for j in width..<width + 2 { isRight = isRight && PackingTests.isMark(out[i * (width + 2) + j]) }
                for j in [width, row - 2, row - 1] { isRight = isRight && gradients[i * row + j] == both[i * row + j] }
            }
            #expect(isRight, "\(set)")
        }
    }
}
