import KernelTypes

/// Where the tensors of one attention layer stand. q, out and their gradients: (batch * length, heads * headWidth); k, v and
/// theirs: (batch * length, keyValueHeads * headWidth); rowMax, rowScale: (batch, heads, length).
public struct AttentionTensors {
    public var batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int
    public var q: UnsafeMutablePointer<Float>, k: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>
    public var out: UnsafeMutablePointer<Float>
    public var rowMax: UnsafeMutablePointer<Float>, rowScale: UnsafeMutablePointer<Float>

    public init(
        batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int,
        q: UnsafeMutablePointer<Float>, k: UnsafeMutablePointer<Float>, v: UnsafeMutablePointer<Float>,
        out: UnsafeMutablePointer<Float>, rowMax: UnsafeMutablePointer<Float>, rowScale: UnsafeMutablePointer<Float>
    ) {
        (self.batch, self.length, self.heads, self.keyValueHeads, self.headWidth) = (batch, length, heads, keyValueHeads, headWidth)
        (self.q, self.k, self.v, self.out, self.rowMax, self.rowScale) = (q, k, v, out, rowMax, rowScale)
    }
}

extension Compute {
    /// Turns rows (batch * length, heads * headWidth) in place by their position in the sequence; backward turns the gradient.
    public func rotate(
        _ x: UnsafeMutablePointer<Float>, batch: Int, length: Int, heads: Int, headWidth: Int,
        cosine: UnsafePointer<Float>, sine: UnsafePointer<Float>, isBackward: Bool
    ) {
        let row = heads * headWidth
        let rowsAPiece = 128
        let piecesASequence = (length + rowsAPiece - 1) / rowsAPiece
        pool.forEach(batch * piecesASequence) { piece, _ in
            let first = piece % piecesASequence * rowsAPiece
            kernels.rotate(
                RotaryRows(
                    rows: min(rowsAPiece, length - first), heads: heads, headWidth: headWidth, firstPosition: first,
                    x: x + (piece / piecesASequence * length + first) * row, xRow: row, cosine: cosine, sine: sine, isBackward: isBackward))
        }
    }

    /// Causal attention over every sequence and head.
    public func attentionForward(_ t: AttentionTensors) {
        forUnits(t) { unit, _, _ in kernels.attentionForward(unit) }
    }

    /// Backward of attention: writes dq, dk, dv.
    public func attentionBackward(
        _ t: AttentionTensors, dOut: UnsafePointer<Float>, dq: UnsafeMutablePointer<Float>, dk: UnsafeMutablePointer<Float>,
        dv: UnsafeMutablePointer<Float>
    ) {
        forUnits(t) { unit, qOffset, kvOffset in
            var unit = unit
            unit.dOut = dOut + qOffset
            unit.dq = dq + qOffset
            unit.dk = dk + kvOffset
            unit.dv = dv + kvOffset
            for row in 0..<t.length {
                (dk + kvOffset + row * unit.kvRow).update(repeating: 0, count: t.headWidth)
                (dv + kvOffset + row * unit.kvRow).update(repeating: 0, count: t.headWidth)
            }
            kernels.attentionBackward(unit)
        }
    }

    /// One unit a sequence and key-value head: the query heads that share it add to its gradients in their order.
    private func forUnits(_ t: AttentionTensors, _ body: (_ unit: AttentionUnit, _ qOffset: Int, _ kvOffset: Int) -> Void) {
        let group = t.heads / t.keyValueHeads
        let qRow = t.heads * t.headWidth
        let kvRow = t.keyValueHeads * t.headWidth
        let scratch = threadScratch(
            AttentionUnit.scratch(
                length: t.length, headWidth: t.headWidth, panelWidth: kernels.panelWidth, productScratch: kernels.productScratch))
        pool.forEach(t.batch * t.keyValueHeads) { piece, thread in
            let sequence = piece / t.keyValueHeads
            let head = piece % t.keyValueHeads
            let qOffset = sequence * t.length * qRow + head * group * t.headWidth
            let kvOffset = sequence * t.length * kvRow + head * t.headWidth
            let statistics = (sequence * t.heads + head * group) * t.length
            let unit = AttentionUnit(
                length: t.length, headWidth: t.headWidth, group: group, q: Input(t.q) + qOffset, out: t.out + qOffset, qRow: qRow,
                k: Input(t.k) + kvOffset, v: Input(t.v) + kvOffset, kvRow: kvRow, rowMax: t.rowMax + statistics,
                rowScale: t.rowScale + statistics, scratch: scratch[thread].base)
            body(unit, qOffset, kvOffset)
        }
    }
}
