import Kernels

/// Forward and backward of one block for batches of one shape: x + attention(norm(x)), then x + feed-forward(norm(x)).
///
/// What a token needs by itself goes through in pieces of rows, from the norm to the end of the projections, while the rows are in the cache;
/// only attention and the weights' gradients look across tokens.
final class BlockPass {
    private let block: Block
    let activations: BlockActivations
    private let shape: PassShape
    private let rotary: RotaryTable
    private let compute: Compute
    private let memory: SharedMemory
    private let qkv: Projections, o: Projections, gateUp: Projections, down: Projections
    private let forwardPacking: [Packing], backwardPacking: [Packing]
    private let feedForwardGradients: WeightGradients, attentionGradients: WeightGradients
    /// Whether anything below the block is trained.
    private let hasTrainedBelow: Bool
    /// A piece's local memory: (N, F), (N, C), the adapters' (N, R), and with dropout their input, (N, F) or (N, C).
    private let normedOffset: Int, localCount: Int
    /// Of the pass that is going on: where forward writes, and the parts of a norm's gradient.
    private var output: FloatBuffer
    private var normPartial: UnsafeMutablePointer<Float>?
    /// Kept, so that a step allocates nothing.
    private var bodies = RowBodies()

    private struct RowBodies {
        var beforeAttention: (RowPiece) -> Void = { _ in }
        var behindAttention: (RowPiece) -> Void = { _ in }
        var backToAttention: (RowPiece) -> Void = { _ in }
        var backFromAttention: (RowPiece) -> Void = { _ in }
    }

    /// Floats of packing memory that a block takes.
    static func packingCount(_ block: Block, _ compute: Compute) -> Int {
        let groups = block.groups
        return [groups.qkv, groups.o, groups.gateUp, groups.down].reduce(0) { $0 + Projections.packingCount($1, compute) }
    }

    /// Floats that packed gradients take: attention and feed-forward take turns.
    static func gradientCount(_ block: Block, rows: Int, hasDropout: Bool, _ compute: Compute) -> Int {
        let groups = block.groups
        func count(_ linears: [Linear]) -> Int { Projections.gradientCount(linears, rows: rows, hasDropout: hasDropout, compute) }
        return count(groups.o) + max(count(groups.qkv), count(groups.gateUp) + count(groups.down))
    }

    /// - Parameter isReached: whether backward comes to the block.
    init(
        _ block: Block, _ activations: BlockActivations, _ shape: PassShape, _ rotary: RotaryTable, _ memory: SharedMemory, isReached: Bool,
        hasTrainedBelow: Bool, dropout: Dropout?, _ compute: Compute
    ) {
        (self.block, self.activations, self.shape, self.rotary) = (block, activations, shape, rotary)
        (self.memory, self.hasTrainedBelow, self.compute) = (memory, hasTrainedBelow, compute)
        output = activations.input
        let groups = block.groups
        normedOffset = RowPiece.localCount(shape.configuration.intermediateSize)
        let lowOffset = normedOffset + RowPiece.localCount(shape.configuration.hiddenSize)
        let ranks = [groups.qkv, groups.o, groups.gateUp, groups.down].map(Projections.totalRank)
        let droppedOffset = lowOffset + RowPiece.localCount(ranks.reduce(0, max))
        let widest = max(shape.configuration.intermediateSize, shape.configuration.hiddenSize)
        localCount = droppedOffset + (dropout == nil ? 0 : RowPiece.localCount(widest))
        var packing = memory.packing.base
        func projections(_ linears: [Linear], _ gradients: inout UnsafeMutablePointer<Float>?) -> Projections {
            Projections(
                linears, rows: shape.rows, packing: &packing, gradients: &gradients, precision: shape.precision, lowOffset: lowOffset, dropout: dropout,
                droppedOffset: droppedOffset, compute)
        }
        // Those of the output projection are made while the feed-forward's wait, so they stand in front of both.
        var gradients = isReached ? memory.gradients?.packed.base : nil
        o = projections(groups.o, &gradients)
        var others = gradients
        qkv = projections(groups.qkv, &gradients)
        gateUp = projections(groups.gateUp, &others)
        down = projections(groups.down, &others)
        let all = [qkv, o, gateUp, down]
        forwardPacking = all.flatMap(\.forwardPacking)
        backwardPacking = all.flatMap(\.backwardPacking)
        feedForwardGradients = WeightGradients(down.weightGradients + gateUp.weightGradients)
        attentionGradients = WeightGradients(o.weightGradients + qkv.weightGradients)
        bodies.beforeAttention = { [unowned self] in beforeAttention($0) }
        bodies.behindAttention = { [unowned self] in behindAttention($0) }
        bodies.backToAttention = { [unowned self] in backToAttention($0) }
        bodies.backFromAttention = { [unowned self] in backFromAttention($0) }
    }

    private var width: Int { shape.configuration.hiddenSize }
    private var epsilon: Float { Float(shape.configuration.normEpsilon) }

    private func dense(_ buffer: FloatBuffer) -> Matrix { Matrix(buffer.base, shape.rows, width) }

