import Kernels

/// Forward and backward of one model for batches of one shape. Keeps all memory that a pass needs.
///
/// Letters: B batch, T length, N = B T rows, C width, V vocabulary. Tokens and targets are row-major (B, T); a target below
/// 0 is not scored. Make a new pass when the model's structure or what is trained in it changes.
public final class ModelPass {
    public let model: LlamaModel
    let compute: Compute
    let shape: PassShape
    private let memory: SharedMemory
    /// One a block; those that backward does not reach share activations.
    let layers: [LayerPass]
    let output: FloatBuffer, r: FloatBuffer
    private let logitChunk: ActivationBuffer
    let head: PackedMatrix
    private let headBack: PackedMatrix
    private let headMemory: FloatBuffer, headBackMemory: FloatBuffer?
    let headPacking: [Packing]
    private let headBackPacking: [Packing]
    /// What a chunk of logits gives for the gradient of the output projection.
    private struct Chunk {
        var x: PackedMatrix, dy: PackedRows
        var gradients: WeightGradients
    }
    private var chunks: [Chunk] = []
    /// The chunk that is worked on. (The body is kept, so that a step allocates nothing.)
    private struct HeadState {
        var first = 0
        var targets: UnsafePointer<Int32>?
        var gradientScale: Float = 0
        var chunk: Chunk?
        var partial: UnsafeMutablePointer<Float>?
    }
    private var headState = HeadState()
    private var headBody: (RowPiece) -> Void = { _ in }
    private var chunkMemory: [FloatBuffer] = []
    private let losses: UnsafeMutablePointer<Double>
    private let isBest: UnsafeMutablePointer<Bool>
    private let dropout: Dropout?
    /// What the predictions are held to.
    private var teacher: Teacher?
    /// The lowest block that backward has to reach: 0 when the embedding is trained, the number of blocks when none is.
    private let lowestBlock: Int

    /// - `precision`: of the products of weights; attention's are in FP32 always.
    public init(_ model: LlamaModel, _ compute: Compute, batch: Int, length: Int, precision: Precision = .fp32) {
        precondition(length <= model.configuration.longestSequence, "a sequence of \(length) tokens in a model for \(model.configuration.longestSequence)")
        self.model = model
        self.compute = compute
        let c = model.configuration
        let shape = PassShape(configuration: c, batch: batch, length: length, precision: precision)
        self.shape = shape
        let rotary = RotaryTable(positions: length, c)
        let trains = model.parameters.contains(where: \.isTrainable)
        let lowestBlock = model.embedding.isTrainable && trains ? 0 : model.blocks.firstIndex(where: \.isTrainable) ?? model.blocks.count
        self.lowestBlock = lowestBlock
        let dropout = trains && model.lora?.dropout ?? 0 > 0 ? model.lora.map { Dropout(share: $0.dropout) } : nil
        self.dropout = dropout
        let memory = SharedMemory(model.blocks + model.blocks.compactMap { $0.second?.block }, shape, trains: trains, hasDropout: dropout != nil, compute)
        self.memory = memory
        var shared: BlockActivations?
        let mixture = model.secondLayers.isEmpty ? nil : MixtureMemory(shape)
        layers = model.blocks.enumerated().map { index, block in
            let isReached = trains && index >= lowestBlock
            let activations = isReached ? BlockActivations(shape) : shared ?? BlockActivations(shape)
            if !isReached { shared = activations }
            let hasTrainedBelow = index > lowestBlock || model.embedding.isTrainable
            func pass(_ block: Block, _ activations: BlockActivations, isReached: Bool) -> BlockPass {
                BlockPass(block, activations, shape, rotary, memory, isReached: isReached, hasTrainedBelow: hasTrainedBelow, dropout: dropout, compute)
            }
            guard let second = block.second else { return LayerPass(pass(block, activations, isReached: isReached), compute) }
            return LayerPass(
                pass(block, activations, isReached: isReached), second,
                pass(second.block, BlockActivations(shape, input: activations.input), isReached: isReached), mixture ?? MixtureMemory(shape),
                reachesFirst: hasTrainedBelow || block.hasOwnTrained, shape, compute)
        }
        output = FloatBuffer(shape.rows * c.hiddenSize)
        r = FloatBuffer(shape.rows)
        // About a million logits at once: what the whole batch needs of a large vocabulary would not fit.
        let chunk = min(shape.rows, max(96, (1 << 20) / c.vocabularySize / 96 * 96))
        logitChunk = ActivationBuffer(chunk, c.vocabularySize)
        let weight = Matrix(model.head.values.base, c.vocabularySize, c.hiddenSize)
        headMemory = FloatBuffer(PackedMatrix.floatCount(depth: c.hiddenSize, columns: c.vocabularySize, compute))
        head = PackedMatrix(depth: c.hiddenSize, columns: c.vocabularySize, precision: precision, memory: headMemory.base)
        headPacking = Packing.transposed(weight, into: head, compute)
        headBackMemory = trains ? FloatBuffer(PackedMatrix.floatCount(depth: c.vocabularySize, columns: c.hiddenSize, compute)) : nil
        headBack = PackedMatrix(depth: c.vocabularySize, columns: c.hiddenSize, precision: precision, memory: headBackMemory?.base ?? headMemory.base)
        headBackPacking = trains ? Packing.rows(weight, into: headBack, compute) : []
        losses = .allocate(capacity: shape.rows)
        isBest = .allocate(capacity: shape.rows)
        if let gradient = model.head.gradient {
            let (x, dy) = (
                FloatBuffer(PackedMatrix.floatCount(depth: chunk, columns: c.hiddenSize, compute)),
                FloatBuffer(PackedRows.floatCount(depth: chunk, columns: c.vocabularySize))
            )
            chunkMemory = [x, dy]
            chunks = stride(from: 0, to: shape.rows, by: chunk).map { first in
                let rows = min(chunk, shape.rows - first)
                let x = PackedMatrix(depth: rows, columns: c.hiddenSize, precision: precision, memory: x.base)
                let dy = PackedRows(depth: rows, columns: c.vocabularySize, precision: precision, memory: dy.base)
                let job = WeightGradient(x: x, dy: dy, gradient: Matrix(gradient.base, c.vocabularySize, c.hiddenSize))
                return Chunk(x: x, dy: dy, gradients: WeightGradients([job]))
            }
        }
        headBody = { [unowned self] in headRows($0) }
    }

