import KernelTypes

/// Where the tensors of one attention layer stand. q: rows of heads * headWidth; k, v: rows of keyValueHeads * headWidth; all three `rowStride` apart,
/// as in their gradients. out and its gradient: dense (batch * length, heads * headWidth). rowMax, rowScale: (batch, heads, length).
public struct AttentionTensors {
    public var batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int
    public var q: UnsafeMutablePointer<Float>, k: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, rowStride: Int
    public var out: UnsafeMutablePointer<Float>
    public var rowMax: UnsafeMutablePointer<Float>, rowScale: UnsafeMutablePointer<Float>

    public init(
        batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int,
        q: UnsafeMutablePointer<Float>, k: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>, rowStride: Int,
        out: UnsafeMutablePointer<Float>, rowMax: UnsafeMutablePointer<Float>, rowScale: UnsafeMutablePointer<Float>
    ) {
        (self.batch, self.length, self.heads, self.keyValueHeads, self.headWidth) = (batch, length, heads, keyValueHeads, headWidth)
        (self.q, self.k, self.v, self.rowStride, self.out, self.rowMax, self.rowScale) = (q, k, v, rowStride, out, rowMax, rowScale)
    }
}

/// Gradients of the tensors of an attention layer: dOut as out, the others as what they are of.
struct AttentionGradients {
    var dOut: Input, dq: Output, dk: Output, dv: Output
}

extension Compute {
    /// Causal attention over every sequence and head.
    public func attentionForward(_ tensors: AttentionTensors) { run(tensors, nil) }

    /// Backward of attention: writes dq, dk, dv.
    public func attentionBackward(
        _ tensors: AttentionTensors, dOut: UnsafePointer<Float>, dq: UnsafeMutablePointer<Float>, dk: UnsafeMutablePointer<Float>,
        dv: UnsafeMutablePointer<Float>
    ) {
        run(tensors, AttentionGradients(dOut: dOut, dq: dq, dk: dk, dv: dv))
    }

    private func run(_ t: AttentionTensors, _ gradients: AttentionGradients?) {
        reserveScratch(
            AttentionUnit.scratch(headWidth: t.headWidth, panelWidth: kernels.pointee.panelWidth, productScratch: kernels.pointee.productScratch))
        pool.forEach(t.batch * t.keyValueHeads, AttentionWork(compute: self, tensors: t, gradients: gradients))
    }
}

/// New tokens of one sequence, whose earlier keys and values are kept.
public struct CachedSegment: Sendable {
    /// The sequence's place in the cache.
    public var slot: Int
    /// Rows `firstRow` ..< `firstRow + count` of the batch are its tokens at the positions from `past` on.
    public var firstRow: Int, count: Int, past: Int

    public init(slot: Int, firstRow: Int, count: Int, past: Int) {
        (self.slot, self.firstRow, self.count, self.past) = (slot, firstRow, count, past)
    }
}

/// Where the tensors of one attention layer stand that keeps its keys and values. q: rows of heads * headWidth, `rowStride` apart; out: dense rows;
/// keys, values: (slots, positions, keyValueHeads * headWidth), those of the new tokens too; rowMax, rowScale: scratch (rows, heads).
public struct CachedAttention {
    public var heads: Int, keyValueHeads: Int, headWidth: Int, positions: Int
    public var q: UnsafeMutablePointer<Float>, rowStride: Int, out: UnsafeMutablePointer<Float>
    public var keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>
    public var rowMax: UnsafeMutablePointer<Float>, rowScale: UnsafeMutablePointer<Float>

    public init(
        heads: Int, keyValueHeads: Int, headWidth: Int, positions: Int, q: UnsafeMutablePointer<Float>, rowStride: Int,
        out: UnsafeMutablePointer<Float>, keys: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>,
        rowMax: UnsafeMutablePointer<Float>, rowScale: UnsafeMutablePointer<Float>
    ) {
        (self.heads, self.keyValueHeads, self.headWidth, self.positions) = (heads, keyValueHeads, headWidth, positions)
        (self.q, self.rowStride, self.out, self.keys, self.values) = (q, rowStride, out, keys, values)
        (self.rowMax, self.rowScale) = (rowMax, rowScale)
    }
}

extension Compute {
    /// Causal attention of new tokens of several sequences over themselves and what was before them: the bits that the whole sequences give.
    public func attentionForward(_ tensors: CachedAttention, _ segments: [CachedSegment]) {
        reserveScratch(
            AttentionUnit.scratch(
                headWidth: tensors.headWidth, panelWidth: kernels.pointee.panelWidth, productScratch: kernels.pointee.productScratch))
        pool.forEach(segments.count * tensors.keyValueHeads, CachedAttentionWork(compute: self, tensors: tensors, segments: segments))
    }
}

private struct CachedAttentionWork: PieceWork {
    unowned(unsafe) let compute: Compute
    let tensors: CachedAttention, segments: [CachedSegment]

    func run(_ piece: Int, _ thread: Int) {
        let t = tensors
        let (segment, head) = (segments[piece / t.keyValueHeads], piece % t.keyValueHeads)
        let group = t.heads / t.keyValueHeads
        let (outRow, kvRow) = (t.heads * t.headWidth, t.keyValueHeads * t.headWidth)
        let kvOffset = segment.slot * t.positions * kvRow + head * t.headWidth
        let statistics = segment.firstRow * t.heads + head * group * segment.count
        var unit = AttentionUnit(
            length: segment.count, headWidth: t.headWidth, group: group,
            q: Input(t.q) + segment.firstRow * t.rowStride + head * group * t.headWidth, qRow: t.rowStride,
            out: t.out + segment.firstRow * outRow + head * group * t.headWidth, outRow: outRow, k: Input(t.keys) + kvOffset,
            v: Input(t.values) + kvOffset, kvRow: kvRow, rowMax: t.rowMax + statistics, rowScale: t.rowScale + statistics,
            scratch: compute.scratch(of: thread))
        unit.past = segment.past
        compute.kernels.pointee.attentionForward(unit)
    }
}

/// One unit a sequence and key-value head: the query heads that share it add to its gradients in their order.
private struct AttentionWork: PieceWork {
    unowned(unsafe) let compute: Compute
    let tensors: AttentionTensors
    let gradients: AttentionGradients?

    func run(_ piece: Int, _ thread: Int) {
        let t = tensors
        let group = t.heads / t.keyValueHeads
        let outRow = t.heads * t.headWidth
        let (sequence, head) = (piece / t.keyValueHeads, piece % t.keyValueHeads)
        let row = sequence * t.length
        let qOffset = row * t.rowStride + head * group * t.headWidth
        let kvOffset = row * t.rowStride + head * t.headWidth
        let outOffset = row * outRow + head * group * t.headWidth
        let statistics = (sequence * t.heads + head * group) * t.length
        var unit = AttentionUnit(
            length: t.length, headWidth: t.headWidth, group: group, q: Input(t.q) + qOffset, qRow: t.rowStride, out: t.out + outOffset, outRow: outRow,
            k: Input(t.k) + kvOffset, v: Input(t.v) + kvOffset, kvRow: t.rowStride, rowMax: t.rowMax + statistics, rowScale: t.rowScale + statistics,
            scratch: compute.scratch(of: thread))
        guard let gradients else {
            compute.kernels.pointee.attentionForward(unit)
            return
        }
        unit.dOut = gradients.dOut + outOffset
        unit.dq = gradients.dq + qOffset
        unit.dk = gradients.dk + kvOffset
        unit.dv = gradients.dv + kvOffset
        compute.kernels.pointee.attentionBackward(unit)
    }
}
