import Corpus
import Kernels
import Llama
import Settings
import Training

/// Settings of a stage with these keys changed; ten steps of two sequences otherwise.
func trainingSettings(_ changes: [String: Value] = [:]) throws -> TrainingSettings {
    var values: [String: Value] = ["steps": 10, "batch_size": 2, "learning_rate": 0.01]
    for key in changes.keys.sorted() { values[key] = changes[key] }
    return try TrainingSettings(value: .object(values))
}

func smallModel(layers: Int = 2, vocabulary: Int = 23, hidden: Int = 12, positions: Int = 16, seed: Int = 1) throws -> LlamaModel {
    let configuration = try LlamaConfiguration(value: [
        "vocab_size": .integer(vocabulary), "hidden_size": .integer(hidden), "intermediate_size": 20, "num_hidden_layers": .integer(layers),
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": .integer(positions), "initializer_range": 0.1,
    ])
    return LlamaModel(configuration, seed: seed)
}

/// Windows of a text in which each token decides most of the next, so that there is something to learn.
func smallBatches(sequenceLength: Int = 8, seed: Int = 1) throws -> Batches {
    var random = RandomStream(seed: 9, "text")
    var tokens: [Int32] = [0]
    for _ in 0..<600 { tokens.append(random.below(5) == 0 ? Int32(random.below(23)) : (tokens[tokens.count - 1] * 5 + 3) % 23) }
    return try Batches(domains: [tokens], weights: [1], sequenceLength: sequenceLength, seed: seed, label: "test")
}

/// The bits of all tensors by name.
func bits(_ model: LlamaModel) -> [String: [UInt32]] {
    Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.values.values.map(\.bitPattern)) })
}
