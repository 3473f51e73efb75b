import Settings

/// The `tokenizer` of an experiment file: `{kind: byte}`, `{kind: bpe, vocab_size: 1024}` or `{kind: file, path: DIR}`.
public enum TokenizerSettings: Sendable, Hashable {
    case byte
    /// Byte pairs learned from the base's training text; the size counts the 256 bytes and end of text.
    case bytePair(vocabularySize: Int)
    /// A `tokenizer.json`, or the folder that it stands in.
    case file(path: String)

    public static let kind = Kind.variant(tag: "kind", [
        Variant("byte", [], "one token a byte, and end of text: 257 ids"),
        Variant(
            "bpe",
            [.optional("vocab_size", .integer(258...1_000_000), default: 1024, "number of ids: 256 bytes, the merges, end of text")],
            "byte-level byte-pair encoding, learned from the base's training text"),
        Variant("file", [.required("path", .string, "a tokenizer.json, or the folder that it stands in")], "a Hugging Face tokenizer, as it is"),
    ])

    /// Reads settings that `kind` has validated.
    public init(_ settings: Settings) {
        switch settings.string("kind") {
        case "byte": self = .byte
        case "file": self = .file(path: settings.string("path"))
        default: self = .bytePair(vocabularySize: settings.integer("vocab_size"))
        }
    }

    /// The tokenizer, learned from `documents` where it learns. Throws when the vocabulary is larger than they support, and when a file cannot be read.
    public func tokenizer(on documents: [[UInt8]]) throws(CorpusError) -> any Tokenizer {
        switch self {
        case .byte: ByteTokenizer()
        case .bytePair(let size): try BytePairTokenizer.trained(on: documents, vocabularySize: size)
        case .file(let path): try TokenizerFile.read(path: path)
        }
    }
}
