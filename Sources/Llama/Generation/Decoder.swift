import Kernels

/// A model that takes several sequences on token by token: keys and values of earlier tokens are kept, so that a token costs one row and not
/// the whole sequence again. All memory is planned here, once.
///
/// The logits of a token have the bits that `ModelPass` gives it in the whole sequence: they depend on no other sequence, not on how many
/// tokens come at once, and not on the threads. Make a new decoder when the model's structure changes; weights may change between sequences, with `takeWeights`.
public final class Decoder {
    public let model: LlamaModel
    /// Sequences at once, and tokens that each may have.
    public let slotCount: Int, positionCount: Int
    /// Tokens of all sequences that one `forward` takes.
    public let rowCapacity: Int
    private let compute: Compute
    private let rows: DecoderRows
    private let blocks: [DecoderBlock]
    /// Beside each block the second one of its layer, where it has one, and memory for the sum of two (N, C).
    private let seconds: [(block: SecondBlock, decoder: DecoderBlock)?]
    private let before: FloatBuffer, first: FloatBuffer
    private let head: PackedMatrix, headMemory: FloatBuffer, headPacking: [Packing]
    /// Residual stream of the rows whose logits are wanted (slots, C), and their logits (slots, V).
    private let last: FloatBuffer, lastR: FloatBuffer
    private let logitBuffer: ActivationBuffer

    /// - `slots`: sequences at once.
    /// - `positions`: the longest sequence, in tokens (default: `max_position_embeddings`). Dynamic scaling goes by it.
    public init(_ model: LlamaModel, _ compute: Compute, slots: Int, positions: Int? = nil) {
        let c = model.configuration
        let positions = positions ?? c.maxPositions
        precondition(slots >= 1 && (1...c.longestSequence).contains(positions), "\(slots) sequences of \(positions) tokens, of at most \(c.longestSequence)")
        (self.model, self.compute, slotCount, positionCount) = (model, compute, slots, positions)
        // Prompts are taken in pieces of this size: enough rows to fill the tiles of the kernels.
        rowCapacity = max(slots, min(512, slots * positions))
        let rows = DecoderRows(c, capacity: rowCapacity)
        self.rows = rows
        let rotary = RotaryTable(positions: positions, c)
        blocks = model.blocks.map { DecoderBlock($0, c, rows, rotary, slots: slots, positions: positions, compute) }
        seconds = model.blocks.map { block in
            block.second.map { ($0, DecoderBlock($0.block, c, rows, rotary, slots: slots, positions: positions, compute)) }
        }
        before = FloatBuffer(model.secondLayers.isEmpty ? 0 : rowCapacity * c.hiddenSize)
        first = FloatBuffer(before.count)
        headMemory = FloatBuffer(PackedMatrix.floatCount(depth: c.hiddenSize, columns: c.vocabularySize, compute))
        head = PackedMatrix(depth: c.hiddenSize, columns: c.vocabularySize, memory: headMemory.base)
        headPacking = Packing.transposed(Matrix(model.head.values.base, c.vocabularySize, c.hiddenSize), into: head, compute)
        last = FloatBuffer(slots * c.hiddenSize)
        lastR = FloatBuffer(slots)
        logitBuffer = ActivationBuffer(slots, c.vocabularySize)
        takeWeights()
    }

    /// Takes the model's weights as they are now. Sequences begun before have to begin anew.
    public func takeWeights() {
        for block in blocks { compute.pack(block.packing) }
        for second in seconds { if let second { compute.pack(second.decoder.packing) } }
        compute.pack(headPacking)
    }

    /// Tokens that follow those which a slot has already had.
    public struct Step {
        public var slot: Int
        /// The position of the first of them, 0 for a new sequence.
        public var position: Int
        public var tokens: ArraySlice<Int32>
        /// Whether the logits behind the last token are wanted.
        public var wantsLogits: Bool

        public init(slot: Int, position: Int, tokens: ArraySlice<Int32>, wantsLogits: Bool = true) {
            (self.slot, self.position, self.tokens, self.wantsLogits) = (slot, position, tokens, wantsLogits)
        }
    }

    /// Takes tokens of at most one step a slot. The logits of those steps that want them are in rows of `logits`, in the steps' order, until the next call.
    public func forward(_ steps: [Step]) {
        let c = model.configuration
        var segments: [CachedSegment] = []
        var tokens: [Int32] = []
        var wanted: [Int] = []
        for step in steps {
            precondition(
                (0..<slotCount).contains(step.slot) && step.position >= 0 && !step.tokens.isEmpty && step.position + step.tokens.count <= positionCount,
                "tokens \(step.position) ..< \(step.position + step.tokens.count) of \(positionCount) for slot \(step.slot) of \(slotCount)")
            segments.append(CachedSegment(slot: step.slot, firstRow: tokens.count, count: step.tokens.count, past: step.position))
            precondition(tokens.count + step.tokens.count <= rowCapacity, "more than \(rowCapacity) tokens at once")
            for index in 0..<step.tokens.count {
                rows.slots[tokens.count + index] = step.slot
                rows.positions[tokens.count + index] = step.position + index
            }
            tokens += step.tokens
            if step.wantsLogits { wanted.append(tokens.count - 1) }
        }
        guard !tokens.isEmpty else { return }
        tokens.withUnsafeBufferPointer {
            compute.embed($0, table: model.embedding.values.base, vocabulary: c.vocabularySize, out: rows.residual.base, width: c.hiddenSize)
        }
        for layer in blocks.indices { forward(layer, count: tokens.count, segments) }
        guard !wanted.isEmpty else { return }
        for (index, row) in wanted.enumerated() {
            (last.base + index * c.hiddenSize).update(from: rows.residual.base + row * c.hiddenSize, count: c.hiddenSize)
        }
        compute.forRows(wanted.count, localCount: RowPiece.localCount(c.hiddenSize)) { [self] piece in
            let normed = piece.local(c.hiddenSize)
            piece.normForward(x: last.base, weight: model.norm.values.base, y: normed, r: lastR.base, epsilon: Float(c.normEpsilon))
            piece.multiply(normed, head, into: logitBuffer.matrix)
        }
    }

    /// A layer of one block, or the sum of two as `LayerPass` makes it.
    private func forward(_ layer: Int, count: Int, _ segments: [CachedSegment]) {
        guard let second = seconds[layer] else { return blocks[layer].forward(count: count, segments) }
        let floats = count * model.configuration.hiddenSize
        before.base.update(from: rows.residual.base, count: floats)
        blocks[layer].forward(count: count, segments)
        first.base.update(from: rows.residual.base, count: floats)
        rows.residual.base.update(from: before.base, count: floats)
        second.decoder.forward(count: count, segments)
        compute.add(first.base, times: -1, to: rows.residual.base, count: floats)
        compute.add(rows.residual.base, times: Float(second.block.weight), to: first.base, count: floats)
        rows.residual.base.update(from: first.base, count: floats)
    }

    /// The logits of row `index` of the last `forward`: one a token of the vocabulary.
    public func logits(_ index: Int) -> UnsafeBufferPointer<Float> {
        let matrix = logitBuffer.matrix
        return UnsafeBufferPointer(start: matrix.base + index * matrix.rowStride, count: matrix.columns)
    }
}
