@testable import Kernels
import TestSupport
import Testing

extension AttentionTests {
    /// Random inputs; `spread` widens the scores.
    struct Inputs {
        var q: [Float], k: [Float], v: [Float], dOut: [Float]

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

    /// Rows of `width` floats, `row` apart, of every sequence.
    struct Rows {
        let memory: Guarded, width: Int, row: Int

        /// - Parameter values: what is in the rows at the start; marks without.
        init(_ count: Int, _ width: Int, row: Int, _ values: [Float]? = nil) {
            (self.width, self.row) = (width, row)
            memory = Guarded(count == 0 ? 0 : (count - 1) * row + width, .beforeWall)
            for (at, value) in (values ?? []).enumerated() { memory.base[at / width * row + at % width] = value }
        }

        var values: [Float] { memory.values.enumerated().filter { $0.offset % row < width }.map(\.element) }

        /// Whether nothing outside of the rows was written.
        var isIntact: Bool {
            memory.isIntact && memory.values.enumerated().allSatisfy { $0.offset % row < width || PackingTests.isMark($0.element) }
        }
    }

    struct Outputs {
        var out: [Float], rowMax: [Float], rowScale: [Float], dq: [Float] = [], dk: [Float] = [], dv: [Float] = []

        /// Forward and backward into memory filled with NaN. Queries, keys and values lie `gap` floats further apart than they need.
        init(
            _ s: AttentionReference, _ inputs: Inputs, _ compute: Compute, gap: Int = 3, isForwardOnly: Bool = false,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let (tokens, qWidth, kvWidth) = (s.batch * s.length, s.heads * s.headWidth, s.keyValueHeads * s.headWidth)
            let row = qWidth + gap
            let q = Rows(tokens, qWidth, row: row, inputs.q)
            let (k, v) = (Rows(tokens, kvWidth, row: row, inputs.k), Rows(tokens, kvWidth, row: row, inputs.v))
            let (dq, dk, dv) = (Rows(tokens, qWidth, row: row), Rows(tokens, kvWidth, row: row), Rows(tokens, kvWidth, row: row))
            let (out, dOut) = (Guarded(s.qCount), Guarded(inputs.dOut, .beforeWall))
            let (rowMax, rowScale) = (Guarded(tokens * s.heads), Guarded(tokens * s.heads))
            let tensors = AttentionTensors(
                batch: s.batch, length: s.length, heads: s.heads, keyValueHeads: s.keyValueHeads, headWidth: s.headWidth, q: q.memory.base,
                k: k.memory.base, v: v.memory.base, rowStride: row, out: out.base, rowMax: rowMax.base, rowScale: rowScale.base)
            compute.attentionForward(tensors)
            (self.out, self.rowMax, self.rowScale) = (out.values, rowMax.values, rowScale.values)
            if !isForwardOnly {
                compute.attentionBackward(tensors, dOut: dOut.base, dq: dq.memory.base, dk: dk.memory.base, dv: dv.memory.base)
                (self.dq, self.dk, self.dv) = (dq.values, dk.values, dv.values)
                let isSame = firstBitDifference(out.values + rowMax.values + rowScale.values, self.out + self.rowMax + self.rowScale) == nil
                #expect(isSame, "backward writes no output", sourceLocation: sourceLocation)
            }
            let isIntact = [q, k, v, dq, dk, dv].allSatisfy { $0.isIntact } && [out, dOut, rowMax, rowScale].allSatisfy { $0.isIntact }
            #expect(isIntact, sourceLocation: sourceLocation)
            let isUnchanged = zip([q.values, k.values, v.values], [inputs.q, inputs.k, inputs.v]).allSatisfy { firstBitDifference($0, $1) == nil }
            #expect(isUnchanged, sourceLocation: sourceLocation)
        }
    }
}
