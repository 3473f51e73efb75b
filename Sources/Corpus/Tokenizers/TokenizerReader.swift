import Settings

/// Reads the parts of a `tokenizer.json`. What would not be done here is refused with its key: ids that differ a little are worse than none.
struct TokenizerReader {
    let file: String
    let json: Value
    /// `model.vocab`, with keys byte for byte.
    let entries: [(key: [UInt8], value: Value)]

    static let advice = "what is read: byte-level BPE (GPT-2, Llama 3, Qwen 2) and BPE with a mark for spaces (Llama 2, Mistral)"

    init(json bytes: [UInt8], file: String) throws(CorpusError) {
        self.file = file
        do {
            let (rest, entries) = try Value.reading(json: bytes, entriesAt: ["model", "vocab"])
            json = rest
            guard rest.asObject != nil else {
                throw CorpusError(place: "\(file): the whole file", found: rest.summary, expected: "a mapping", advice: TokenizerReader.advice)
            }
            guard let entries else {
                throw CorpusError(
                    place: "\(file): model.vocab", found: rest["model"]?["vocab"]?.summary ?? "nothing", expected: "a mapping of tokens to ids",
                    advice: TokenizerReader.advice)
            }
            self.entries = entries
        } catch let error as JSONError {
            throw CorpusError(place: "\(file):\(error.line):\(error.column)", found: error.found, expected: error.expected, advice: "the file is not valid JSON")
        } catch let error as CorpusError { throw error } catch { preconditionFailure("\(error)") }
    }

    func wrong(_ key: String, _ found: String, _ expected: String, _ advice: String = TokenizerReader.advice) -> CorpusError {
        CorpusError(place: "\(file): \(key)", found: found, expected: expected, advice: advice)
    }

    /// A mapping with none but these keys.
    func object(_ value: Value?, _ key: String, keys: [String]) throws(CorpusError) -> [String: Value] {
        guard let entries = value?.asObject else { throw wrong(key, value?.summary ?? "nothing", "a mapping") }
        for name in entries.keys.sorted() where !keys.contains(name) {
            throw wrong(key.isEmpty ? "the whole file" : key, "an unknown key \(Value.string(name).summary)", "one of \(keys.joined(separator: ", "))")
        }
        return entries
    }

    /// true or false; `default` where the key is missing or null, and an error where there is no default.
    func bool(_ entries: [String: Value], _ name: String, in key: String, default value: Bool? = nil) throws(CorpusError) -> Bool {
        let found = entries[name] ?? .null
        if let bool = found.asBool { return bool }
        guard found == .null, let value else { throw wrong("\(key).\(name)", found.summary, "true or false") }
        return value
    }

    func text(_ entries: [String: Value], _ name: String, in key: String) throws(CorpusError) -> [UInt8] {
        guard let text = entries[name]?.asString, !text.isEmpty else { throw wrong("\(key).\(name)", entries[name]?.summary ?? "nothing", "text that is not empty") }
        return Array(text.utf8)
    }

    /// Text of one character.
    func character(_ entries: [String: Value], _ name: String, in key: String) throws(CorpusError) -> [UInt8] {
        let text = try text(entries, name, in: key)
        guard UTF8Text.length(lead: text[0]) == text.count else { throw wrong("\(key).\(name)", "more than one character", "one character") }
        return text
    }

    /// `{"String": "x"}` of Replace and Split.
    func plainPattern(_ entries: [String: Value], in key: String) throws(CorpusError) -> [UInt8] {
        let pattern = try object(entries["pattern"], "\(key).pattern", keys: ["String", "Regex"])
        guard pattern["Regex"] == nil else { throw wrong("\(key).pattern.Regex", pattern["Regex"]?.summary ?? "", "a pattern of the form {\"String\": ...}") }
        return try text(pattern, "String", in: "\(key).pattern")
    }

    /// The parts of a section: those of a `Sequence` with their keys, or the section itself.
    func parts(_ value: Value, _ key: String, list: String) throws(CorpusError) -> [(value: Value, key: String)] {
        guard value["type"] == "Sequence" else { return [(value, key)] }
        let entries = try object(value, key, keys: ["type", list])
        guard let items = entries[list]?.asList else { throw wrong("\(key).\(list)", entries[list]?.summary ?? "nothing", "a list") }
        var parts: [(Value, String)] = []
        for (index, item) in items.enumerated() {
            guard item["type"] != "Sequence" else { throw wrong("\(key).\(list)[\(index)].type", "a sequence inside another", "a single step") }
            parts.append((item, "\(key).\(list)[\(index)]"))
        }
        return parts
    }

