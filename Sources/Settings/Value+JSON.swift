extension Value {
    /// The value that a JSON text (RFC 8259) stands for, one value and nothing after it.
    ///
    /// A number without point and exponent that fits Int is `.integer`, any other `.number`, rounded to the nearest Double: what
    /// `canonicalJSON` wrote comes back bit for bit. Refused beside what is not JSON: a key twice in one object, numbers too large
    /// for Double, half surrogate pairs, and more than `maximumDepth` values inside each other.
    public init(json text: String, maximumDepth: Int = 200) throws(JSONError) {
        try self.init(json: text.utf8, maximumDepth: maximumDepth)
    }

    /// The same from bytes, which must be UTF-8.
    public init(json bytes: some Sequence<UInt8>, maximumDepth: Int = 200) throws(JSONError) {
        var reader = JSONReader(bytes: Array(bytes), maximumDepth: maximumDepth)
        self = try reader.document()
    }
}

extension Value {
    /// The entries of one object of a JSON text, in the order of the text, and the rest of it, in which that object is empty.
    ///
    /// For objects whose keys are data: they are kept byte for byte (Swift's strings are equal when they look the same) and may come twice.
    ///
    /// - `path`: the keys that lead to the object from the outermost one.
    /// - Returns: nil for `entries` when no object stands there.
    public static func reading(
        json bytes: [UInt8], entriesAt path: [String], maximumDepth: Int = 200
    ) throws(JSONError) -> (rest: Value, entries: [(key: [UInt8], value: Value)]?) {
        var reader = JSONReader(bytes: bytes, maximumDepth: maximumDepth, entriesPath: path)
        let rest = try reader.document()
        return (rest, reader.entries)
    }
}

/// Recursive descent over the bytes of a JSON text.
private struct JSONReader {
    let bytes: [UInt8]
    let maximumDepth: Int
    /// Keys that lead to the object whose entries are kept apart.
    var entriesPath: [String] = []
    var entries: [(key: [UInt8], value: Value)]?
    /// How many keys of `entriesPath` lead to the value that is being read; -1 away from it.
    private var pathDepth = 0
    var position = 0

    init(bytes: [UInt8], maximumDepth: Int, entriesPath: [String] = []) {
        (self.bytes, self.maximumDepth, self.entriesPath) = (bytes, maximumDepth, entriesPath)
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func document() throws(JSONError) -> Value {
        let value = try self.value(depth: 1)
        skipSpace()
        guard next == nil else { throw error(expected: "the end of the text") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> Value {
        skipSpace()
        guard let byte = next else { throw error(expected: "a value") }
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard depth <= maximumDepth else {
                throw error(found: "a value inside \(maximumDepth) others", expected: "a depth of at most \(maximumDepth)")
            }
            return byte == UInt8(ascii: "{") ? try object(depth: depth) : try list(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default:
            for (word, value) in [("null", Value.null), ("true", .bool(true)), ("false", .bool(false))] where starts(with: word) {
                position += word.utf8.count
                return value
            }
            throw error(expected: "a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> Value {
        var entries: [String: Value] = [:]
        let pathDepth = pathDepth
        defer { self.pathDepth = pathDepth }
        let isKeptApart = !entriesPath.isEmpty && pathDepth == entriesPath.count
        if isKeptApart { self.entries = [] }
        position += 1
        skipSpace()
        if skip("}") { return .object(entries) }
        repeat {
            skipSpace()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw error(expected: "a key in quotes") }
            let key = try string()
            guard isKeptApart || entries[key] == nil else {
                throw error(at: start, found: "the key \(Value.string(key).summary) again", expected: "each key once")
            }
            skipSpace()
            guard skip(":") else { throw error(expected: "':'") }
            let isOnPath = entriesPath.indices.contains(pathDepth) && entriesPath[pathDepth] == key
            self.pathDepth = isOnPath ? pathDepth + 1 : -1
            let value = try self.value(depth: depth + 1)
            if isKeptApart { self.entries?.append((Array(key.utf8), value)) } else { entries[key] = value }
            skipSpace()
        } while skip(",")
        guard skip("}") else { throw error(expected: "',' or '}'") }
        return .object(entries)
    }

    private mutating func list(depth: Int) throws(JSONError) -> Value {
        var items: [Value] = []
        let pathDepth = pathDepth
        self.pathDepth = -1
        defer { self.pathDepth = pathDepth }
        position += 1
        skipSpace()
        if skip("]") { return .list(items) }
        repeat {
            items.append(try value(depth: depth + 1))
            skipSpace()
        } while skip(",")
        guard skip("]") else { throw error(expected: "',' or ']'") }
        return .list(items)
    }

    private mutating func number() throws(JSONError) -> Value {
        let start = position
        _ = skip("-")
        if !skip("0") { try digits() }
        let wholeEnd = position
        if skip(".") { try digits() }
        if skip("e") || skip("E") {
            _ = skip("+") || skip("-")
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if position == wholeEnd, let whole = Int(text) { return .integer(whole) }
        guard let real = Double(text), real.isFinite else {
            throw error(at: start, found: "the number \(text.prefix(40))", expected: "a number of at most 1.8e308")
        }
        return .number(real)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw error(expected: "a digit") }
    }

    private mutating func string() throws(JSONError) -> String {
        let start = position
        var text: [UInt8] = []
        position += 1
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else {
                throw error(expected: "text without control characters, or \\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))")
            }
            position += 1
            if byte == UInt8(ascii: "\\") {
                text += Array(String(try escape()).utf8)
            } else {
                text.append(byte)
            }
        }
        guard skip("\"") else { throw error(expected: "the closing quote of the text that began at column \(place(of: start).column)") }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw error(at: start, found: "text with bytes that are not UTF-8", expected: "UTF-8")
        }
        return string
    }

    /// What follows a backslash.
    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position - 1
        let byte = next ?? 0
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xd800...0xdbff).contains(code), skip("\\"), skip("u") {
                let low = try hexadecimal()
                if (0xdc00...0xdfff).contains(low) { code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00) }
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw error(at: start, found: "half a surrogate pair", expected: "a whole one, \\ud800-\\udbff then \\udc00-\\udfff")
            }
            return scalar
        default:
            position -= 1
            throw error(expected: "an escape, one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error(expected: "four hexadecimal digits after \\u")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func starts(with word: String) -> Bool { bytes[position...].starts(with: word.utf8) }

    private func error(at start: Int? = nil, found: String? = nil, expected: String) -> JSONError {
        let place = place(of: start ?? position)
        return JSONError(line: place.line, column: place.column, found: found ?? foundHere, expected: expected)
    }

    /// The character at the position, in words.
    private var foundHere: String {
        guard let byte = next else { return "the end of the text" }
        guard byte >= 0x20 && byte != 0x7f else { return "the control character \(byte)" }
        let character = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
        return "'\(character.map(String.init) ?? "")'"
    }

    /// Line and column, from 1; a column is a character, not a byte.
    private func place(of position: Int) -> (line: Int, column: Int) {
        let before = bytes[..<position]
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        let line = before.count { $0 == 0x0a } + 1
        return (line, before[lineStart...].count { $0 & 0xc0 != 0x80 } + 1)
    }
}
