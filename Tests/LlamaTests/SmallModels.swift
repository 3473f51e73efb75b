import Kernels
import Llama
import Settings

/// Small shapes with grouped heads and no round number among their sizes.
func smallConfiguration(
    layers: Int = 3, hidden: Int = 12, intermediate: Int = 10, heads: Int = 6, keyValueHeads: Int = 3, vocabulary: Int = 19, ties: Bool = false
) throws -> LlamaConfiguration {
    try LlamaConfiguration(value: [
        "vocab_size": .integer(vocabulary), "hidden_size": .integer(hidden), "intermediate_size": .integer(intermediate),
        "num_hidden_layers": .integer(layers), "num_attention_heads": .integer(heads), "num_key_value_heads": .integer(keyValueHeads),
        "max_position_embeddings": 16, "tie_word_embeddings": .bool(ties), "initializer_range": 0.3,
    ])
}

/// A model none of whose tensors is constant, norms included.
func smallModel(_ configuration: LlamaConfiguration, seed: Int = 1) -> LlamaModel {
    let model = LlamaModel(configuration, seed: seed)
    var random = RandomStream(seed: seed, "norms")
    for parameter in model.parameters where parameter.shape.count == 1 {
        for i in 0..<parameter.count { parameter.values.base[i] = Float(0.5 + random.uniform()) }
    }
    return model
}

func randomTokens(_ count: Int, vocabulary: Int, seed: Int) -> [Int32] {
    var random = RandomStream(seed: seed, "tokens")
    return (0..<count).map { _ in Int32(random.below(vocabulary)) }
}

extension LlamaModel {
    /// Logits of one fixed batch of two sequences.
    func testLogits(_ compute: Compute = Compute()) -> [Float] {
        ModelPass(self, compute, batch: 2, length: 9).logits(tokens: randomTokens(18, vocabulary: configuration.vocabularySize, seed: 2))
    }

    /// Gradients of one fixed batch by name, and its summed loss.
    func testGradients(_ compute: Compute = Compute()) -> (loss: Double, gradients: [String: [Float]]) {
        zeroGradients()
        let pass = ModelPass(self, compute, batch: 2, length: 9)
        let vocabulary = configuration.vocabularySize
        let loss = pass.addGradients(
            tokens: randomTokens(18, vocabulary: vocabulary, seed: 2), targets: randomTokens(18, vocabulary: vocabulary, seed: 3), gradientScale: 1 / 18)
        var gradients: [String: [Float]] = [:]
        for parameter in parameters { gradients[parameter.name] = parameter.gradient?.values }
        return (loss, gradients)
    }
}

/// The bits of all tensors by name.
func bits(_ model: LlamaModel) -> [String: [UInt32]] {
    Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.values.values.map(\.bitPattern)) })
}