    private var feedForwardWidth: Int { shape.configuration.intermediateSize }
    private var gate: Matrix { activations.gateUp.slice(0, feedForwardWidth) }
    private var up: Matrix { activations.gateUp.slice(feedForwardWidth, feedForwardWidth) }

    /// Reads `activations.input`; writes the rest of the activations and `output`, which may be the input.
    func forward(into output: FloatBuffer) {
        self.output = output
        compute.pack(forwardPacking)
        compute.forRows(shape.rows, localCount: localCount, roundedDepth: shape.roundedDepth, bodies.beforeAttention)
        compute.attentionForward(activations.attentionTensors(shape))
        compute.forRows(shape.rows, localCount: localCount, roundedDepth: shape.roundedDepth, bodies.behindAttention)
    }

    private func beforeAttention(_ piece: RowPiece) {
        let a = activations
        let normed = piece.local(width, offset: normedOffset)
        piece.normForward(x: a.input.base, weight: block.inputNorm.values.base, y: normed, r: a.r.base, epsilon: epsilon)
        qkv.forward(piece, normed, into: a.qkv)
        rotary.rotate(piece, a.qkv, shape, isBackward: false)
    }

    private func behindAttention(_ piece: RowPiece) {
        let a = activations
        o.forward(piece, dense(a.attended), into: dense(a.middle), adding: a.input.base)
        let normed = piece.local(width, offset: normedOffset)
        piece.normForward(x: a.middle.base, weight: block.postNorm.values.base, y: normed, r: a.postR.base, epsilon: epsilon)
        gateUp.forward(piece, normed, into: a.gateUp)
        let hidden = piece.local(feedForwardWidth)
        piece.gateForward(gate: gate, up: up, out: hidden)
        down.forward(piece, hidden, into: dense(output), adding: a.middle.base)
    }

    /// The shared `residual` holds the gradient of the output and becomes that of the input. Overwrites `gateUp` in the activations.
    func backward() {
        guard let g = memory.gradients else { preconditionFailure("backward of a pass that does not train") }
        compute.pack(backwardPacking)
        normPartial = partialRows(of: block.postNorm)
        compute.forRows(shape.rows, localCount: localCount, roundedDepth: shape.roundedDepth, bodies.backToAttention)
        addNormGradient(block.postNorm)
        compute.addGradients(feedForwardGradients)
        compute.attentionBackward(
            activations.attentionTensors(shape), dOut: g.attended.base, dq: g.qkv.base, dk: g.qkv.base + width,
            dv: g.qkv.base + width + shape.configuration.keyValueWidth)
        normPartial = partialRows(of: block.inputNorm)
        compute.forRows(shape.rows, localCount: localCount, roundedDepth: shape.roundedDepth, bodies.backFromAttention)
        addNormGradient(block.inputNorm)
        compute.addGradients(attentionGradients)
    }

    private func backToAttention(_ piece: RowPiece) {
        guard let g = memory.gradients else { return }
        let a = activations
        let dHidden = piece.local(feedForwardWidth)
        down.backward(piece, dense(g.residual), into: dHidden)
        piece.gateBackward(gate: gate, up: up, dOut: dHidden)
        down.takeInput(piece, dHidden)
        // The normed rows are made again: to keep them would cost more than to norm.
        let normed = piece.local(width, offset: normedOffset)
        if gateUp.needsInput {
            piece.normForward(x: a.middle.base, weight: block.postNorm.values.base, y: normed, r: a.postR.base, epsilon: epsilon, isRepeated: true)
            gateUp.takeInput(piece, normed)
        }
        gateUp.backward(piece, a.gateUp, into: normed)
        piece.normBackward(
            x: a.middle.base, weight: block.postNorm.values.base, r: a.postR.base, dy: normed, past: g.residual.base, dx: g.middle.base,
            partial: normPartial, epsilon: epsilon)
        o.takeInput(piece, dense(a.attended))
        o.backward(piece, dense(g.middle), into: dense(g.attended))
    }

    private func backFromAttention(_ piece: RowPiece) {
        guard let g = memory.gradients else { return }
        let a = activations
        rotary.rotate(piece, g.qkv, shape, isBackward: true)
        let normed = piece.local(width, offset: normedOffset)
        if qkv.needsInput {
            piece.normForward(x: a.input.base, weight: block.inputNorm.values.base, y: normed, r: a.r.base, epsilon: epsilon, isRepeated: true)
            qkv.takeInput(piece, normed)
        }
        let reaches = hasTrainedBelow || block.inputNorm.isTrainable
        qkv.backward(piece, g.qkv, into: reaches ? normed : nil)
        guard reaches else { return }
        piece.normBackward(
            x: a.input.base, weight: block.inputNorm.values.base, r: a.r.base, dy: normed, past: g.middle.base, dx: g.residual.base,
            partial: normPartial, epsilon: epsilon)
    }

    private func partialRows(of norm: Parameter) -> UnsafeMutablePointer<Float>? {
        norm.isTrainable ? compute.partialRows(shape.rows, width: width) : nil
    }

    private func addNormGradient(_ norm: Parameter) {
        guard let normPartial, let gradient = norm.gradient else { return }
        compute.addPartials(normPartial, rows: shape.rows, width: width, to: gradient.base)
    }
}
