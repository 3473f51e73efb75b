import Kernels
import Settings

/// A LLaMA language model: embedding, blocks, norm, output projection. Everything is frozen until a strategy says otherwise.
/// Source: Touvron et al. 2023, arXiv 2302.13971; the layout of tensors is that of transformers' `LlamaForCausalLM`.
public final class LlamaModel {
    /// The shape with the blocks as they are now.
    public private(set) var configuration: LlamaConfiguration
    public let embedding: Parameter
    public private(set) var blocks: [Block]
    public let norm: Parameter
    /// The output projection (vocabulary, width); the embedding itself when they are tied.
    public let head: Parameter
    /// Which of the blocks were inserted by expansion, ascending.
    public private(set) var addedLayers: [Int] = []
    /// Rank, alpha and names of the adapted projections, when adapters are attached.
    public internal(set) var lora: LoRASettings?

    /// A model whose weights are all zero, for a checkpoint to fill.
    public init(_ configuration: LlamaConfiguration) {
        self.configuration = configuration
        let c = configuration
        embedding = Parameter("model.embed_tokens.weight", [c.vocabularySize, c.hiddenSize])
        blocks = (0..<c.layerCount).map { Block(c, layer: $0) }
        norm = Parameter("model.norm.weight", [c.hiddenSize])
        head = c.tiesEmbeddings ? embedding : Parameter("lm_head.weight", [c.vocabularySize, c.hiddenSize])
    }

    /// A model with random weights: matrices from N(0, initializer_range^2), norms one. Each tensor draws from a stream
    /// named after it, so that adding a layer changes no other tensor.
    public convenience init(_ configuration: LlamaConfiguration, seed: Int) {
        self.init(configuration)
        for parameter in parameters {
            if parameter.shape.count == 1 {
                parameter.values.fill(1)
            } else {
                parameter.drawNormal(seed: seed, deviation: configuration.initializerRange)
            }
        }
    }

    /// Every tensor once, in the order of forward.
    public var parameters: [Parameter] {
        [embedding] + blocks.flatMap(\.parameters) + [norm] + (head === embedding ? [] : [head])
    }

    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }
    public var trainedParameterCount: Int { parameters.reduce(0) { $0 + ($1.isTrainable ? $1.count : 0) } }

    public func setTrainable(_ isTrainable: (Parameter) -> Bool) {
        for parameter in parameters { parameter.isTrainable = isTrainable(parameter) }
    }

    public func freeze() { setTrainable { _ in false } }

    public func zeroGradients() {
        for parameter in parameters { parameter.gradient?.fill(0) }
    }
}

extension Parameter {
    func drawNormal(seed: Int, deviation: Double) {
        var random = RandomStream(seed: seed, "init/" + name)
        for i in 0..<count { values.base[i] = Float(deviation * random.normal()) }
    }
}

extension LlamaModel {
    /// Inserts a copy of a block after each of the given layers, with o_proj and down_proj zero, so that the model computes
    /// the same as before, bit for bit. Everything is frozen afterwards.
    ///
    /// - Parameter layers: 1-based original layers to insert after, ascending; 0 stands for below the first block, which is
    ///   then the one copied. A layer may come several times.
    /// Source: Wu et al. 2024, LLaMA Pro, arXiv 2401.02415, section 3.2.
    public func expand(after layers: [Int]) {
        precondition(layers == layers.sorted() && layers.allSatisfy { (0...blocks.count).contains($0) }, "layers to insert after: \(layers)")
        precondition(addedLayers.isEmpty && lora == nil, "a model is expanded once, before adapters")
        var expanded: [Block] = []
        func insertCopies(after layer: Int) {
            for _ in layers.filter({ $0 == layer }) {
                addedLayers.append(expanded.count)
                expanded.append(identityCopy(of: blocks[max(layer - 1, 0)]))
            }
        }
        insertCopies(after: 0)
        for (index, block) in blocks.enumerated() {
            expanded.append(block)
            insertCopies(after: index + 1)
        }
        rebuild(with: expanded)
        freeze()
    }

    private func identityCopy(of block: Block) -> Block {
        let copy = Block(configuration, layer: 0)
        for (from, to) in zip(block.parameters, copy.parameters) { to.values.copy(from: from.values) }
        copy.o.weight.values.fill(0)
        copy.down.weight.values.fill(0)
        return copy
    }

    private func rebuild(with blocks: [Block]) {
        self.blocks = blocks
        configuration.layerCount = blocks.count
        for (layer, block) in blocks.enumerated() { block.moved(to: layer) }
    }

    /// Says which blocks of a model read from a checkpoint were added.
    func markAdded(_ layers: [Int]) { addedLayers = layers }

    /// Attaches adapters with A from U(-1/sqrt(I), 1/sqrt(I)) and B zero, so that the model computes the same as before.
    /// (PEFT's default: kaiming_uniform with a = sqrt(5), which is that range.) Everything is frozen afterwards.
    public func attachLoRA(_ settings: LoRASettings, seed: Int) {
        precondition(lora == nil, "adapters are attached once")
        lora = settings
        for block in blocks {
            for (name, linear) in block.linears where settings.targetModules.contains(name) {
                let adapter = LowRankAdapter(linear, rank: settings.rank, alpha: settings.alpha)
                var random = RandomStream(seed: seed, "init/" + adapter.a.name)
                let bound = 1 / Double(linear.inputs).squareRoot()
                for i in 0..<adapter.a.count { adapter.a.values.base[i] = Float((2 * random.uniform() - 1) * bound) }
                linear.adapter = adapter
            }
        }
        freeze()
    }
}

/// Where adapters sit and how large they are; the keys of PEFT's `LoraConfig`.
public struct LoRASettings: Sendable, Hashable {
    public var rank: Int
    public var alpha: Double
    /// Names of projections, in the order of `Block.linearNames`.
    public var targetModules: [String]

    public init(rank: Int, alpha: Double, targetModules: [String]) {
        self.rank = rank
        self.alpha = alpha
        self.targetModules = Block.linearNames.filter(targetModules.contains)
    }

    public static let fields: [Field] = [
        .optional("r", .positive, default: 8, "rank of the adapters"),
        .optional("lora_alpha", .number(1e-6...1e6), default: 16.0, "adapters are scaled by lora_alpha / r"),
        .optional(
            "target_modules", .list(.choice(Block.linearNames), count: 1...7), default: .list(Block.linearNames.map { .string($0) }),
            "projections that get an adapter"),
    ]

    public init(settings: Settings) {
        self.init(
            rank: settings.integer("r"), alpha: settings.number("lora_alpha"),
            targetModules: settings.list("target_modules").compactMap(\.asString))
    }

    public var value: Value {
        ["r": .integer(rank), "lora_alpha": .number(alpha), "target_modules": .list(targetModules.map { .string($0) })]
    }
}
