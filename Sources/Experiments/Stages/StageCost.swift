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
    /// Those of training, without what is measured on the way.
    public var trainingOperations = 0.0
    /// Bytes of the checkpoint.
    public var diskBytes = 0.0
    /// Bytes of weights, gradients, moments and activations.
    public var memoryBytes = 0.0
    /// Width of the model.
    public var hiddenSize = 0
    /// Of the training; evaluations have FP32.
    public var precision = Precision.fp32

    public init(
        trainedTokens: Double = 0, operations: Double = 0, trainingOperations: Double = 0, diskBytes: Double = 0, memoryBytes: Double = 0,
        hiddenSize: Int = 0, precision: Precision = .fp32
    ) {
        (self.trainedTokens, self.operations, self.trainingOperations) = (trainedTokens, operations, trainingOperations)
        (self.diskBytes, self.memoryBytes) = (diskBytes, memoryBytes)
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
                let task = TaskShape(
                    configuration: shape.base, strategy: stage.recipe["strategy"] ?? .null, phase: strategy.growsEachPhase ? phase : 0)
                if let known = known[task] { shape = known } else { try shape.apply(strategy, phase: phase) }
                known[task] = shape
                shapes[stage.key] = shape
                costs.append(shape.cost(of: lesson, strategy.overhead(phase: phase)))
            case .instruction(let lesson):
                guard let parent = stage.parent, let shape = shapes[parent] else { preconditionFailure("an instruction stage behind its model") }
                let whole = shape.trainedWhole
                shapes[stage.key] = whole
                costs.append(whole.cost(of: lesson))
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
    var phase: Int
}

/// The sizes of a model as a strategy leaves it, without its weights: found on a model of the same structure and width two.
struct ModelShape {
    private(set) var configuration: LlamaConfiguration
    /// Of all tensors, and of those that are trained; before a strategy all are.
    private(set) var parameterCount: Int
    private(set) var trainedParameterCount: Int
    /// Before a strategy.
    let base: LlamaConfiguration
    private var blockCount: Int
    /// Of second blocks: their number, and what is computed of them beyond their weights (attention that is the first block's too).
    private var secondCount = 0
    private var repeatedWeights = 0.0
    /// Weights of all blocks' matrices, of their adapters, and of both what is trained.
    private var matrixWeights: Double
    private var adapterWeights = 0.0
    private var trainedWeights: Double
    /// Share of the blocks that backward passes through.
    private var reachedShare = 1.0
    private var trainsEmbedding = true
    private var trainsHead = true

    init(_ configuration: LlamaConfiguration) {
        (self.configuration, base) = (configuration, configuration)
        (parameterCount, trainedParameterCount) = (configuration.parameterCount, configuration.parameterCount)
        blockCount = configuration.layerCount
        let c = configuration
        let block = c.hiddenSize * (2 * c.hiddenSize + 2 * c.keyValueWidth) + 3 * c.hiddenSize * c.intermediateSize
        matrixWeights = Double(blockCount) * Double(block)
        trainedWeights = matrixWeights
    }

    mutating func apply(_ strategy: any Strategy, phase: Int) throws(SettingsError) {
        let c = base
        configuration = strategy.shape(base)
        // The strategy itself says what it adds and trains, on a model as deep as this and as narrow as can be.
        var narrow = c
        (narrow.vocabularySize, narrow.hiddenSize, narrow.intermediateSize) = (2, 2, 2)
        (narrow.headCount, narrow.keyValueHeadCount) = (1, 1)
        let model = LlamaModel(narrow)
        let last = strategy.growsEachPhase ? phase : 0
        for earlier in 0...last {
            try strategy.prepare(model, phase: earlier, seed: 0)
            if earlier < last { strategy.finish(model, phase: earlier) }
        }
        blockCount = model.blocks.count
        (matrixWeights, adapterWeights, trainedWeights, repeatedWeights) = (0, 0, 0, 0)
        let second = model.blocks.compactMap(\.second)
        secondCount = second.count
        for block in model.blocks + second.map(\.block) {
            for (name, linear) in block.linears {
                let (outputs, inputs) = sizes(of: name)
                if second.contains(where: { $0.block === block && $0.isExpert }), !name.hasPrefix("gate"), name != "up_proj", name != "down_proj" {
                    repeatedWeights += Double(outputs * inputs)
                    continue
                }
                matrixWeights += Double(outputs * inputs)
                trainedWeights += linear.weight.isTrainable ? Double(outputs * inputs) : 0
                let adapter = Double((linear.adapter?.rank ?? 0) * (outputs + inputs))
                adapterWeights += adapter
                trainedWeights += linear.adapter?.a.isTrainable == true ? adapter : 0
            }
        }
        (parameterCount, trainedParameterCount) = (0, 0)
        for parameter in model.parameters {
            let count = count(of: parameter)
            parameterCount += count
            if parameter.isTrainable { trainedParameterCount += count }
        }
        (trainsEmbedding, trainsHead) = (model.embedding.isTrainable, model.head.isTrainable)
        let lowest = trainsEmbedding ? 0 : model.blocks.firstIndex(where: \.isTrainable) ?? blockCount
        reachedShare = Double(blockCount - lowest) / Double(blockCount)
    }

    /// With adapters merged and all of it trained.
    var trainedWhole: ModelShape {
        var whole = self
        (whole.adapterWeights, whole.trainedWeights, whole.reachedShare) = (0, matrixWeights, 1)
        (whole.trainsEmbedding, whole.trainsHead) = (true, true)
        return whole
    }

