/// One token a byte (id = byte) and end of text (id 256).
public struct ByteTokenizer: Tokenizer, Hashable {
    public init() {}

    public var vocabularySize: Int { 257 }
    public var endOfText: Int32 { 256 }

    public func encode(_ bytes: [UInt8]) -> [Int32] { bytes.map { Int32($0) } }

    public func decode(_ ids: [Int32]) -> [UInt8] {
        ids.filter { $0 != endOfText }.map { id in
            precondition(0..<256 ~= id, "token \(id) in a vocabulary of 257")
            return UInt8(id)
        }
    }

    public func byteCount(of id: Int32) -> Int {
        precondition(0...endOfText ~= id, "token \(id) in a vocabulary of 257")
        return id == endOfText ? 0 : 1
    }

    /// Written as byte pairs without merges, which is the same thing and has a Hugging Face form.
    public var json: String { BytePairTokenizer(merges: []).json }
}
