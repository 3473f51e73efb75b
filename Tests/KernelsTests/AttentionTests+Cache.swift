@testable import Kernels
import TestSupport
import Testing

extension AttentionTests {
    /// Queries whose earlier keys and values are kept have the bits that they have in the whole sequence, wherever it is cut.
    @Test(arguments: [(150, 6, 2, 2), (67, 16, 1, 1), (131, 5, 3, 1)])
    func keptKeysAndValuesChangeNoBit(length: Int, width: Int, group: Int, keyValueHeads: Int) {
        let shape = Self.shape(length, width, group: group, keyValueHeads: keyValueHeads, batch: 2)
        let inputs = Inputs(shape)
        let (qRow, kvRow) = (shape.heads * width, keyValueHeads * width)
        for compute in computes {
            let expected = Outputs(shape, inputs, compute).out
            for cut in [1, 2, 15, 16, 17, 32, 33, 63, 64, 65, length] {
                var found = [Float](repeating: .nan, count: expected.count)
                // The cache holds what comes later too, as one that is used again does; and the sequences swap places in it.
                let (keys, values) = (FloatBuffer(2 * length * kvRow), FloatBuffer(2 * length * kvRow))
                for slot in 0..<2 {
                    for i in 0..<length * kvRow {
                        keys.base[slot * length * kvRow + i] = inputs.k[(1 - slot) * length * kvRow + i]
                        values.base[slot * length * kvRow + i] = inputs.v[(1 - slot) * length * kvRow + i]
                    }
                }
                for past in stride(from: 0, to: length, by: cut) {
                    let count = min(cut, length - past)
                    let (q, out) = (FloatBuffer(2 * count * qRow), FloatBuffer(2 * count * qRow))
                    let (rowMax, rowScale) = (FloatBuffer(2 * count * shape.heads), FloatBuffer(2 * count * shape.heads))
                    for sequence in 0..<2 {
                        for i in 0..<count * qRow { q.base[sequence * count * qRow + i] = inputs.q[(sequence * length + past) * qRow + i] }
                    }
                    compute.attentionForward(
                        CachedAttention(
                            heads: shape.heads, keyValueHeads: keyValueHeads, headWidth: width, positions: length, q: q.base, rowStride: qRow,
                            out: out.base, keys: keys.base, values: values.base, rowMax: rowMax.base, rowScale: rowScale.base),
                        (0..<2).map { CachedSegment(slot: 1 - $0, firstRow: $0 * count, count: count, past: past) })
                    for sequence in 0..<2 {
                        for i in 0..<count * qRow { found[(sequence * length + past) * qRow + i] = out.base[sequence * count * qRow + i] }
                    }
                }
                #expect(firstBitDifference(found, expected) == nil, "\(compute.instructionSet), cut \(cut)")
            }
        }
    }
}
