import Settings

/// What Strata keeps of a `tokenizer_config.json`: which tokens mean what, and how a chat is spelled.
public struct TokenizerConfiguration: Sendable, Hashable {
    /// `eos_token`, `bos_token`, `unk_token`, `pad_token`.
    public var endOfText: String
    public var beginOfText: String?
    public var unknown: String?
    public var padding: String?
    /// `chat_template`: a Jinja template, or a list of named ones.
    public var chatTemplate: Value?
    /// `model_max_length` in tokens.
    public var maximumLength: Int?

    public init(
        endOfText: String = endOfTextMark, beginOfText: String? = nil, unknown: String? = nil, padding: String? = nil, chatTemplate: Value? = nil,
        maximumLength: Int? = nil
    ) {
        (self.endOfText, self.beginOfText, self.unknown, self.padding) = (endOfText, beginOfText, unknown, padding)
        (self.chatTemplate, self.maximumLength) = (chatTemplate, maximumLength)
    }

    /// The text of a `tokenizer_config.json`, with which `transformers.AutoTokenizer` takes the `tokenizer.json` beside it as it is.
    public var json: String {
        var value: Value = ["tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false, "eos_token": .string(endOfText)]
        for (key, token) in [("bos_token", beginOfText), ("unk_token", unknown), ("pad_token", padding)] { value[key] = token.map { .string($0) } }
        value["chat_template"] = chatTemplate
        value["model_max_length"] = maximumLength.map { .integer($0) }
        return value.canonicalJSON + "\n"
    }
}
