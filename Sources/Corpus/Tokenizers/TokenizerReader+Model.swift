import Settings

extension TokenizerReader {
    func model(isByteLevel: Bool) throws(CorpusError) -> BytePairModel {
        let keys = ["type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"]
        let section = try object(json["model"], "model", keys: keys)
        let demands: [(String, [Value])] = [
            ("type", ["BPE", .null]), ("dropout", [.null, 0, 0.0]), ("continuing_subword_prefix", [.null, ""]), ("end_of_word_suffix", [.null, ""]),
        ]
        for (name, expected) in demands {
            let found = section[name] ?? .null
            guard expected.contains(found) else { throw wrong("model.\(name)", found.summary, expected.map(\.summary).joined(separator: " or ")) }
        }
        let (spellings, ids) = try vocabulary()
        var rules = BytePairModel.Rules(
            isByteLevel: isByteLevel, fusesUnknown: try bool(section, "fuse_unk", in: "model", default: false),
            fallsBackToBytes: try bool(section, "byte_fallback", in: "model", default: false),
            ignoresMerges: try bool(section, "ignore_merges", in: "model", default: false))
        guard !(isByteLevel && rules.fallsBackToBytes) else { throw wrong("model.byte_fallback", "true with ByteLevel", "false there") }
        let unknown = section["unk_token"] ?? .null
        guard unknown == .null || unknown.asString != nil else { throw wrong("model.unk_token", unknown.summary, "a token or null") }
        rules.unknown = unknown.asString.flatMap { ids[Array($0.utf8)] }
        let model = BytePairModel(spellings: spellings, merges: try merges(section["merges"], ids), rules: rules)
        // Of every byte having a token follows that no text is unknown.
        if unknown != .null, rules.unknown == nil, !isByteLevel || model.missingByte != nil {
            throw wrong("model.unk_token", unknown.summary, "a token of the vocabulary")
        }
        return model
    }

    /// Spellings by id, and ids by spelling. Ids may leave gaps, but no more than there are tokens.
    private func vocabulary() throws(CorpusError) -> ([[UInt8]?], [[UInt8]: Int32]) {
        let bound = min(2 * entries.count + 1000, 1 << 26)
        var spellings = [[UInt8]?](repeating: nil, count: bound)
        var ids: [[UInt8]: Int32] = [:]
        ids.reserveCapacity(entries.count)
        var size = 0
        for (token, value) in entries {
            func key() -> String { "model.vocab[\(Value.string(String(decoding: token, as: UTF8.self)).summary)]" }
            guard let id = value.asInteger, 0..<bound ~= id else {
                throw wrong(key(), value.summary, "an id from 0 to \(bound - 1)", "ids of a vocabulary are whole numbers from 0 with few gaps")
            }
            guard spellings[id] == nil else { throw wrong(key(), "\(id), which another token has", "an id of its own") }
            guard ids.updateValue(Int32(id), forKey: token) == nil else { throw wrong(key(), "the token a second time", "each token once") }
            spellings[id] = token
            size = max(size, id + 1)
        }
        guard size > 0 else { throw wrong("model.vocab", "no tokens", "at least one") }
        spellings.removeLast(bound - size)
        return (spellings, ids)
    }

    private func merges(_ section: Value?, _ ids: [[UInt8]: Int32]) throws(CorpusError) -> [BytePairModel.Merge] {
        guard let items = section?.asList else { throw wrong("model.merges", section?.summary ?? "nothing", "a list of pairs") }
        var merges: [BytePairModel.Merge] = []
        merges.reserveCapacity(items.count)
        var seen: Set<UInt64> = []
        seen.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            func key() -> String { "model.merges[\(index)]" }
            // Newer files hold ["a", "b"], older ones "a b".
            let pair: [[UInt8]]
            if let text = item.asString {
                pair = text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Array($0) }
            } else {
                pair = (item.asList ?? []).compactMap { $0.asString.map { Array($0.utf8) } }
            }
            guard pair.count == 2, item.asList?.count ?? 2 == 2 else { throw wrong(key(), item.summary, "two tokens") }
            guard let left = ids[pair[0]], let right = ids[pair[1]], let merged = ids[pair[0] + pair[1]] else {
                let missing = pair.first { ids[$0] == nil } ?? pair[0] + pair[1]
                throw wrong(key(), "\(Value.string(String(decoding: missing, as: UTF8.self)).summary), which is not in the vocabulary", "two tokens whose union is one too")
            }
            guard seen.insert(BytePairModel.key(left, right)).inserted else { throw wrong(key(), "a pair that stands there twice", "each pair once") }
            guard !pair[0].isEmpty, !pair[1].isEmpty else { throw wrong(key(), "a token without letters", "two tokens") }
            merges.append(BytePairModel.Merge(left: left, right: right, merged: merged))
        }
        return merges
    }

    /// The added tokens, whose ids must be those that the Python library gives them: of the vocabulary, or the next behind it.
    func addedTokens(_ model: BytePairModel, _ normalizer: TextNormalizer) throws(CorpusError) -> [AddedToken] {
        let section = json["added_tokens"] ?? .null
        guard let items = section == .null ? [] : section.asList else { throw wrong("added_tokens", section.summary, "a list") }
        var known: [[UInt8]: Int32] = [:]
        for (id, spelling) in model.spellings.enumerated() { if let spelling { known[spelling] = Int32(id) } }
        var next = entries.count
        var tokens: [AddedToken] = []
        var contents: Set<[UInt8]> = []
        // What is looked for in normalized text is looked for as it is normalized.
        var sought: [Bool: Set<[UInt8]>] = [:]
        for (index, item) in items.enumerated() {
            let key = "added_tokens[\(index)]"
            let fields = try object(item, key, keys: ["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
            let content = try text(fields, "content", in: key)
            guard content.count <= 1000 else { throw wrong("\(key).content", "\(content.count) bytes", "at most 1000") }
            let expected = known[content].map { Int($0) } ?? next
            if known[content] == nil { next += 1 }
            guard fields["id"] == .integer(expected) else {
                throw wrong(
                    "\(key).id", fields["id"]?.summary ?? "nothing", "\(expected)",
                    known[content] == nil ? "the Python library numbers added tokens on from the \(entries.count) of the vocabulary" : "the vocabulary has that id for it")
            }
            guard contents.insert(content).inserted else { throw wrong("\(key).content", "a token that stands there twice", "each token once") }
            guard expected < 1 << 26, expected >= model.spellings.count || known[content] != nil || model.spellings[expected] == nil else {
                throw wrong("\(key).id", "\(expected), which a token of the vocabulary has", "an id of its own")
            }
            let token = AddedToken(
                id: Int32(expected), content: content, isSingleWord: try bool(fields, "single_word", in: key, default: false),
                takesLeft: try bool(fields, "lstrip", in: key, default: false), takesRight: try bool(fields, "rstrip", in: key, default: false),
                isNormalized: try bool(fields, "normalized", in: key, default: false), isSpecial: try bool(fields, "special", in: key, default: false))
            let searched = token.isNormalized ? normalizer.normalized(content) : content
            guard !searched.isEmpty, sought[token.isNormalized, default: []].insert(searched).inserted else {
                throw wrong("\(key).content", "a token that the normalizer makes empty or the same as another", "tokens that differ")
            }
            tokens.append(token)
        }
        return tokens
    }
}
