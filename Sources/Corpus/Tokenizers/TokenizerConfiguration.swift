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
    /// `add_bos_token` and `add_eos_token`, held against the post-processor; not written.
    private var addsBeginOfText: Bool?
    private var addsEndOfText: Bool?
    /// Contents by id of `added_tokens_decoder`, held against the tokenizer; not written.
    private var addedTokens: [Int: String] = [:]

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

extension TokenizerConfiguration {
    /// Reads the bytes of a `tokenizer_config.json`. Keys that reach neither ids nor templates are passed over, as there are many.
    ///
    /// - Parameter template: the `chat_template.jinja` beside it, which takes the place of the template in the file.
    init(json bytes: [UInt8], file: String, template: String? = nil) throws(CorpusError) {
        func wrong(_ key: String, _ found: Value, _ expected: String, _ advice: String = "") -> CorpusError {
            CorpusError(place: "\(file): \(key)", found: found.summary, expected: expected, advice: advice)
        }
        let json: Value
        do { json = try Value(json: bytes) } catch {
            throw CorpusError(place: "\(file):\(error.line):\(error.column)", found: error.found, expected: error.expected, advice: "the file is not valid JSON")
        }
        guard json.asObject != nil else { throw wrong("the whole file", json, "a mapping") }
        func token(_ key: String) throws(CorpusError) -> String? {
            let value = json[key] ?? .null
            guard value != .null else { return nil }
            guard let text = value.asString ?? value["content"]?.asString, !text.isEmpty else { throw wrong(key, value, "a token, or a mapping with its 'content'") }
            return text
        }
        guard let end = try token("eos_token") else {
            throw wrong("eos_token", json["eos_token"] ?? .null, "the token that ends a text", "name one of the tokenizer's tokens: documents are parted by it")
        }
        self.init(endOfText: end, beginOfText: try token("bos_token"), unknown: try token("unk_token"), padding: try token("pad_token"))
        let chat = json["chat_template"] ?? .null
        guard chat == .null || chat.asString != nil || chat.asList != nil else { throw wrong("chat_template", chat, "a template, or a list of named ones") }
        if let template { chatTemplate = .string(String(decoding: try FileText.bytes(of: template), as: UTF8.self)) } else if chat != .null { chatTemplate = chat }
        // Transformers writes 1e30 for "no limit".
        if let length = json["model_max_length"], length != .null {
            guard let number = length.asDouble, number >= 1 else { throw wrong("model_max_length", length, "a number of tokens") }
            maximumLength = number < 1e9 ? Int(number) : nil
        }
        for (key, path) in [("add_bos_token", \TokenizerConfiguration.addsBeginOfText), ("add_eos_token", \.addsEndOfText)] {
            guard let value = json[key], value != .null else { continue }
            guard let bool = value.asBool else { throw wrong(key, value, "true or false") }
            self[keyPath: path] = bool
        }
        let added = json["added_tokens_decoder"] ?? .null
        guard added == .null || added.asObject != nil else { throw wrong("added_tokens_decoder", added, "a mapping of ids to tokens") }
        for (id, value) in (added.asObject ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let number = Int(id), let content = value["content"]?.asString else {
                throw wrong("added_tokens_decoder[\(Value.string(id).summary)]", value, "an id, and a mapping with the token's 'content'")
            }
            addedTokens[number] = content
        }
    }

    /// Throws where the file says otherwise than the tokenizer beside it, so that transformers would give other ids than the tokenizer alone.
    func check(_ tokenizer: BytePairTokenizer, file: String) throws(CorpusError) {
        func wrong(_ key: String, _ found: String, _ expected: String) -> CorpusError {
            CorpusError(
                place: "tokenizer_config.json beside \(file): \(key)", found: found, expected: expected,
                advice: "save both again with transformers: AutoTokenizer.from_pretrained(...).save_pretrained(...)")
        }
        let ends = tokenizer.frame.after.contains(tokenizer.endOfText)
        for (key, found, does) in [("add_bos_token", addsBeginOfText, !tokenizer.frame.before.isEmpty), ("add_eos_token", addsEndOfText, ends)] {
            if let found, found != does { throw wrong(key, "\(found)", "\(does), as the post_processor of tokenizer.json does") }
        }
        for id in addedTokens.keys.sorted() {
            guard let content = addedTokens[id], !tokenizer.added.contains(where: { Int($0.id) == id && $0.content == Array(content.utf8) }) else { continue }
            throw wrong("added_tokens_decoder[\"\(id)\"]", Value.string(content).summary, "a token that the added_tokens of tokenizer.json have under that id")
        }
    }
}
