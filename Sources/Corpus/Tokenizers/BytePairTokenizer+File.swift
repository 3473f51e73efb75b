import Settings

/// Reads a Hugging Face `tokenizer.json` of byte-level BPE with GPT-2's words and `<|endoftext|>` as its only special token.
///
/// GPT-2's own file is one. A file that asks for anything which this tokenizer does not do (another pattern, a normaliser, a
/// prefix space, dropout ...) is refused, since the ids would differ. A vocabulary of bytes alone gives a `ByteTokenizer`.
public func readTokenizer(file: String) throws(CorpusError) -> any Tokenizer {
    try tokenizer(json: try FileText.bytes(of: file), file: file)
}

/// The tokenizer in the bytes of a `tokenizer.json`; `file` is for errors.
func tokenizer(json bytes: [UInt8], file: String) throws(CorpusError) -> any Tokenizer {
    let value: Value
    do {
        value = try Value(json: bytes)
    } catch {
        throw CorpusError(place: "\(file):\(error.line):\(error.column)", found: error.found, expected: error.expected, advice: "the file is not valid JSON")
    }
    let read = try BytePairTokenizer(json: value, file: file)
    return read == BytePairTokenizer(merges: []) ? ByteTokenizer() : read
}

extension BytePairTokenizer {
    init(json: Value, file: String) throws(CorpusError) {
        func wrong(_ key: String, _ found: String, _ expected: String) -> CorpusError {
            CorpusError(
                place: "\(file): \(key)", found: found, expected: expected,
                advice: "only byte-level BPE as GPT-2's can be read")
        }
        guard json.asObject != nil else { throw wrong("the whole file", json.summary, "a mapping") }
        for (path, expected) in BytePairTokenizer.demands {
            let found = json[Path(dotted: path)] ?? .null
            guard expected.contains(found) else {
                throw wrong(path, found.summary, expected.map(\.summary).joined(separator: " or "))
            }
        }
        guard let entries = json["model"]?["vocab"]?.asObject else { throw wrong("model.vocab", "no mapping", "tokens and their ids") }
        guard let added = json["added_tokens"]?.asList, added.count == 1, let mark = added.first,
            mark["content"]?.asString == endOfTextMark, let endOfText = mark["id"]?.asInteger
        else { throw wrong("added_tokens", json["added_tokens"]?.summary ?? "nothing", "one token, '\(endOfTextMark)', with its id") }

        // The ids must be 0, 1, 2 ... without gaps; end of text may stand in the vocabulary too.
        let listed = entries[endOfTextMark]
        guard listed == nil || listed == .integer(endOfText) else { throw wrong("model.vocab", "another id for '\(endOfTextMark)'", "\(endOfText)") }
        let size = entries.count + (listed == nil ? 1 : 0)
        guard (0..<size).contains(endOfText), size <= 1 << 24 else { throw wrong("added_tokens[0].id", "\(endOfText)", "an id from 0 to \(size - 1)") }
        var tokens = [[UInt8]?](repeating: nil, count: size)
        tokens[endOfText] = []
        var byteIDs = [Int32?](repeating: nil, count: 256)
        for token in entries.keys.sorted() where token != endOfTextMark {
            let key = "model.vocab[\(Value.string(token).summary)]"
            guard let id = entries[token]?.asInteger, tokens.indices.contains(id) else {
                throw wrong(key, entries[token]?.summary ?? "nothing", "an id from 0 to \(size - 1)")
            }
            guard tokens[id] == nil else { throw wrong(key, "\(id), which another token has", "an id of its own") }
            guard let bytes = ByteAlphabet.bytes(of: token), !bytes.isEmpty else {
                throw wrong(key, "a token outside the byte alphabet", "letters of the byte alphabet")
            }
            tokens[id] = bytes
            if bytes.count == 1 { byteIDs[Int(bytes[0])] = Int32(id) }
        }
        if let missing = byteIDs.firstIndex(of: nil) {
            throw wrong("model.vocab", "no token for byte \(missing)", "a token for each of the 256 bytes")
        }
        self.init(
            tokens: tokens.compactMap { $0 }, endOfText: Int32(endOfText),
            merges: try BytePairTokenizer.merges(json, ids: entries, wrong), byteIDs: byteIDs.compactMap { $0 })
    }

    private static func merges(
        _ json: Value, ids: [String: Value], _ wrong: (String, String, String) -> CorpusError
    ) throws(CorpusError) -> [Merge] {
        guard let items = json["model"]?["merges"]?.asList else { throw wrong("model.merges", "no list", "a list of pairs") }
        var merges: [Merge] = []
        var seen: Set<UInt64> = []
        for (index, item) in items.enumerated() {
            let key = "model.merges[\(index)]"
            // Newer files hold ["a", "b"], older ones "a b".
            let pair = item.asList.map { $0.compactMap(\.asString) }
                ?? item.asString.map { $0.split(separator: " ", omittingEmptySubsequences: false).map(String.init) } ?? []
            guard pair.count == 2, !pair.contains(endOfTextMark) else { throw wrong(key, item.summary, "two tokens") }
            guard let left = ids[pair[0]]?.asInteger, let right = ids[pair[1]]?.asInteger, let merged = ids[pair[0] + pair[1]]?.asInteger,
                pair[0] + pair[1] != endOfTextMark
            else { throw wrong(key, item.summary, "two tokens of the vocabulary whose union is one too") }
            guard seen.insert(BytePairTokenizer.key(Int32(left), Int32(right))).inserted else { throw wrong(key, "a pair that stands there twice", "each pair once") }
            merges.append(Merge(left: Int32(left), right: Int32(right), merged: Int32(merged)))
        }
        return merges
    }

    /// What a file must say for its ids to be the ones made here. `.null`: the key may be left out.
    private static let demands: [(path: String, expected: [Value])] = [
        ("normalizer", [.null]), ("truncation", [.null]), ("padding", [.null]),
        ("pre_tokenizer.type", ["ByteLevel"]), ("pre_tokenizer.add_prefix_space", [false]), ("pre_tokenizer.use_regex", [true, .null]),
        ("decoder.type", ["ByteLevel"]),
        ("post_processor.type", [.null, "ByteLevel"]),
        ("model.type", ["BPE", .null]), ("model.dropout", [.null]), ("model.unk_token", [.null, .string(endOfTextMark)]),
        ("model.continuing_subword_prefix", [.null, ""]), ("model.end_of_word_suffix", [.null, ""]),
        ("model.byte_fallback", [.null, false]), ("model.ignore_merges", [.null, false]),
    ]

    /// A Hugging Face `tokenizer.json` that the Python library `tokenizers` loads and that gives the same ids there for
    /// text in UTF-8 without end-of-text marks (which `encode` there reads as the special token): one token or merge a line, ids ascending.
    public var json: String {
        func quoted(_ text: String) -> String { Value.string(text).canonicalJSON }
        let spellings = tokens.map { ByteAlphabet.spelling(of: $0) }
        let vocabulary = spellings.enumerated().map { id, text in
            "      \(quoted(id == Int(endOfText) ? endOfTextMark : text)): \(id)"
        }
        let pairs = merges.map { "      [\(quoted(spellings[Int($0.left)])), \(quoted(spellings[Int($0.right)]))]" }
        return """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [
                {"id": \(endOfText), "content": \(quoted(endOfTextMark)), "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
              ],
              "normalizer": null,
              "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
              "post_processor": null,
              "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
              "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": null,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": false,
                "vocab": {
            \(vocabulary.joined(separator: ",\n"))
                },
                "merges": [
            \(pairs.joined(separator: ",\n"))
                ]
              }
            }

            """
    }
}
