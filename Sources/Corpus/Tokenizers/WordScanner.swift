/// Cuts bytes into the words that byte pairs may not cross: GPT-2's pattern, scanned by hand.
///
///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
///
/// Every byte belongs to exactly one word. A byte that is not part of valid UTF-8 counts as neither letter, number nor space.
/// Letters, numbers and spaces are those of the Unicode version of the standard library.
struct WordScanner: Sequence, IteratorProtocol {
    private enum Class { case letter, number, space, other }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// `bytes` must stay valid while words are read.
    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func next() -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let start = position
        position = wordEnd(from: start)
        return start..<position
    }

    private func wordEnd(from start: Int) -> Int {
        if bytes[start] == UInt8(ascii: "'"), let end = contractionEnd(from: start) { return end }
        let body = bytes[start] == UInt8(ascii: " ") ? start + 1 : start
        if body < bytes.count {
            let (first, length) = character(at: body)
            if first != .space { return runEnd(of: first, from: body + length) }
        }
        return spaceEnd(from: start)
    }

    private func contractionEnd(from start: Int) -> Int? {
        guard start + 1 < bytes.count else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        default: break
        }
        guard start + 2 < bytes.count else { return nil }
        switch (bytes[start + 1], bytes[start + 2]) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")), (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }

    private func runEnd(of wanted: Class, from start: Int) -> Int {
        var end = start
        while end < bytes.count {
            let (found, length) = character(at: end)
            guard found == wanted else { break }
            end += length
        }
        return end
    }

    /// A run of spaces; when a word follows, its last space is left to that word, unless it is the only one.
    private func spaceEnd(from start: Int) -> Int {
        var end = start
        var last = start
        while end < bytes.count {
            let (found, length) = character(at: end)
            guard found == .space else { break }
            last = end
            end += length
        }
        return end == bytes.count || last == start ? end : last
    }

    private static let ascii: [Class] = (0..<128).map { byte in
        switch UInt8(byte) {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        case 9...13, 32: .space
        default: .other
        }
    }

    private func character(at index: Int) -> (Class, length: Int) {
        let byte = bytes[index]
        if byte < 0x80 { return (WordScanner.ascii[Int(byte)], 1) }
        guard let (scalar, length) = scalar(at: index) else { return (.other, 1) }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return (.letter, length)
        case .decimalNumber, .letterNumber, .otherNumber: return (.number, length)
        default: return (scalar.properties.isWhitespace ? .space : .other, length)
        }
    }

    /// The scalar that starts at a byte of 0x80 or more, or nil when the bytes there are not valid UTF-8.
    private func scalar(at index: Int) -> (Unicode.Scalar, length: Int)? {
        let lead = bytes[index]
        let (length, least): (Int, UInt32)
        switch lead {
        case 0xC2...0xDF: (length, least) = (2, 0x80)
        case 0xE0...0xEF: (length, least) = (3, 0x800)
        case 0xF0...0xF4: (length, least) = (4, 0x10000)
        default: return nil
        }
        guard index + length <= bytes.count else { return nil }
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for offset in 1..<length {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        // Overlong forms are refused here, surrogates and values past U+10FFFF by the initialiser.
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}
