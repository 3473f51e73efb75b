import Continual
import Kernels
import Llama
import Settings
import Training

/// What a stage asks of the machine, from its recipe alone. Estimates, in numbers that no setting can overflow.
public struct StageCost: Sendable, Hashable {
    /// Tokens that are trained on.
    public var trainedTokens = 0.0
    /// Floating-point operations, a fused multiply-add as two: products of weights and of attention, nothing else.
    public var operations = 0.0
    /// Bytes of the checkpoint.
    public var diskBytes = 0.0
    /// Bytes of weights, gradients, moments and activations.
    public var memoryBytes = 0.0
    /// Width of the model.
    public var hiddenSize = 0
    /// Of the training; evaluations have FP32.
    public var precision = Precision.fp32

    public init(
        trainedTokens: Double = 0, operations: Double = 0, diskBytes: Double = 0, memoryBytes: Double = 0, hiddenSize: Int = 0,
        precision: Precision = .fp32
    ) {
        (self.trainedTokens, self.operations, self.diskBytes, self.memoryBytes) = (trainedTokens, operations, diskBytes, memoryBytes)
        (self.hiddenSize, self.precision) = (hiddenSize, precision)
    }
}

extension StageGraph {
    /// The cost of each stage, in the order of `stages`.
    public func costs() throws(SettingsError) -> [StageCost] {
        var shapes: [String: ModelShape] = [:]
        var known: [TaskShape: ModelShape] = [:]
        var costs: [StageCost] = []
        costs.reserveCapacity(stages.count)
        for stage in stages {
            switch stage.work {
            case .tokenizer: costs.append(StageCost())
            case .pretraining(let configuration, _, let lesson):
                let shape = ModelShape(configuration)
                shapes[stage.key] = shape
                costs.append(shape.cost(of: lesson))
            case .task(let strategy, let phase, let lesson):
                guard let parent = stage.parent, var shape = shapes[parent] else { preconditionFailure("a task behind its model") }
                // Thousands of tasks have a few shapes.
                let task = TaskShape(configuration: shape.configuration, strategy: stage.recipe["strategy"] ?? .null)
                if let known = known[task] { shape = known } else { try shape.apply(strategy, phase: phase) }
                known[task] = shape
                shapes[stage.key] = shape
                costs.append(shape.cost(of: lesson))
            case .evaluation(let measurement):
                guard let parent = stage.parent, let shape = shapes[parent] else { preconditionFailure("an evaluation behind its model") }
                costs.append(shape.cost(of: measurement))
            }
        }
        return costs
    }
}

/// What the shape of a model follows from while a strategy trains it.
private struct TaskShape: Hashable {
    var configuration: LlamaConfiguration
    var strategy: Value
}

/// The sizes of a model as a strategy leaves it, without its weights: found on a model of the same structure and width two.
struct ModelShape {
    let configuration: LlamaConfiguration
    private var blockCount: Int
    private var rank = 0
    /// Share of the blocks' weights that get a gradient, and of the blocks that backward passes through.
    private var trainedShare = 1.0
    private var reachedShare = 1.0
    private var trainsEnds = true

    init(_ configuration: LlamaConfiguration) {
        self.configuration = configuration
        blockCount = configuration.layerCount
    }

    mutating func apply(_ strategy: any Strategy, phase: Int) throws(SettingsError) {
        let c = configuration
        // The strategy itself says what it adds and trains, on a model as deep as this and as narrow as can be.
        var narrow = c
        (narrow.vocabularySize, narrow.hiddenSize, narrow.intermediateSize) = (2, 2, 2)
        (narrow.headCount, narrow.keyValueHeadCount, narrow.tiesEmbeddings) = (1, 1, false)
        let model = LlamaModel(narrow)
        try strategy.prepare(model, phase: 0, seed: 0)
        blockCount = model.blocks.count
        rank = model.lora?.rank ?? 0
        let isTrained = model.blocks.map(\.isTrainable)
        trainsEnds = model.embedding.isTrainable
        let lowest = trainsEnds ? 0 : isTrained.firstIndex(of: true) ?? blockCount
        reachedShare = Double(blockCount - lowest) / Double(blockCount)
        trainedShare = rank > 0 ? 0 : Double(isTrained.count { $0 }) / Double(blockCount)
    }