    func unknownType(_ value: Value, _ key: String, known: [String]) -> CorpusError {
        wrong("\(key).type", (value["type"] ?? value).summary, "one of \(known.joined(separator: ", "))")
    }
}

extension TokenizerReader {
    /// The whole tokenizer. `configuration`: what stands beside the file, nil where nothing does.
    func tokenizer(_ configuration: TokenizerConfiguration?) throws(CorpusError) -> BytePairTokenizer {
        _ = try object(json, "", keys: ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"])
        for (key, expected) in [("version", ["1.0", .null]), ("truncation", [.null]), ("padding", [.null])] as [(String, [Value])] {
            let found = json[key] ?? .null
            guard expected.contains(found) else { throw wrong(key, found.summary, expected.map(\.summary).joined(separator: " or ")) }
        }
        let normalizer = try normalizer()
        let (splitting, isByteLevel) = try splitting(normalizer)
        let model = try model(isByteLevel: isByteLevel)
        let added = try addedTokens(model, normalizer)
        let frame = try frame(size: max(model.spellings.count, Int(added.map(\.id).max() ?? -1) + 1))
        let decoder = try decoder()
        let found = configuration ?? TokenizerConfiguration()
        let mark = Array(found.endOfText.utf8)
        guard let end = added.first(where: { $0.content == mark })?.id ?? model.spellings.firstIndex(of: mark).map({ Int32($0) }) else {
            throw configuration == nil
                ? wrong("added_tokens", "no token '\(endOfTextMark)'", "to be told which token ends a text", "put a tokenizer_config.json with an 'eos_token' beside the file")
                : wrong("added_tokens", "no token \(Value.string(found.endOfText).summary)", "the eos_token of tokenizer_config.json", "name a token of the vocabulary there")
        }
        return BytePairTokenizer(
            model: model, added: added, endOfText: end, normalizer: normalizer, splitting: splitting, decoder: decoder, frame: frame, configuration: found,
            sections: BytePairTokenizer.Sections(
                normalizer: json["normalizer"] ?? .null, preTokenizer: json["pre_tokenizer"] ?? .null, postProcessor: json["post_processor"] ?? .null,
                decoder: json["decoder"] ?? .null))
    }

    private func normalizer() throws(CorpusError) -> TextNormalizer {
        let section = json["normalizer"] ?? .null
        guard section != .null else { return TextNormalizer() }
        var steps: [TextNormalizer.Step] = []
        for (part, key) in try parts(section, "normalizer", list: "normalizers") {
            switch part["type"]?.asString {
            case "Prepend": steps.append(.prepend(try text(try object(part, key, keys: ["type", "prepend"]), "prepend", in: key)))
            case "Replace":
                let entries = try object(part, key, keys: ["type", "pattern", "content"])
                guard let content = entries["content"]?.asString else { throw wrong("\(key).content", entries["content"]?.summary ?? "nothing", "text") }
                steps.append(.replace(try plainPattern(entries, in: key), by: Array(content.utf8)))
            default: throw unknownType(part, key, known: ["Prepend", "Replace", "Sequence"])
            }
        }
        // A chain of replacements may otherwise make a short text as long as it likes.
        let longest = steps.map { if case .replace(_, let content) = $0 { max(content.count, 1) } else { 1 } }.reduce(1) { $0.multipliedReportingOverflow(by: $1).partialValue }
        guard steps.count <= 16, 1...64 ~= longest else { throw wrong("normalizer", "replacements that make a text many times longer", "at most 64 bytes for one") }
        return TextNormalizer(steps: steps)
    }

    private func splitting(_ normalizer: TextNormalizer) throws(CorpusError) -> (BytePairTokenizer.Splitting, isByteLevel: Bool) {
        let section = json["pre_tokenizer"] ?? .null
        var splitting = BytePairTokenizer.Splitting(words: .none)
        guard section != .null else { return (splitting, false) }
        var isByteLevel = false
        for (part, key) in try parts(section, "pre_tokenizer", list: "pretokenizers") {
            guard !isByteLevel, splitting.mark == [UInt8(ascii: " ")] else { throw wrong(key, "another step", "ByteLevel or Metaspace as the last one") }
            switch part["type"]?.asString {
            case "Split":
                guard splitting.words == .none else { throw wrong(key, "a second Split", "one before ByteLevel") }
                splitting.words = .pattern(try wordPattern(part, key))
            case "ByteLevel":
                let entries = try object(part, key, keys: ["type", "add_prefix_space", "trim_offsets", "use_regex"])
                _ = try bool(entries, "trim_offsets", in: key, default: true)
                let addsSpace = try bool(entries, "add_prefix_space", in: key)
                if try bool(entries, "use_regex", in: key, default: true) {
                    guard splitting.words == .none else { throw wrong("\(key).use_regex", "true behind a Split", "false there") }
                    splitting.words = .pattern(.gpt2)
                } else if splitting.words != .none, addsSpace {
                    throw wrong("\(key).add_prefix_space", "true behind a Split", "false there")
                }
                if addsSpace { splitting.prefix = .always }
                isByteLevel = true
            case "Metaspace":
                guard splitting.words == .none else { throw wrong(key, "Metaspace behind a Split", "Metaspace alone") }
                splitting = try metaspace(part, key, normalizer)
            default: throw unknownType(part, key, known: ["ByteLevel", "Metaspace", "Split (before ByteLevel)", "Sequence"])
            }
        }
        guard isByteLevel || splitting.mark != [UInt8(ascii: " ")] else { throw wrong("pre_tokenizer", "a Split alone", "a ByteLevel behind it") }
        return (splitting, isByteLevel)
    }

    private func wordPattern(_ part: Value, _ key: String) throws(CorpusError) -> WordPattern {
        let entries = try object(part, key, keys: ["type", "pattern", "behavior", "invert"])
        for (name, expected) in [("behavior", "Isolated"), ("invert", false)] as [(String, Value)] where entries[name] != expected {
            throw wrong("\(key).\(name)", entries[name]?.summary ?? "nothing", expected.summary)
        }
        let pattern = try object(entries["pattern"], "\(key).pattern", keys: ["String", "Regex"])
        guard let expression = pattern["Regex"]?.asString, let known = WordPattern.allCases.first(where: { $0.expression == expression }) else {
            throw wrong("\(key).pattern", (pattern["Regex"] ?? pattern["String"] ?? .null).summary, "the regular expression of GPT-2, Llama 3 or Qwen 2, letter by letter")
        }
        return known
    }

    private func metaspace(_ part: Value, _ key: String, _ normalizer: TextNormalizer) throws(CorpusError) -> BytePairTokenizer.Splitting {
        let (mark, prefix, splits) = try metaspaceParts(part, key)
        let prepends = normalizer.steps.contains { if case .prepend = $0 { true } else { false } }
        guard !prepends || prefix == .never else { throw wrong("\(key).prepend_scheme", "\(prefix)", "never, behind a normalizer that prepends") }
        return BytePairTokenizer.Splitting(words: splits ? .marks : .none, mark: mark, prefix: prefix)
    }

    /// Mark, where it is put first, and whether it parts words; of pre-tokenizer and decoder alike.
    private func metaspaceParts(_ part: Value, _ key: String) throws(CorpusError) -> (mark: [UInt8], BytePairTokenizer.Splitting.Prefix, splits: Bool) {
        let entries = try object(part, key, keys: ["type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"])
        let mark = try character(entries, "replacement", in: key)
        guard mark != [UInt8(ascii: " ")] else { throw wrong("\(key).replacement", "a space", "another character") }
        let schemes: [String: BytePairTokenizer.Splitting.Prefix] = ["always": .always, "first": .first, "never": .never]
        let scheme = entries["prepend_scheme"] ?? "always"
        guard var prefix = scheme.asString.flatMap({ schemes[$0] }) else { throw wrong("\(key).prepend_scheme", scheme.summary, "always, first or never") }
        if try !bool(entries, "add_prefix_space", in: key, default: true) {
            guard entries["prepend_scheme"] == nil || prefix == .never else { throw wrong("\(key).add_prefix_space", "false", "true, as prepend_scheme says") }
            prefix = .never
        }
        return (mark, prefix, try bool(entries, "split", in: key, default: true))
    }

    private func decoder() throws(CorpusError) -> TokenDecoder {
        let section = json["decoder"] ?? .null
        guard section != .null else { return TokenDecoder(steps: nil) }
        var steps: [TokenDecoder.Step] = []
        for (part, key) in try parts(section, "decoder", list: "decoders") {
            switch part["type"]?.asString {
            case "ByteLevel":
                let entries = try object(part, key, keys: ["type", "add_prefix_space", "trim_offsets", "use_regex"])
                for name in ["add_prefix_space", "trim_offsets", "use_regex"] { _ = try bool(entries, name, in: key, default: true) }
                steps.append(.byteLevel)
            case "Replace":
                let entries = try object(part, key, keys: ["type", "pattern", "content"])
                guard let content = entries["content"]?.asString, content.utf8.count <= 64 else {
                    throw wrong("\(key).content", entries["content"]?.summary ?? "nothing", "text of at most 64 bytes")
                }
                steps.append(.replace(try plainPattern(entries, in: key), by: Array(content.utf8)))
            case "ByteFallback":
                _ = try object(part, key, keys: ["type"])
                steps.append(.byteFallback)
            case "Fuse":
                _ = try object(part, key, keys: ["type"])
                steps.append(.fuse)
            case "Strip":
                let entries = try object(part, key, keys: ["type", "content", "start", "stop"])
                var counts: [Int] = []
                for name in ["start", "stop"] {
                    guard let count = entries[name]?.asInteger, 0...1000 ~= count else { throw wrong("\(key).\(name)", entries[name]?.summary ?? "nothing", "a whole number from 0 to 1000") }
                    counts.append(count)
                }
                steps.append(.strip(try character(entries, "content", in: key), start: counts[0], end: counts[1]))
            case "Metaspace":
                let (mark, prefix, _) = try metaspaceParts(part, key)
                steps.append(.metaspace(mark, skipsFirst: prefix != .never))
            default: throw unknownType(part, key, known: ["ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Metaspace", "Sequence"])
            }
            guard steps.count <= 16 else { throw wrong("decoder.decoders", "more than 16 steps", "at most 16") }
        }
        return TokenDecoder(steps: steps)
    }

    private func frame(size: Int) throws(CorpusError) -> TokenFrame {
        let section = json["post_processor"] ?? .null
        guard section != .null else { return TokenFrame() }
        var frame: TokenFrame?
        for (part, key) in try parts(section, "post_processor", list: "processors") {
            switch part["type"]?.asString {
            case "ByteLevel":
                let entries = try object(part, key, keys: ["type", "add_prefix_space", "trim_offsets", "use_regex"])
                for name in ["add_prefix_space", "trim_offsets", "use_regex"] { _ = try bool(entries, name, in: key, default: true) }
            case "TemplateProcessing":
                guard frame == nil else { throw wrong(key, "a second template", "one") }
                frame = try template(part, key, size: size)
            default: throw unknownType(part, key, known: ["ByteLevel", "TemplateProcessing", "Sequence"])
            }
        }
        return frame ?? TokenFrame()
    }

    private func template(_ part: Value, _ key: String, size: Int) throws(CorpusError) -> TokenFrame {
        let entries = try object(part, key, keys: ["type", "single", "pair", "special_tokens"])
        guard let pieces = entries["single"]?.asList, let tokens = entries["special_tokens"]?.asObject else {
            throw wrong(key, "no lists of that kind", "'single', a list, and 'special_tokens', a mapping")
        }
        guard entries["pair"]?.asList != nil else { throw wrong("\(key).pair", entries["pair"]?.summary ?? "nothing", "a list") }
        var frame = TokenFrame()
        var hasText = false
        for (index, piece) in pieces.enumerated() {
            let place = "\(key).single[\(index)]"
            let kinds = try object(piece, place, keys: ["Sequence", "SpecialToken"])
            guard kinds.count == 1, let content = kinds.values.first, content["type_id"]?.asInteger.map({ 0...Int(UInt32.max) ~= $0 }) == true else {
                throw wrong(place, piece.summary, "a Sequence or a SpecialToken with its type_id")
            }
            if kinds["Sequence"] != nil {
                guard !hasText, content["id"] == "A" else { throw wrong(place, content["id"]?.summary ?? "nothing", "the text A, once") }
                hasText = true
                continue
            }
            guard let name = content["id"]?.asString, let token = tokens[name]?.asObject, let ids = token["ids"]?.asList, !ids.isEmpty else {
                throw wrong("\(place).SpecialToken.id", content["id"]?.summary ?? "nothing", "a token of special_tokens, with its ids")
            }
            for id in ids {
                guard let id = id.asInteger, 0..<size ~= id else { throw wrong("\(key).special_tokens[\(Value.string(name).summary)].ids", id.summary, "ids from 0 to \(size - 1)") }
                if hasText { frame.after.append(Int32(id)) } else { frame.before.append(Int32(id)) }
            }
        }
        guard hasText else { throw wrong("\(key).single", "no place for the text", "a Sequence A") }
        return frame
    }
}
