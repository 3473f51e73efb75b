@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// Causal attention with grouped query heads, through `Compute`, which lays out the units. Bounds: those of the kernels' comments.
@Suite struct AttentionTests {
    static let shapes: [AttentionReference] =
        (1...17).map { AttentionReference(batch: 1, length: $0, heads: 2, keyValueHeads: 1, headWidth: 6) }
        + [47, 48, 49, 97].map { AttentionReference(batch: 1, length: $0, heads: 2, keyValueHeads: 1, headWidth: 8) }
        + [1, 2, 3, 5, 7, 15, 16, 17, 31, 33].map { AttentionReference(batch: 1, length: 9, heads: 1, keyValueHeads: 1, headWidth: $0) }
        + [
            AttentionReference(batch: 2, length: 7, heads: 6, keyValueHeads: 2, headWidth: 4),
            AttentionReference(batch: 3, length: 5, heads: 4, keyValueHeads: 4, headWidth: 3),
            AttentionReference(batch: 1, length: 50, heads: 6, keyValueHeads: 1, headWidth: 5),
        ]

    /// Random inputs; `spread` widens the scores.
    struct Inputs {
        let q: [Float], k: [Float], v: [Float], dOut: [Float]

        init(_ s: AttentionReference, spread: Double = 1) {
            q = randomFloats(s.qCount, seed: s.length, deviation: spread)
            k = randomFloats(s.kvCount, seed: s.length + 100)
            v = randomFloats(s.kvCount, seed: s.length + 200)
            dOut = randomFloats(s.qCount, seed: s.length + 300)
        }

        func expected(_ s: AttentionReference) -> (out: [Double], rowMax: [Double], rowScale: [Double]) {
            s.forward(q: q.map { Double($0) }, k: k.map { Double($0) }, v: v.map { Double($0) })
        }

        func gradients(_ s: AttentionReference) -> AttentionReference.Gradients {
            s.backward(q: q.map { Double($0) }, k: k.map { Double($0) }, v: v.map { Double($0) }, dOut: dOut.map { Double($0) })
        }
    }

    struct Outputs {
        var out: [Float], rowMax: [Float], rowScale: [Float], dq: [Float], dk: [Float], dv: [Float]

        /// Forward and backward into memory filled with NaN.
        init(_ s: AttentionReference, _ inputs: Inputs, _ compute: Compute, sourceLocation: SourceLocation = #_sourceLocation) {
            let sources = [Guarded(inputs.q, .beforeWall), Guarded(inputs.k, .beforeWall), Guarded(inputs.v, .beforeWall), Guarded(inputs.dOut, .beforeWall)]
            let rows = s.batch * s.heads * s.length
            let results = [s.qCount, rows, rows, s.qCount, s.kvCount, s.kvCount].map { Guarded($0) }
            let tensors = AttentionTensors(
                batch: s.batch, length: s.length, heads: s.heads, keyValueHeads: s.keyValueHeads, headWidth: s.headWidth, q: sources[0].base,
                k: sources[1].base, v: sources[2].base, out: results[0].base, rowMax: results[1].base, rowScale: results[2].base)
            compute.attentionForward(tensors)
            compute.attentionBackward(tensors, dOut: sources[3].base, dq: results[3].base, dk: results[4].base, dv: results[5].base)
            #expect((sources + results).allSatisfy { $0.isIntact }, sourceLocation: sourceLocation)
            let values = results.map(\.values)
            (out, rowMax, rowScale, dq, dk, dv) = (values[0], values[1], values[2], values[3], values[4], values[5])
        }
    }

    func check(_ s: AttentionReference, _ inputs: Inputs, _ found: Outputs, _ name: Comment, sourceLocation: SourceLocation = #_sourceLocation) {
        let expected = inputs.expected(s)
        let largest = Double(inputs.v.map(abs).max() ?? 0)
        #expect(firstMiss(found.out, expected.out) { _ in 2e-6 * largest } == nil, name, sourceLocation: sourceLocation)
        #expect(firstMiss(found.rowMax, expected.rowMax) { _ in 5e-6 } == nil, name, sourceLocation: sourceLocation)
        #expect(firstMiss(found.rowScale, expected.rowScale) { 5e-6 * expected.rowScale[$0] } == nil, name, sourceLocation: sourceLocation)
        let gradients = inputs.gradients(s)
        #expect(firstMiss(found.dq, gradients.dq) { _ in 2e-6 * gradients.dqSize } == nil, name, sourceLocation: sourceLocation)
        #expect(firstMiss(found.dk, gradients.dk) { _ in 2e-6 * gradients.dkSize } == nil, name, sourceLocation: sourceLocation)
        #expect(firstMiss(found.dv, gradients.dv) { _ in 2e-6 * gradients.dvSize } == nil, name, sourceLocation: sourceLocation)
    }

