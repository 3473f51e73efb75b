/// What patterns of tokenizers ask of a character: Unicode 16.0, whichever version the standard library has. A newer letter is no letter here, nor in
/// the Python library (`scripts/unicode-classes`).
enum CharacterClass {
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let space: UInt8 = 4
    /// Part of a word for tokens that must stand as a word of their own.
    static let wordPart: UInt8 = 8
    /// Letter, number or space; a character without these bits is a mark, sign or anything else.
    static let kinds: UInt8 = 7

    /// The class of every code point. Pages without letters stay untouched zeros.
    nonisolated(unsafe) static let table: UnsafePointer<UInt8> = {
        let count = 0x110000
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        table.initialize(repeating: 0, count: count)
        for (ranges, bit) in [
            (CharacterRanges.letters, letter), (CharacterRanges.numbers, number), (CharacterRanges.spaces, space), (CharacterRanges.wordParts, wordPart),
        ] {
            var code = 0
            for index in stride(from: 0, to: ranges.count, by: 2) {
                code += Int(ranges[index])
                for _ in 0..<ranges[index + 1] {
                    table[code] |= bit
                    code += 1
                }
            }
        }
        return UnsafePointer(table)
    }()
}

/// Reading of bytes that are known to be UTF-8.
enum UTF8Text {
    /// Whether bytes are UTF-8, as RFC 3629 has it.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            // Eight at once while they are ASCII.
            while index + 8 <= bytes.count,
                UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + index).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            { index += 8 }
            guard index < bytes.count else { break }
            let lead = bytes[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            let length: Int
            switch lead {
            case 0xC2...0xDF: length = 2
            case 0xE0...0xEF: length = 3
            case 0xF0...0xF4: length = 4
            default: return false
            }
            guard index + length <= bytes.count else { return false }
            for offset in 1..<length where bytes[index + offset] & 0xC0 != 0x80 { return false }
            // Overlong forms, surrogates, values past U+10FFFF.
            switch (lead, bytes[index + 1]) {
            case (0xE0, ..<0xA0), (0xED, 0xA0...), (0xF0, ..<0x90), (0xF4, 0x90...): return false
            default: index += length
            }
        }
        return true
    }

    /// The bytes, or where they are not UTF-8 the same with U+FFFD for each maximal part of a broken character.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBufferPointer { isValid($0) } ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)
    }

    /// Length of the character that a byte leads.
    @inline(__always)
    static func length(lead: UInt8) -> Int { lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4 }

    /// The code point that starts at an index of valid UTF-8, and its length.
    @inline(__always)
    static func scalar(_ bytes: UnsafePointer<UInt8>, _ index: Int) -> (code: UInt32, length: Int) {
        let lead = UInt32(bytes[index])
        if lead < 0x80 { return (lead, 1) }
        let second = UInt32(bytes[index + 1] & 0x3F)
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = UInt32(bytes[index + 2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(bytes[index + 3] & 0x3F), 4)
    }
}
