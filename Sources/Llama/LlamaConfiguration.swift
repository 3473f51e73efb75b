import Settings

/// The shape of a LLaMA model, with the keys of a transformers `config.json`.
public struct LlamaConfiguration: Sendable, Hashable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var maxPositions: Int
    public var ropeTheta: Double
    public var ropeScaling: RotaryScaling?
    public var normEpsilon: Double
    public var tiesEmbeddings: Bool
    public var initializerRange: Double

    public var headWidth: Int { hiddenSize / headCount }
    public var keyValueWidth: Int { keyValueHeadCount * headWidth }

    /// The keys of `base.model`; the vocabulary's size comes from the tokenizer. The bounds keep products of sizes within `Int`.
    public static let fields: [Field] = [
        .required("hidden_size", .integer(1...1_048_576), "width of the residual stream"),
        .required("intermediate_size", .integer(1...4_194_304), "width of the feed-forward layer"),
        .required("num_hidden_layers", .integer(1...4096), "blocks"),
        .required("num_attention_heads", .positive, "query heads; divides hidden_size"),
        .optional("num_key_value_heads", .positive, default: .null, "key-value heads; divides num_attention_heads (default: as many)"),
        .optional("max_position_embeddings", .integer(1...1_048_576), default: 128, "longest sequence, in tokens"),
        .optional("rope_theta", .number(1...1e12), default: 10000.0, "base of the rotary frequencies"),
        .optional("rope_scaling", RotaryScaling.kind, default: .null, "rotary frequencies for longer sequences: rope_type linear, dynamic or llama3"),
        .optional("rms_norm_eps", .number(1e-12...1), default: 1e-5, "added to the mean square in RMSNorm"),
        .optional("tie_word_embeddings", .bool, default: false, "one matrix for embedding and output"),
        .optional("initializer_range", .number(1e-6...10), default: 0.02, "standard deviation of initial weights"),
    ]

    /// Settings that `fields` has validated, checked for sizes that do not go together.
    public init(settings: Settings, vocabularySize: Int) throws(SettingsError) {
        self.vocabularySize = vocabularySize
        hiddenSize = settings.integer("hidden_size")
        intermediateSize = settings.integer("intermediate_size")
        layerCount = settings.integer("num_hidden_layers")
        headCount = settings.integer("num_attention_heads")
        keyValueHeadCount = settings.has("num_key_value_heads") ? settings.integer("num_key_value_heads") : headCount
        maxPositions = settings.integer("max_position_embeddings")
        ropeTheta = settings.number("rope_theta")
        if settings.has("rope_scaling") {
            do { ropeScaling = try RotaryScaling(settings.settings("rope_scaling")) } catch { throw error.under(Path(dotted: "rope_scaling")) }
        }
        normEpsilon = settings.number("rms_norm_eps")
        tiesEmbeddings = settings.bool("tie_word_embeddings")
        initializerRange = settings.number("initializer_range")
        try check()
    }

    /// More weights than any machine holds, and few enough that no product of sizes overflows.
    private static let largestParameterCount = 0x1p40

    private func check() throws(SettingsError) {
        let (h, f) = (Double(hiddenSize), Double(intermediateSize))
        let weights = 2 * Double(vocabularySize) * h + Double(layerCount) * h * (4 * h + 3 * f)
        guard weights <= Self.largestParameterCount else {
            throw SettingsError(
                path: Path(), found: "sizes that make a model of about \(weights) weights", expected: "at most \(Self.largestParameterCount)",
                advice: "lower hidden_size, intermediate_size or num_hidden_layers")
        }
        guard hiddenSize % headCount == 0 else {
            throw SettingsError(
                path: Path(dotted: "num_attention_heads"), found: "\(headCount)", expected: "a divisor of hidden_size, which is \(hiddenSize)",
                advice: "heads must divide the width")
        }
        guard headWidth % 2 == 0 else {
            throw SettingsError(
                path: Path(dotted: "num_attention_heads"), found: "\(headCount), which makes heads of width \(headWidth)",
                expected: "heads of even width", advice: "rotary embedding turns pairs")
        }
        if case .dynamic = ropeScaling, headWidth == 2 {
            throw SettingsError(
                path: Path(dotted: "rope_scaling.rope_type"), found: "\"dynamic\" with heads of width 2", expected: "heads of at least 4, or another rope_type",
                advice: "its exponent is width / (width - 2)")
        }
        guard headCount % keyValueHeadCount == 0 else {
            throw SettingsError(
                path: Path(dotted: "num_key_value_heads"), found: "\(keyValueHeadCount)",
                expected: "a divisor of num_attention_heads, which is \(headCount)")
        }
    }

    /// The same shape as `config.json` keys and values. Scaling stands there only if there is any.
    public var value: Value {
        var value: Value = [
            "vocab_size": .integer(vocabularySize), "hidden_size": .integer(hiddenSize), "intermediate_size": .integer(intermediateSize),
            "num_hidden_layers": .integer(layerCount), "num_attention_heads": .integer(headCount),
            "num_key_value_heads": .integer(keyValueHeadCount), "max_position_embeddings": .integer(maxPositions),
            "rope_theta": .number(ropeTheta), "rms_norm_eps": .number(normEpsilon), "tie_word_embeddings": .bool(tiesEmbeddings),
            "initializer_range": .number(initializerRange),
        ]
        if let ropeScaling { value["rope_scaling"] = ropeScaling.value }
        return value
    }

    /// Reads `value` back.
    public init(value: Value) throws(SettingsError) {
        let vocabulary = Field.required("vocab_size", .positive, "tokens that the model knows")
        let settings = try Settings(value, fields: LlamaConfiguration.fields + [vocabulary])
        try self.init(settings: settings, vocabularySize: settings.integer("vocab_size"))
    }

    /// Weights of a model of this shape, before any strategy adds to it.
    public var parameterCount: Int {
        let attention = hiddenSize * (2 * hiddenSize + 2 * keyValueWidth)
        let block = attention + 3 * hiddenSize * intermediateSize + 2 * hiddenSize
        return vocabularySize * hiddenSize * (tiesEmbeddings ? 1 : 2) + layerCount * block + hiddenSize
    }
}
