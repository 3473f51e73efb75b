import Settings

/// A size of model and batch that training is timed at.
public struct TrainingShape: Sendable, Hashable {
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var vocabularySize: Int
    /// Sequences a step, and tokens a sequence.
    public var batchSize: Int
    public var length: Int

    public init(
        hiddenSize: Int, intermediateSize: Int, layerCount: Int, headCount: Int, keyValueHeadCount: Int? = nil, vocabularySize: Int,
        batchSize: Int, length: Int
    ) {
        (self.hiddenSize, self.intermediateSize, self.layerCount) = (hiddenSize, intermediateSize, layerCount)
        (self.headCount, self.keyValueHeadCount) = (headCount, keyValueHeadCount ?? headCount)
        (self.vocabularySize, self.batchSize, self.length) = (vocabularySize, batchSize, length)
    }

    /// The shapes that reports compare, by name.
    public static let standard: [(name: String, shape: TrainingShape)] = [
        ("d64", TrainingShape(hiddenSize: 64, intermediateSize: 172, layerCount: 8, headCount: 4, vocabularySize: 512, batchSize: 16, length: 128)),
        ("d128", TrainingShape(hiddenSize: 128, intermediateSize: 344, layerCount: 8, headCount: 4, vocabularySize: 512, batchSize: 16, length: 128)),
        ("d256", TrainingShape(hiddenSize: 256, intermediateSize: 688, layerCount: 8, headCount: 8, vocabularySize: 1024, batchSize: 8, length: 256)),
        ("d512", TrainingShape(hiddenSize: 512, intermediateSize: 1376, layerCount: 8, headCount: 8, vocabularySize: 1024, batchSize: 4, length: 256)),
    ]

    public static func named(_ name: String) throws(SettingsError) -> TrainingShape {
        guard let found = standard.first(where: { $0.name == name }) else {
            throw SettingsError(
                path: Path(dotted: "shape"), found: "'\(name)'", expected: "one of \(standard.map(\.name).joined(separator: ", "))",
                advice: "the sizes can also be given one by one")
        }
        return found.shape
    }

    /// The same sizes under the keys of a transformers `config.json`.
    var configuration: Value {
        [
            "hidden_size": .integer(hiddenSize), "intermediate_size": .integer(intermediateSize), "num_hidden_layers": .integer(layerCount),
            "num_attention_heads": .integer(headCount), "num_key_value_heads": .integer(keyValueHeadCount),
            "vocab_size": .integer(vocabularySize), "max_position_embeddings": .integer(length),
        ]
    }
}
