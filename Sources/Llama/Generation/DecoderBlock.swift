import Kernels

/// Memory of a decoder's rows, which all blocks share. Letters: N rows at once, C width, F feed-forward width.
final class DecoderRows {
    let capacity: Int
    /// Residual stream (N, C), and between attention and feed-forward.
    let residual: FloatBuffer, middle: FloatBuffer
    let r: FloatBuffer, attended: FloatBuffer
    let qkv: ActivationBuffer, gateUp: ActivationBuffer
    let rowMax: FloatBuffer, rowScale: FloatBuffer
    /// Of each row: its slot in the cache, and its position in its sequence.
    let slots: UnsafeMutablePointer<Int>, positions: UnsafeMutablePointer<Int>

    init(_ c: LlamaConfiguration, capacity: Int) {
        self.capacity = capacity
        residual = FloatBuffer(capacity * c.hiddenSize)
        middle = FloatBuffer(capacity * c.hiddenSize)
        r = FloatBuffer(capacity)
        attended = FloatBuffer(capacity * c.hiddenSize)
        qkv = ActivationBuffer(capacity, c.hiddenSize + 2 * c.keyValueWidth)
        gateUp = ActivationBuffer(capacity, 2 * c.intermediateSize)
        rowMax = FloatBuffer(capacity * c.headCount)
        rowScale = FloatBuffer(capacity * c.headCount)
        slots = .allocate(capacity: capacity)
        positions = .allocate(capacity: capacity)
        slots.initialize(repeating: 0, count: capacity)
        positions.initialize(repeating: 0, count: capacity)
    }

    deinit {
        slots.deallocate()
        positions.deallocate()
    }
}

/// Forward of one block for new tokens of several sequences. Keeps the keys and values of all tokens of a sequence. What a row gives has the bits that
/// `BlockPass` gives it.
final class DecoderBlock {
    private let block: Block
    private let configuration: LlamaConfiguration
    private let rows: DecoderRows
    private let rotary: RotaryTable
    private let compute: Compute
    private let qkv: Projections, o: Projections, gateUp: Projections, down: Projections
    private let packed: FloatBuffer
    /// What packs the weights as they stand.
    let packing: [Packing]
    /// (slots, positions, key-value width)
    private let keys: FloatBuffer, values: FloatBuffer
    private let positionCount: Int
    /// A piece's local memory, as in `BlockPass`.
    private let normedOffset: Int, localCount: Int

    init(_ block: Block, _ c: LlamaConfiguration, _ rows: DecoderRows, _ rotary: RotaryTable, slots: Int, positions: Int, _ compute: Compute) {
        (self.block, configuration, self.rows, self.rotary, self.compute) = (block, c, rows, rotary, compute)
        positionCount = positions
        keys = FloatBuffer(slots * positions * c.keyValueWidth)
        values = FloatBuffer(slots * positions * c.keyValueWidth)
        packed = FloatBuffer(BlockPass.packingCount(block, compute))
        normedOffset = RowPiece.localCount(c.intermediateSize)
        let lowOffset = normedOffset + RowPiece.localCount(c.hiddenSize)
        let groups = block.groups
        localCount = lowOffset + RowPiece.localCount([groups.qkv, groups.o, groups.gateUp, groups.down].map(Projections.totalRank).reduce(0, max))
        var memory = packed.base
        func projections(_ linears: [Linear]) -> Projections {
            var gradients: UnsafeMutablePointer<Float>?
            return Projections(
                linears, rows: rows.capacity, packing: &memory, gradients: &gradients, precision: .fp32, lowOffset: lowOffset,
                dropout: nil, droppedOffset: 0, compute)
        }
        (qkv, o, gateUp, down) = (projections(groups.qkv), projections(groups.o), projections(groups.gateUp), projections(groups.down))
        packing = [qkv, o, gateUp, down].flatMap(\.forwardPacking)
    }

    private var epsilon: Float { Float(configuration.normEpsilon) }

    private func dense(_ buffer: FloatBuffer) -> Matrix { Matrix(buffer.base, rows.capacity, configuration.hiddenSize) }

    /// The residual stream of `count` rows becomes that behind the block.
    func forward(count: Int, _ segments: [CachedSegment]) {
        let c = configuration
        compute.forRows(count, localCount: localCount) { [self] in beforeAttention($0) }
        let q = rows.qkv.matrix
        compute.attentionForward(
            CachedAttention(
                heads: c.headCount, keyValueHeads: c.keyValueHeadCount, headWidth: c.headWidth, positions: positionCount, q: q.base,
                rowStride: q.rowStride, out: rows.attended.base, keys: keys.base, values: values.base, rowMax: rows.rowMax.base,
                rowScale: rows.rowScale.base), segments)
        compute.forRows(count, localCount: localCount) { [self] in behindAttention($0) }
    }

    private func beforeAttention(_ piece: RowPiece) {
        let c = configuration
        let normed = piece.local(c.hiddenSize, offset: normedOffset)
        piece.normForward(x: rows.residual.base, weight: block.inputNorm.values.base, y: normed, r: rows.r.base, epsilon: epsilon)
        let matrix = rows.qkv.matrix
        qkv.forward(piece, normed, into: matrix)
        rotary.rotate(piece, matrix, positions: rows.positions, c)
        let width = c.keyValueWidth
        for row in piece.first..<piece.first + piece.count {
            let place = (rows.slots[row] * positionCount + rows.positions[row]) * width
            let key = matrix.base + row * matrix.rowStride + c.hiddenSize
            (keys.base + place).update(from: key, count: width)
            (values.base + place).update(from: key + width, count: width)
        }
    }

    private func behindAttention(_ piece: RowPiece) {
        let (width, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        o.forward(piece, dense(rows.attended), into: dense(rows.middle), adding: rows.residual.base)
        let normed = piece.local(width, offset: normedOffset)
        piece.normForward(x: rows.middle.base, weight: block.postNorm.values.base, y: normed, r: rows.r.base, epsilon: epsilon)
        let matrix = rows.gateUp.matrix
        gateUp.forward(piece, normed, into: matrix)
        let hidden = piece.local(inner)
        piece.gateForward(gate: matrix.slice(0, inner), up: matrix.slice(inner, inner), out: hidden)
        down.forward(piece, hidden, into: dense(rows.residual), adding: rows.middle.base)
    }
}
