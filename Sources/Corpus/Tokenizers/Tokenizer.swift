/// The text of the end-of-text token, as it stands in tokenizer files and as a document mark in text files.
public let endOfTextMark = "<|endoftext|>"

/// A reversible map from bytes to token ids.
///
/// Any bytes are allowed, valid UTF-8 or not, and `decode(encode(bytes)) == bytes` always holds. The end-of-text token stands
/// between documents; `encode` never makes it, also where the text spells its mark.
public protocol Tokenizer: Sendable {
    /// Number of ids: they are 0 ..< vocabularySize, end of text included.
    var vocabularySize: Int { get }
    /// The id that ends a document.
    var endOfText: Int32 { get }
    func encode(_ bytes: [UInt8]) -> [Int32]
    /// The ids of each text. The same as encoding one by one, but what repeats between texts is worked out once.
    func encode(documents: [[UInt8]]) -> [[Int32]]
    /// The bytes of the ids; end of text stands for no bytes. An id outside the vocabulary traps.
    func decode(_ ids: [Int32]) -> [UInt8]
    /// Number of bytes that an id stands for: 0 for end of text. An id outside the vocabulary traps.
    func byteCount(of id: Int32) -> Int
    /// The text of a Hugging Face `tokenizer.json`.
    var json: String { get }
}

extension Tokenizer {
    public func encode(documents: [[UInt8]]) -> [[Int32]] { documents.map { encode($0) } }
    public func encode(_ text: String) -> [Int32] { encode(Array(text.utf8)) }
    /// The text of the ids; bytes that are not UTF-8 become U+FFFD.
    public func text(_ ids: [Int32]) -> String { String(decoding: decode(ids), as: UTF8.self) }
}