    @Test(arguments: instructionSets)
    func againstTheReference(set: InstructionSet) {
        let compute = Compute(instructionSet: set)
        for shape in Self.shapes {
            let inputs = Inputs(shape)
            check(shape, inputs, Outputs(shape, inputs, compute), "\(shape)")
        }
    }

    /// Scores up to about 30, where a softmax is nearly a choice of one.
    @Test(arguments: instructionSets)
    func wideScores(set: InstructionSet) {
        let shape = AttentionReference(batch: 1, length: 40, heads: 2, keyValueHeads: 2, headWidth: 8)
        let inputs = Inputs(shape, spread: 6)
        let scores = inputs.expected(shape).rowMax
        #expect((scores.max() ?? 0) > 20 && (scores.max() ?? 0) < 32)
        check(shape, inputs, Outputs(shape, inputs, Compute(instructionSet: set)), "wide")
    }

    /// A later token changes no earlier output, and no gradient of an earlier output reaches it.
    @Test(arguments: instructionSets)
    func nothingLooksAhead(set: InstructionSet) {
        let compute = Compute(instructionSet: set)
        let long = AttentionReference(batch: 1, length: 60, heads: 2, keyValueHeads: 1, headWidth: 4)
        let inputs = Inputs(long)
        let all = Outputs(long, inputs, compute)
        for length in [1, 20, 48, 59] {
            let short = AttentionReference(batch: 1, length: length, heads: 2, keyValueHeads: 1, headWidth: 4)
            let (q, kv) = (short.qCount, short.kvCount)
            let tensors = [inputs.q, inputs.k, inputs.v].map { Guarded($0) }
            let (out, statistics) = (Guarded(q), [Guarded(2 * length), Guarded(2 * length)])
            compute.attentionForward(
                AttentionTensors(
                    batch: 1, length: length, heads: 2, keyValueHeads: 1, headWidth: 4, q: tensors[0].base, k: tensors[1].base, v: tensors[2].base,
                    out: out.base, rowMax: statistics[0].base, rowScale: statistics[1].base))
            #expect(firstBitDifference(out.values, Array(all.out.prefix(q))) == nil)
            #expect(kv < long.kvCount)
        }
    }

    @Test(arguments: instructionSets)
    func aNaNReachesItsOwnAndLaterRows(set: InstructionSet) {
        let shape = AttentionReference(batch: 2, length: 6, heads: 2, keyValueHeads: 2, headWidth: 4)
        let sound = Inputs(shape)
        var q = sound.q
        q[shape.qCount / 2] = .nan  // second sequence, first token, first head
        let memory = [Guarded(q), Guarded(sound.k), Guarded(sound.v), Guarded(shape.qCount), Guarded(24), Guarded(24)]
        Compute(instructionSet: set).attentionForward(
            AttentionTensors(
                batch: 2, length: 6, heads: 2, keyValueHeads: 2, headWidth: 4, q: memory[0].base, k: memory[1].base, v: memory[2].base,
                out: memory[3].base, rowMax: memory[4].base, rowScale: memory[5].base))
        let out = memory[3].values
        #expect(out.indices.allSatisfy { out[$0].isNaN == ((48..<52).contains($0)) })
    }

    @Test func threadsAndSetsGiveTheSameBits() {
        for shape in [
            AttentionReference(batch: 3, length: 50, heads: 6, keyValueHeads: 2, headWidth: 5),
            AttentionReference(batch: 2, length: 17, heads: 2, keyValueHeads: 2, headWidth: 16),
        ] {
            let inputs = Inputs(shape)
            _ = Machines.shared.results { compute in
                let found = Outputs(shape, inputs, compute)
                return found.out + found.rowMax + found.rowScale + found.dq + found.dk + found.dv
            }
        }
    }
}
