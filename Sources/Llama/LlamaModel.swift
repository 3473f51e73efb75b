import Kernels
import Settings

/// A LLaMA language model: embedding, blocks, norm, output projection. Everything is frozen until a strategy says otherwise.
/// Source: Touvron et al. 2023, arXiv 2302.13971; the layout of tensors is that of transformers' `LlamaForCausalLM`.
public final class LlamaModel {
    /// The shape with the blocks as they are now.
    public internal(set) var configuration: LlamaConfiguration
    public let embedding: Parameter
    public internal(set) var blocks: [Block]
    public let norm: Parameter
    /// The output projection (vocabulary, width); the embedding itself when they are tied.
    public let head: Parameter
    /// Which of the blocks were inserted by expansion, ascending.
    public internal(set) var addedLayers: [Int] = []
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
    func drawNormal(seed: Int, _ label: String = "init/", deviation: Double) {
        var random = RandomStream(seed: seed, label + name)
        for i in 0..<count { values.base[i] = Float(deviation * random.normal()) }
    }
}

extension LlamaModel {
    /// Everything that is trained, with a copy of its values as they are now.
    public var trainedCopies: [(parameter: Parameter, values: FloatBuffer)] {
        parameters.filter(\.isTrainable).map { parameter in
            let copy = FloatBuffer(parameter.count)
            copy.copy(from: parameter.values)
            return (parameter, copy)
        }
    }
}
