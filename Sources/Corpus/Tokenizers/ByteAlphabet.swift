/// GPT-2's printable stand-ins for the 256 bytes, in which tokenizer files spell their tokens: `Ġ` is a space.
///
/// Printable Latin-1 bytes stand for themselves, the other 68 take U+0100, U+0101 ... in ascending order. No letter of the
/// alphabet composes with another, so Swift strings over it are equal exactly when their bytes are.
/// Source: Radford et al. 2019, encoder of the published GPT-2 code.
enum ByteAlphabet {
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            if (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte) {
                return Unicode.Scalar(UInt8(byte))
            }
            defer { next += 1 }
            return Unicode.Scalar(next)!
        }
    }()

    /// The byte by code point, or -1; all letters are below U+0200.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x200)
        for (byte, scalar) in scalars.enumerated() { bytes[Int(scalar.value)] = Int16(byte) }
        return bytes
    }()

    /// The spelling of some bytes.
    static func spelling(of bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(scalars[Int(byte)]) }
        return String(text)
    }

    /// The bytes that a spelling in UTF-8 stands for, or nil when it holds a character outside the alphabet.
    static func bytes(ofSpelling spelling: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(spelling.count)
        var index = 0
        while index < spelling.count {
            let lead = spelling[index]
            let code: Int
            switch lead {
            case ..<0x80: code = Int(lead)
            case 0xC2..<0xC8 where index + 1 < spelling.count: code = Int(lead & 0x1F) << 6 | Int(spelling[index + 1] & 0x3F)
            default: return nil
            }
            guard bytes[code] >= 0 else { return nil }
            result.append(UInt8(bytes[code]))
            index += lead < 0x80 ? 1 : 2
        }
        return result
    }
}
