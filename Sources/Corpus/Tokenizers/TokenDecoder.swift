/// What a tokenizer file's `decoder` does to the spellings of tokens, step after step, before they are joined.
struct TokenDecoder: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// Spellings in the `ByteAlphabet` become bytes; others stay.
        case byteLevel
        case replace([UInt8], by: [UInt8])
        /// Neighbouring `<0x00>` ... `<0xFF>` become the text whose bytes they are, or U+FFFD each.
        case byteFallback
        /// All tokens become one.
        case fuse
        /// Takes a character away, so many times at most, from the beginning and the end of each token.
        case strip([UInt8], start: Int, end: Int)
        /// A mark becomes a space; with `skipsFirst` those of the first token become nothing.
        case metaspace([UInt8], skipsFirst: Bool)
    }

    /// nil: there is no decoder, and tokens are joined by spaces.
    var steps: [Step]?

    func text(_ tokens: [[UInt8]]) -> [UInt8] {
        guard let steps else { return Array(tokens.joined(separator: [UInt8(ascii: " ")])) }
        return Array(steps.reduce(tokens) { TokenDecoder.apply($1, $0) }.joined())
    }

    private static func apply(_ step: Step, _ tokens: [[UInt8]]) -> [[UInt8]] {
        switch step {
        case .byteLevel: tokens.map { ByteAlphabet.bytes(ofSpelling: $0) ?? $0 }
        case .replace(let pattern, let content): tokens.map { TextNormalizer.replaced($0, pattern, content) }
        case .byteFallback: withBytes(tokens)
        case .fuse: [Array(tokens.joined())]
        case .strip(let character, let start, let end):
            tokens.map { token in
                var token = token[...]
                for _ in 0..<start where token.starts(with: character) { token = token.dropFirst(character.count) }
                for _ in 0..<end where token.suffix(character.count).elementsEqual(character) { token = token.dropLast(character.count) }
                return Array(token)
            }
        case .metaspace(let mark, let skipsFirst):
            tokens.enumerated().map { TextNormalizer.replaced($1, mark, skipsFirst && $0 == 0 ? [] : [UInt8(ascii: " ")]) }
        }
    }

    private static func withBytes(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var bytes: [UInt8] = []
        func flush() {
            guard !bytes.isEmpty else { return }
            if bytes.withUnsafeBufferPointer({ UTF8Text.isValid($0) }) {
                result.append(bytes)
            } else {
                result += Array(repeating: Array("\u{FFFD}".utf8), count: bytes.count)
            }
            bytes = []
        }
        for token in tokens {
            if let byte = BytePairModel.byte(spelled: token, anyCase: true) {
                bytes.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }
}
