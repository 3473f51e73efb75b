import Settings

extension BytePairTokenizer {
    /// A Hugging Face `tokenizer.json` that the Python library `tokenizers` loads and that gives the same ids there: one token or merge a line, ids ascending.
    public var json: String {
        func quoted(_ text: [UInt8]) -> String { Value.string(String(decoding: text, as: UTF8.self)).canonicalJSON }
        let tokens = added.map { token in
            let flags = [
                ("single_word", token.isSingleWord), ("lstrip", token.takesLeft), ("rstrip", token.takesRight), ("normalized", token.isNormalized),
                ("special", token.isSpecial),
            ]
            return "    {\"id\": \(token.id), \"content\": \(quoted(token.content)), \(flags.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}"
        }
        let vocabulary = model.spellings.enumerated().compactMap { id, spelling in spelling.map { "      \(quoted($0)): \(id)" } }
        let pairs = model.merges.map { merge in
            "      [\([merge.left, merge.right].map { quoted(model.spellings[Int($0)] ?? []) }.joined(separator: ", "))]"
        }
        let rules = model.rules
        let unknown = rules.unknown.flatMap { model.spellings[Int($0)] }.map(quoted) ?? "null"
        return """
            {
              "version": "1.0",
              "truncation": null,
              "padding": null,
              "added_tokens": [
            \(tokens.joined(separator: ",\n"))
              ],
              "normalizer": \(sections.normalizer.canonicalJSON),
              "pre_tokenizer": \(sections.preTokenizer.canonicalJSON),
              "post_processor": \(sections.postProcessor.canonicalJSON),
              "decoder": \(sections.decoder.canonicalJSON),
              "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": \(unknown),
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": \(rules.fusesUnknown),
                "byte_fallback": \(rules.fallsBackToBytes),
                "ignore_merges": \(rules.ignoresMerges),
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
