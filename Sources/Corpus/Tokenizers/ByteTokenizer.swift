/// One token a byte (id = byte) and end of text (id 256).
public struct ByteTokenizer: Tokenizer, Hashable {
    public init() {}

    public var vocabularySize: Int { 257 }
    public var endOfText: Int32 { 256 }

    public func encode(_ bytes: [UInt8]) -> [Int32] { bytes.map { Int32($0) } }

    public var frame: TokenFrame { TokenFrame() }

    public func encode(marked bytes: [UInt8]) -> [Int32] {
        let mark = Array(endOfTextMark.utf8)
        var ids: [Int32] = []
        var index = 0
        while index < bytes.count {
            let isMark = bytes[index...].starts(with: mark)
            ids.append(isMark ? endOfText : Int32(bytes[index]))
            index += isMark ? mark.count : 1
        }
        return ids
    }

    public func decode(_ ids: [Int32], skippingSpecials: Bool) -> [UInt8] {
        ids.flatMap { id in
            precondition(0...endOfText ~= id, "token \(id) in a vocabulary of 257")
            return id < endOfText ? [UInt8(id)] : skippingSpecials ? [] : Array(endOfTextMark.utf8)
        }
    }

    public func byteCount(of id: Int32, after previous: Int32) -> Int {
        precondition(0...endOfText ~= id, "token \(id) in a vocabulary of 257")
        return id == endOfText ? 0 : 1
    }

    public var configuration: TokenizerConfiguration { TokenizerConfiguration() }

    /// Written as byte pairs without merges, which is the same thing and has a Hugging Face form.
    public var json: String { BytePairTokenizer(merges: []).json }
}