    deinit {
        losses.deallocate()
        isBest.deallocate()
    }

    /// From now on, `addGradients` adds the gradient of the distance from a teacher's predictions.
    public func distil(_ distillation: Distillation) { teacher = Teacher(distillation, compute, shape, chunk: logitChunk.matrix.rows) }

    /// Adds to the gradients of everything trained those of `gradientScale` times the summed loss (and the distance from the teacher's predictions,
    /// where there is one), and returns the sum of the losses in nats over the scored targets.
    /// - `dropoutKey`: another one each time: what adapters drop follows from it.
    public func addGradients(tokens: [Int32], targets: [Int32], gradientScale: Float, dropoutKey: UInt64 = 0) -> Double {
        guard let residual = memory.gradients?.residual else { preconditionFailure("nothing of the model is trained") }
        let c = model.configuration
        dropout?.key = dropoutKey
        defer { dropout?.key = nil }
        forward(tokens)
        teacher?.pass.forward(tokens)
        headLosses(targets, gradientScale: gradientScale)
        for index in stride(from: model.blocks.count - 1, through: lowestBlock, by: -1) { layers[index].backward(residual) }
        if let table = model.embedding.gradient {
            tokens.withUnsafeBufferPointer {
                compute.embedBackward($0, dOut: residual.base, dTable: table.base, vocabulary: c.vocabularySize, width: c.hiddenSize)
            }
        }
        return UnsafeBufferPointer(start: losses, count: shape.rows).reduce(0, +)
    }

    /// The loss of every target in nats (0 where it is not scored), and whether the target is the most likely token.
    public func evaluate(tokens: [Int32], targets: [Int32]) -> (losses: [Double], isBest: [Bool]) {
        forward(tokens)
        headLosses(targets, gradientScale: 0)
        return (
            Array(UnsafeBufferPointer(start: losses, count: shape.rows)), Array(UnsafeBufferPointer(start: isBest, count: shape.rows))
        )
    }

    /// Logits (N, V) of every position. Calls `behind` with the residual stream (N, C) behind each block, before the next one runs.
    public func logits(tokens: [Int32], behind: (_ layer: Int, _ states: Matrix) -> Void = { _, _ in }) -> [Float] {
        residuals(tokens: tokens, behind)
        let c = model.configuration
        let all = FloatBuffer(shape.rows * c.vocabularySize), normed = FloatBuffer(shape.rows * c.hiddenSize)
        compute.normForward(
            x: output.base, weight: model.norm.values.base, y: normed.base, r: r.base, rows: shape.rows, width: c.hiddenSize,
            epsilon: Float(c.normEpsilon))
        compute.multiply(
            Matrix(normed.base, shape.rows, c.hiddenSize), Matrix(model.head.values.base, c.vocabularySize, c.hiddenSize).transposed,
            into: Matrix(all.base, shape.rows, c.vocabularySize))
        return all.values
    }