    private var blockWeights: Double {
        let c = configuration
        return Double(c.hiddenSize * (2 * c.hiddenSize + 2 * c.keyValueWidth) + 3 * c.hiddenSize * c.intermediateSize)
    }

    private var adapterWeights: Double {
        let c = configuration
        return Double(rank * (2 * (c.hiddenSize + c.hiddenSize) + 2 * (c.hiddenSize + c.keyValueWidth) + 3 * (c.hiddenSize + c.intermediateSize)))
    }

    private var weights: Double {
        let ends = configuration.vocabularySize * configuration.hiddenSize * (configuration.tiesEmbeddings ? 1 : 2)
        return Double(ends + configuration.hiddenSize) + Double(blockCount) * (blockWeights + adapterWeights + 2 * Double(configuration.hiddenSize))
    }

    /// Floats that a block's forward keeps for `rows` tokens.
    private func activations(rows: Double) -> Double {
        let c = configuration
        return rows * Double(4 * c.hiddenSize + 2 * c.keyValueWidth + 2 * c.intermediateSize)
    }

    /// Floats that all blocks of a backward pass share: gradients of half a block and their packed forms, and about a million logits.
    private func sharedGradients(rows: Double) -> Double {
        let c = configuration
        return rows * Double(8 * c.hiddenSize + 2 * c.keyValueWidth + 3 * c.intermediateSize) + 3 * 0x1p20
    }

    /// Forward operations a token: twice the weights of every product, and the two products of attention over half the length.
    private func forward(length: Int) -> (blocks: Double, head: Double) {
        let attention = 2 * 2 * Double(length) / 2 * Double(configuration.hiddenSize)
        return (
            Double(blockCount) * (2 * (blockWeights + adapterWeights) + attention),
            2 * Double(configuration.vocabularySize * configuration.hiddenSize)
        )
    }

    func cost(of lesson: Stage.Lesson) -> StageCost {
        let rows = Double(lesson.train.batchSize) * Double(lesson.sequenceLength)
        let tokens = rows * Double(lesson.train.accumulationSteps) * Double(lesson.train.steps)
        let (blocks, head) = forward(length: lesson.sequenceLength)
        let trained = trainedShare + (rank > 0 ? adapterWeights / blockWeights : 0)
        let operations = blocks * (1 + reachedShare + trained) + head * (trainsEnds ? 3 : 2)
        let kept = max(1, Double(blockCount) * reachedShare) * activations(rows: rows) + sharedGradients(rows: rows)
        let ends = trainsEnds ? 2 * Double(configuration.vocabularySize * configuration.hiddenSize) : 0
        let moments = trained * Double(blockCount) * blockWeights + ends
        // Evaluations on the way; the one at the end is a stage of its own.
        let every = lesson.train.evaluationSteps
        let midway = every > 0 ? lesson.midway.map { cost(of: $0).operations * Double(max(lesson.train.steps - 1, 0) / every) } : nil
        return StageCost(
            trainedTokens: tokens, operations: tokens * operations + (midway ?? 0), diskBytes: 4 * weights,
            memoryBytes: lesson.train.steps == 0 ? 4 * weights : 4 * (weights + 3 * moments + kept), hiddenSize: configuration.hiddenSize,
            precision: lesson.train.precision)
    }

    /// Questions are counted as half the length of the text's windows, four a question.
    func cost(of measurement: Stage.Measurement) -> StageCost { cost(of: measurement, domains: measurement.data.count) }

    func cost(of measurement: Stage.Measurement, domains: Int) -> StageCost {
        let text = Double(measurement.settings.tokens)
        let questions = Double(measurement.settings.questions) * 2 * Double(measurement.sequenceLength)
        let (blocks, head) = forward(length: measurement.sequenceLength)
        let rows = Double(measurement.settings.batchSize) * Double(measurement.sequenceLength)
        return StageCost(
            operations: Double(domains) * (text + questions) * (blocks + head),
            memoryBytes: 4 * (weights + activations(rows: rows)), hiddenSize: configuration.hiddenSize)
    }
}
