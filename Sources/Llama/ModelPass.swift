import Kernels

/// Forward and backward of one model for batches of one shape. Keeps all memory that a pass needs.
///
/// Letters: B batch, T length, N = B T rows, C width, V vocabulary. Tokens and targets are row-major (B, T); a target below
/// 0 is not scored. Make a new pass when the model's structure or what is trained in it changes.
public final class ModelPass {
    public let model: LlamaModel
    let compute: Compute
    let shape: PassShape
    private let rotary: RotaryTable
    /// One a block; blocks below the lowest that is trained share one.
    private let activations: [BlockActivations]
    private let output: FloatBuffer, normed: FloatBuffer, r: FloatBuffer
    private let logitRows = 256
    private let logitChunk: FloatBuffer
    private let losses: UnsafeMutablePointer<Double>
    private let isBest: UnsafeMutablePointer<Bool>
    private let scratch: GradientScratch?
    private let gradient: FloatBuffer?, normedGradient: FloatBuffer?
    /// The lowest block that backward has to reach: 0 when the embedding is trained, nil when no block is.
    private let lowestBlock: Int

    public init(_ model: LlamaModel, _ compute: Compute, batch: Int, length: Int) {
        precondition(length <= model.configuration.maxPositions, "a sequence of \(length) tokens in a model for \(model.configuration.maxPositions)")
        self.model = model
        self.compute = compute
        let c = model.configuration
        let shape = PassShape(configuration: c, batch: batch, length: length)
        self.shape = shape
        rotary = RotaryTable(positions: length, headWidth: c.headWidth, theta: c.ropeTheta)
        let trains = model.parameters.contains(where: \.isTrainable)
        lowestBlock = model.embedding.isTrainable && trains ? 0 : model.blocks.firstIndex(where: \.isTrainable) ?? model.blocks.count
        var activations: [BlockActivations] = []
        for (index, block) in model.blocks.enumerated() {
            let keeps = trains && index >= lowestBlock
            if !keeps, let below = activations.last, below.low.keys.sorted() == block.linears.filter({ $0.linear.adapter != nil }).map(\.name).sorted() {
                activations.append(below)
            } else {
                activations.append(BlockActivations(block, shape))
            }
        }
        self.activations = activations
        output = FloatBuffer(shape.rows * c.hiddenSize)
        normed = FloatBuffer(shape.rows * c.hiddenSize)
        r = FloatBuffer(shape.rows)
        logitChunk = FloatBuffer(min(logitRows, shape.rows) * c.vocabularySize)
        losses = .allocate(capacity: shape.rows)
        isBest = .allocate(capacity: shape.rows)
        scratch = trains ? GradientScratch(shape, largestRank: model.lora?.rank ?? 0) : nil
        gradient = trains ? FloatBuffer(shape.rows * c.hiddenSize) : nil
        normedGradient = trains ? FloatBuffer(shape.rows * c.hiddenSize) : nil
    }

    deinit {
        losses.deallocate()
        isBest.deallocate()
    }

    /// Adds to the gradients of everything trained those of `gradientScale` times the summed loss, and returns the sum of
    /// the losses in nats over the scored targets.
    public func addGradients(tokens: [Int32], targets: [Int32], gradientScale: Float) -> Double {
        guard let scratch, let gradient, let normedGradient else { preconditionFailure("nothing of the model is trained") }
        let c = model.configuration
        forward(tokens)
        headLosses(targets, gradientScale: gradientScale, normedGradient: normedGradient)
        gradient.fill(0)
        compute.normBackward(
            x: output.base, weight: model.norm.values.base, r: r.base, dy: normedGradient.base, dx: gradient.base,
            dWeight: model.norm.gradient?.base, rows: shape.rows, width: c.hiddenSize, epsilon: Float(c.normEpsilon))
        for index in stride(from: model.blocks.count - 1, through: lowestBlock, by: -1) {
            model.blocks[index].backward(activations[index], d: gradient, scratch, shape, rotary, compute)
        }
        if let table = model.embedding.gradient {
            compute.embedBackward(tokens, dOut: gradient.base, dTable: table.base, vocabulary: c.vocabularySize, width: c.hiddenSize)
        }
        return UnsafeBufferPointer(start: losses, count: shape.rows).reduce(0, +)
    }

    /// The loss of every target in nats (0 where it is not scored), and whether the target is the most likely token.
    public func evaluate(tokens: [Int32], targets: [Int32]) -> (losses: [Double], isBest: [Bool]) {
        forward(tokens)
        headLosses(targets, gradientScale: 0, normedGradient: nil)
        return (
            Array(UnsafeBufferPointer(start: losses, count: shape.rows)), Array(UnsafeBufferPointer(start: isBest, count: shape.rows))
        )
    }

    /// Logits (N, V) of every position.
    public func logits(tokens: [Int32]) -> [Float] {
        forward(tokens)
        let all = FloatBuffer(shape.rows * model.configuration.vocabularySize)
        let c = model.configuration
        compute.multiply(
            Matrix(normed.base, shape.rows, c.hiddenSize), Matrix(model.head.values.base, c.vocabularySize, c.hiddenSize).transposed,
            into: Matrix(all.base, shape.rows, c.vocabularySize))
        return all.values
    }

    private func forward(_ tokens: [Int32]) {
        precondition(tokens.count == shape.rows, "\(tokens.count) tokens for \(shape.batch) x \(shape.length)")
        let c = model.configuration
        let first = activations.first?.input ?? output
        compute.embed(tokens, table: model.embedding.values.base, vocabulary: c.vocabularySize, out: first.base, width: c.hiddenSize)
        for (index, block) in model.blocks.enumerated() {
            let isShared = index + 1 < model.blocks.count && activations[index + 1] === activations[index]
            let next = index + 1 == model.blocks.count || isShared ? output : activations[index + 1].input
            block.forward(activations[index], output: next, shape, rotary, compute)
            if isShared { activations[index].input.copy(from: output) }
        }
        compute.normForward(
            x: output.base, weight: model.norm.values.base, y: normed.base, r: r.base, rows: shape.rows, width: c.hiddenSize,
            epsilon: Float(c.normEpsilon))
    }

    /// Output projection and loss, a chunk of rows at a time, so that the logits of the whole batch never stand in memory.
    private func headLosses(_ targets: [Int32], gradientScale: Float, normedGradient: FloatBuffer?) {
        precondition(targets.count == shape.rows, "\(targets.count) targets for \(shape.batch) x \(shape.length)")
        let c = model.configuration
        let weight = Matrix(model.head.values.base, c.vocabularySize, c.hiddenSize)
        var first = 0
        while first < shape.rows {
            let rows = min(logitRows, shape.rows - first)
            let x = Matrix(normed.base + first * c.hiddenSize, rows, c.hiddenSize)
            let logits = Matrix(logitChunk.base, rows, c.vocabularySize)
            compute.multiply(x, weight.transposed, into: logits)
            targets.withUnsafeBufferPointer { targets in
                compute.crossEntropy(
                    logits: logitChunk.base, targets: targets.baseAddress! + first, rows: rows, vocabulary: c.vocabularySize,
                    gradientScale: gradientScale, losses: losses + first, isBest: isBest + first)
            }
            if let normedGradient {
                compute.multiply(logits, weight, into: Matrix(normedGradient.base + first * c.hiddenSize, rows, c.hiddenSize))
                if let gradient = model.head.gradient {
                    compute.multiply(logits.transposed, x, into: Matrix(gradient.base, c.vocabularySize, c.hiddenSize), accumulate: true)
                }
            }
            first += rows
        }
    }
}