    /// Calls `body` with the residual stream (N, C) behind each block, before the next one runs.
    public func residuals(tokens: [Int32], _ body: (_ layer: Int, _ states: Matrix) -> Void) {
        forward(tokens) { layer, states in body(layer, Matrix(states.base, shape.rows, model.configuration.hiddenSize)) }
    }

    /// Embedding and blocks: the residual stream behind the last block, in `output`.
    func forward(_ tokens: [Int32], behind: (_ layer: Int, _ states: FloatBuffer) -> Void = { _, _ in }) {
        embed(tokens)
        for index in layers.indices {
            let states = index + 1 < layers.count ? layers[index + 1].input : output
            layers[index].forward(into: states)
            behind(index, states)
        }
    }

    /// The embedding, before the first layer.
    func embed(_ tokens: [Int32]) {
        precondition(tokens.count == shape.rows, "\(tokens.count) tokens for \(shape.batch) x \(shape.length)")
        let c = model.configuration
        let first = layers.first?.input ?? output
        tokens.withUnsafeBufferPointer {
            compute.embed($0, table: model.embedding.values.base, vocabulary: c.vocabularySize, out: first.base, width: c.hiddenSize)
        }
    }

    /// Norm, output projection and loss, and their backward as far as `gradients.residual`, a chunk of rows at a time.
    private func headLosses(_ targets: [Int32], gradientScale: Float) {
        precondition(targets.count == shape.rows, "\(targets.count) targets for \(shape.batch) x \(shape.length)")
        let width = model.configuration.hiddenSize
        let trains = gradientScale != 0 && memory.gradients != nil
        compute.pack(headPacking)
        if trains { compute.pack(headBackPacking) }
        let chunkRows = logitChunk.matrix.rows
        targets.withUnsafeBufferPointer { targets in
            guard let start = targets.baseAddress else { return }
            var first = 0
            while first < shape.rows {
                let rows = min(chunkRows, shape.rows - first)
                headState.first = first
                headState.targets = start + first
                headState.gradientScale = gradientScale
                headState.chunk = trains && !chunks.isEmpty ? chunks[first / chunkRows] : nil
                headState.partial = trains && model.norm.isTrainable ? compute.partialRows(rows, width: width) : nil
                compute.forRows(rows, localCount: RowPiece.localCount(width) * (teacher == nil ? 1 : 2),
                    roundedDepth: shape.precision == .fp32 ? 0 : max(width, model.configuration.vocabularySize), headBody)
                if let partial = headState.partial, let gradient = model.norm.gradient {
                    compute.addPartials(partial, rows: rows, width: width, to: gradient.base)
                }
                if let chunk = headState.chunk { compute.addGradients(chunk.gradients) }
                first += rows
            }
            headState.targets = nil
        }
    }

    /// Rows of the chunk that `headState` names.
    private func headRows(_ piece: RowPiece) {
        guard let targets = headState.targets else { return }
        let (width, epsilon) = (model.configuration.hiddenSize, Float(model.configuration.normEpsilon))
        let (first, logits, x) = (headState.first, logitChunk.matrix, output.base + headState.first * width)
        let normed = piece.local(width)
        piece.normForward(x: x, weight: model.norm.values.base, y: normed, r: r.base + first, epsilon: epsilon)
        piece.multiply(normed, head, into: logits)
        if let chunk = headState.chunk { piece.pack(normed, into: chunk.x) }
        let isHeld = teacher != nil && headState.gradientScale != 0
        if isHeld { teacher?.compare(piece, first: first, logits, targets) }
        piece.crossEntropy(
            logits: logits, targets: targets, gradientScale: headState.gradientScale, losses: losses + first, isBest: isBest + first)
        if isHeld { teacher?.addGradient(piece, scale: headState.gradientScale, to: logits) }
        guard headState.gradientScale != 0, let residual = memory.gradients?.residual else { return }
        if let chunk = headState.chunk { piece.pack(logits, into: chunk.dy) }
        // The normed rows are packed: their place takes their gradient.
        piece.multiply(logits, headBack, into: normed)
        piece.normBackward(
            x: x, weight: model.norm.values.base, r: r.base + first, dy: normed, past: nil, dx: residual.base + first * width,
            partial: headState.partial, epsilon: epsilon)
    }
}
