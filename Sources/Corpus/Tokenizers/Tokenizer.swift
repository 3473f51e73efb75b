/// The text of the end-of-text token of tokenizers that are trained here, and a document mark in text files.
public let endOfTextMark = "<|endoftext|>"

/// A map from text to token ids and back.
///
/// Text is bytes, which are read as UTF-8: **what is not valid UTF-8 becomes U+FFFD**, as Python's `bytes.decode(errors="replace")` makes it. (Only
/// `ByteTokenizer` keeps every byte.) Whether `decode(encode(text)) == text` holds beyond that depends on the file: normalizers,
/// unknown characters and tokens that take the spaces around them lose something.
///
/// Special tokens (begin and end of text, marks of chat turns) are made by `encode(marked:)` where the text spells them, and by `encode` never: data
/// that spells one is data.
public protocol Tokenizer: Sendable {
    /// Ids are 0 ..< vocabularySize, special tokens included. Some may stand for nothing.
    var vocabularySize: Int { get }
    /// The id that ends a document (`eos_token`).
    var endOfText: Int32 { get }
    /// What the post-processor of the file puts around a text: begin of text, mostly.
    var frame: TokenFrame { get }
    /// The ids of a text, which is nothing but text. What is not special and yet an added token is found in it, as by the Python library.
    func encode(_ bytes: [UInt8]) -> [Int32]
    /// The ids of a text in which special tokens are spelled, a chat by its template say. Nothing is put around it.
    func encode(marked bytes: [UInt8]) -> [Int32]
    /// The ids of each text. The same as encoding one by one, but what repeats between texts is worked out once.
    func encode(documents: [[UInt8]]) -> [[Int32]]
    /// The text of the ids. With `skippingSpecials` special tokens stand for nothing. An id outside the vocabulary traps.
    func decode(_ ids: [Int32], skippingSpecials: Bool) -> [UInt8]
    /// Number of bytes of text that an id stands for behind another one: what bits per byte are counted with.
    ///
    /// 0 for special tokens and for the unknown token, from which no text comes back, and less a space that the tokenizer put before a text
    /// (`previous` is special), so that the sum over a text is at most its bytes. An id outside the vocabulary traps.
    func byteCount(of id: Int32, after previous: Int32) -> Int
    /// The text of a Hugging Face `tokenizer.json`.
    var json: String { get }
    /// What stands beside it in `tokenizer_config.json`.
    var configuration: TokenizerConfiguration { get }
}

/// Ids that stand before and after a text.
public struct TokenFrame: Sendable, Hashable {
    public var before: [Int32]
    public var after: [Int32]

    public init(before: [Int32] = [], after: [Int32] = []) { (self.before, self.after) = (before, after) }
}

extension Tokenizer {
    public func encode(documents: [[UInt8]]) -> [[Int32]] { documents.map { encode($0) } }
    public func encode(_ text: String) -> [Int32] { encode(Array(text.utf8)) }
    public func encode(marked text: String) -> [Int32] { encode(marked: Array(text.utf8)) }

    /// What a text that a model goes on with begins with: begin of text where the tokenizer has it, else the end of the text before.
    public var beginning: [Int32] { frame.before.isEmpty ? [endOfText] : frame.before }

    /// A document as a model is trained on it: its frame around it and end of text behind it.
    public func framed(_ ids: [Int32]) -> [Int32] {
        frame.before + ids + frame.after + (frame.after.last == endOfText ? [] : [endOfText])
    }

    public func decode(_ ids: [Int32]) -> [UInt8] { decode(ids, skippingSpecials: true) }

    /// The text of the ids without special tokens; bytes that are not UTF-8 become U+FFFD.
    public func text(_ ids: [Int32]) -> String { String(decoding: decode(ids), as: UTF8.self) }

    /// The files that `transformers.AutoTokenizer` reads: their names and texts.
    ///
    /// - Parameter maximumLength: tokens that a model takes at most (`model_max_length`); nil leaves what was read.
    public func files(maximumLength: Int? = nil) -> [(name: String, text: String)] {
        var configuration = configuration
        if let maximumLength { configuration.maximumLength = maximumLength }
        return [("tokenizer.json", json), ("tokenizer_config.json", configuration.json)]
    }
}
