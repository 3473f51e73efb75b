import Settings

/// Strict JSON (RFC 8259) from bytes that nobody vouches for: whatever they hold, the result is a value or an error.
///
/// A number without point and exponent that fits Int is whole, any other is a Double and must be finite. Strings must be valid
/// UTF-8 and their surrogates paired. Of a key that stands twice the last counts. Nesting deeper than 64 is refused.
struct JSONReader {
    /// What is wrong, and the byte at which it was noticed, counted from 1.
    struct Failure: Error, Hashable {
        var found: String
        var expected: String
        var byte: Int
    }

    static func value(of bytes: some RandomAccessCollection<UInt8>) throws(Failure) -> Value {
        var reader = JSONReader(bytes: Array(bytes))
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { throw reader.failure("the end") }
        return value
    }

    private static let deepest = 64
    private let bytes: [UInt8]
    private var position = 0

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func failure(_ expected: String, at place: Int? = nil) -> Failure {
        let place = place ?? position
        let found =
            if place >= bytes.count { "the end" }
            else if 0x21...0x7E ~= bytes[place] { "'\(Character(Unicode.Scalar(bytes[place])))'" }
            else { "byte \(bytes[place])" }
        return Failure(found: found, expected: expected, byte: place + 1)
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func skip(_ byte: UInt8, _ expected: String) throws(Failure) {
        skipSpace()
        guard current == byte else { throw failure(expected) }
        position += 1
    }

    private mutating func value(depth: Int) throws(Failure) -> Value {
        guard depth < JSONReader.deepest else {
            throw Failure(found: "a value inside \(depth) others", expected: "nesting of at most \(JSONReader.deepest)", byte: position + 1)
        }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try list(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return try number()
        default: throw failure("a JSON value")
        }
    }

    private mutating func word(_ text: String, _ value: Value) throws(Failure) -> Value {
        guard bytes[position...].starts(with: text.utf8) else { throw failure("a JSON value") }
        position += text.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> Value {
        var entries: [String: Value] = [:]
        position += 1
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(entries)
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw failure("a key in quotes") }
            let key = try string()
            try skip(UInt8(ascii: ":"), "':'")
            entries[key] = try value(depth: depth + 1)
            skipSpace()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try skip(UInt8(ascii: "}"), "',' or '}'")
            return .object(entries)
        }
    }

    private mutating func list(depth: Int) throws(Failure) -> Value {
        var items: [Value] = []
        position += 1
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .list(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            skipSpace()
            if current == UInt8(ascii: ",") {
                position += 1
                continue
            }
            try skip(UInt8(ascii: "]"), "',' or ']'")
            return .list(items)
        }
    }

    private mutating func number() throws(Failure) -> Value {
        let start = position
        var isWhole = true
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { 0x30...0x39 ~= $0 } ?? false }
        if current == UInt8(ascii: "-") { position += 1 }
        guard isDigit(current) else { throw failure("a digit") }
        let leadsWithZero = current == UInt8(ascii: "0")
        position += 1
        if leadsWithZero, isDigit(current) { throw failure("no digit after a leading zero") }
        while isDigit(current) { position += 1 }
        if current == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            guard isDigit(current) else { throw failure("a digit") }
            while isDigit(current) { position += 1 }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            guard isDigit(current) else { throw failure("a digit") }
            while isDigit(current) { position += 1 }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let whole = Int(text) { return .integer(whole) }
        guard let real = Double(text), real.isFinite else {
            throw Failure(found: text.count > 30 ? "\(text.prefix(27))..." : text, expected: "a number that a Double can hold", byte: start + 1)
        }
        return .number(real)
    }

    private mutating func string() throws(Failure) -> String {
        let start = position
        var text: [UInt8] = []
        position += 1
        while true {
            guard let byte = current else { throw failure("a closing quote") }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw Failure(found: "bytes that are not UTF-8", expected: "a string in UTF-8", byte: start + 1)
                }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escaped()).utf8)
            case 0..<0x20: throw failure("no bare control character in a string")
            default:
                text.append(byte)
                position += 1
            }
        }
    }

    private mutating func escaped() throws(Failure) -> Character {
        position += 1
        guard let byte = current else { throw failure("an escape") }
        let simple: Character? =
            switch byte {
            case UInt8(ascii: "\""): "\""
            case UInt8(ascii: "\\"): "\\"
            case UInt8(ascii: "/"): "/"
            case UInt8(ascii: "b"): "\u{8}"
            case UInt8(ascii: "f"): "\u{C}"
            case UInt8(ascii: "n"): "\n"
            case UInt8(ascii: "r"): "\r"
            case UInt8(ascii: "t"): "\t"
            default: nil
            }
        if let simple {
            position += 1
            return simple
        }
        let start = position - 1
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        if first < 0xDC00, current == UInt8(ascii: "\\") {
            position += 1
            let second = try codeUnit()
            if 0xDC00...0xDFFF ~= second, let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) {
                return Character(scalar)
            }
        }
        throw Failure(found: "half of a surrogate pair", expected: "both halves", byte: start + 1)
    }

    /// `uXXXX`, the backslash read already.
    private mutating func codeUnit() throws(Failure) -> UInt32 {
        guard current == UInt8(ascii: "u") else { throw failure("an escape") }
        position += 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
