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

    private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
        uniqueKeysWithValues: scalars.enumerated().map { ($1, UInt8($0)) })

    /// The spelling of some bytes.
    static func spelling(of bytes: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(scalars[Int(byte)]) }
        return String(text)
    }

    /// The bytes that a spelling stands for, or nil when it holds a character outside the alphabet.
    static func bytes(of spelling: String) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in spelling.unicodeScalars {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }
}
