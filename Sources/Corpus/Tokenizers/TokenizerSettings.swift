import Settings

/// The `tokenizer` of an experiment file: `{kind: byte}` or `{kind: bpe, vocab_size: 1024}`.
public enum TokenizerSettings: Sendable, Hashable {
    case byte
    /// Byte pairs learned from the base's training text; the size counts the 256 bytes and end of text.
    case bytePair(vocabularySize: Int)

    public static let kind = Kind.variant(tag: "kind", [
        Variant("byte", [], "one token a byte, and end of text: 257 ids"),
        Variant(
            "bpe",
            [.optional("vocab_size", .integer(258...1_000_000), default: 1024, "number of ids: 256 bytes, the merges, end of text")],
            "byte-level byte-pair encoding, learned from the base's training text"),
    ])

    /// Reads settings that `kind` has validated.
    public init(_ settings: Settings) {
        self = settings.string("kind") == "byte" ? .byte : .bytePair(vocabularySize: settings.integer("vocab_size"))
    }

    /// All that determines the tokenizer besides the text it learns from.
    public var recipe: Value {
        switch self {
        case .byte: ["kind": "byte"]
        case .bytePair(let size): ["kind": "bpe", "vocab_size": .integer(size)]
        }
    }

    /// The tokenizer, learned from `documents` where it learns. Throws when the vocabulary is larger than they support.
    public func tokenizer(on documents: [[UInt8]]) throws(CorpusError) -> any Tokenizer {
        switch self {
        case .byte: ByteTokenizer()
        case .bytePair(let size): try BytePairTokenizer.trained(on: documents, vocabularySize: size)
        }
    }
}