    /// Elements that a tensor of the narrow model has in the true one, told by its name.
    private func count(of parameter: Parameter) -> Int {
        let words = parameter.name.split(separator: ".").dropLast(parameter.name.hasSuffix(".weight") ? 1 : 0).map(String.init)
        guard let name = words.last else { return parameter.count }
        switch name {
        case "lora_A", "lora_B":
            let (outputs, inputs) = sizes(of: words[words.count - 2])
            return name == "lora_A" ? parameter.shape[0] * inputs : outputs * parameter.shape[1]
        case "embed_tokens", "lm_head": return configuration.vocabularySize * configuration.hiddenSize
        case "input_layernorm", "post_attention_layernorm", "norm": return configuration.hiddenSize
        case let name where Block.linearNames.contains(name):
            let (outputs, inputs) = sizes(of: name)
            return outputs * inputs
        // Gates of second blocks: as many in a model of any width.
        default: return parameter.count
        }
    }

    private func sizes(of linear: String) -> (outputs: Int, inputs: Int) {
        let c = configuration
        return switch linear {
        case "k_proj", "v_proj": (c.keyValueWidth, c.hiddenSize)
        case "gate_proj", "up_proj": (c.intermediateSize, c.hiddenSize)
        case "down_proj": (c.hiddenSize, c.intermediateSize)
        default: (c.hiddenSize, c.hiddenSize)
        }
    }

    private var weights: Double {
        let ends = configuration.vocabularySize * configuration.hiddenSize * (configuration.tiesEmbeddings ? 1 : 2)
        return Double(ends + configuration.hiddenSize) + matrixWeights + adapterWeights + Double(2 * blockCount * configuration.hiddenSize)
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
            2 * (matrixWeights + repeatedWeights + adapterWeights) + Double(blockCount + secondCount) * attention,
            2 * Double(configuration.vocabularySize * configuration.hiddenSize)
        )
    }

    func cost(of lesson: Stage.Lesson, _ overhead: PhaseOverhead = PhaseOverhead()) -> StageCost {
        let rows = Double(lesson.train.batchSize) * Double(lesson.sequenceLength)
        let tokens = rows * Double(lesson.train.accumulationSteps) * Double(lesson.train.steps)
        let (blocks, head) = forward(length: lesson.sequenceLength)
        let trainsAny = trainedWeights > 0 || trainsEmbedding || trainsHead
        let trained = trainedWeights / matrixWeights
        let pass = blocks * (1 + reachedShare + trained) + head * (trainsHead ? 3 : 2)
        let more = tokens * (overhead.forwards * (blocks + head) + overhead.passes / Double(lesson.train.accumulationSteps) * pass)
            + Double(overhead.sequences * lesson.sequenceLength) * pass
        let kept = max(1, Double(blockCount + secondCount) * reachedShare) * activations(rows: rows) + sharedGradients(rows: rows)
            + (secondCount > 0 ? Double((secondCount + 2) * configuration.hiddenSize) * rows : 0)
        let end = Double(configuration.vocabularySize * configuration.hiddenSize)
        let ends = (trainsEmbedding ? end : 0) + (trainsHead && !(trainsEmbedding && configuration.tiesEmbeddings) ? end : 0)
        let moments = trainedWeights + ends
        // Evaluations on the way; the one at the end is a stage of its own.
        let every = lesson.train.evaluationSteps
        let midway = every > 0 ? lesson.midway.map { cost(of: $0).operations * Double(max(lesson.train.steps - 1, 0) / every) } : nil
        let copies = Double(overhead.trainedCopies) * moments + Double(overhead.modelCopies) * (weights + activations(rows: rows) + 2 * 0x1p20)
        let trains = lesson.train.steps > 0 && trainsAny
        let training = tokens * pass + (trains ? more : 0)
        return StageCost(
            trainedTokens: tokens, operations: training + (midway ?? 0), trainingOperations: training,
            diskBytes: 4 * (weights + Double(overhead.savedCopies) * moments),
            memoryBytes: trains ? 4 * (weights + 3 * moments + kept + copies) : 4 * weights, hiddenSize: configuration.hiddenSize,
            precision: lesson.train.precision)
    }

    /// Questions are counted as half the length of the text's windows, four a question.
    func cost(of measurement: Stage.Measurement) -> StageCost { cost(of: measurement, domains: measurement.data.count) }

    func cost(of measurement: Stage.Measurement, domains: Int) -> StageCost {
        let text = Double(measurement.settings.tokens)
        let questions = Double(measurement.settings.questions) * 2 * Double(measurement.sequenceLength)
        let (blocks, head) = forward(length: measurement.sequenceLength)
        let rows = Double(measurement.settings.batchSize) * Double(measurement.sequenceLength)
        var cost = StageCost(
            operations: Double(domains) * (text + questions) * (blocks + head),
            memoryBytes: 4 * (weights + activations(rows: rows)), hiddenSize: configuration.hiddenSize)
        if let comparison = measurement.comparison {
            // Both models, and three products of the features of every layer, which are all kept.
            let base = ModelShape(self.base), ends = base.forward(length: measurement.sequenceLength)
            let (tokens, width, layers) = (Double(comparison.tokens), Double(configuration.hiddenSize), Double(self.base.layerCount))
            cost.operations += tokens * (blocks + head + ends.blocks + ends.head + layers * 6 * width * width)
            let drifts = 4 * (weights + base.weights + 2 * activations(rows: rows) + 2 * layers * tokens * width)
            cost.memoryBytes = max(cost.memoryBytes, drifts)
        }
        return cost
    }
}
