extension Value {
    /// JSON with sorted keys (by their UTF-8 bytes) and no white space, so that it can be hashed; `Value(json:)` reads back the
    /// same value, bit for bit.
    ///
    /// Real numbers are written in the shortest form that reads back to the same bits, always with a point or an exponent,
    /// so that 1.0 and 1 stay apart, and so do 0.0 and -0.0. Numbers that are not finite have no JSON form and trap.
    public var canonicalJSON: String {
        var text = ""
        write(into: &text)
        return text
    }

    /// The same on lines, for files that people read: two spaces a level, lists of plain values on one line.
    public var indentedJSON: String { indented("") + "\n" }

    private func indented(_ margin: String) -> String {
        let inner = margin + "  "
        switch self {
        case .object(let entries) where !entries.isEmpty:
            let lines = entries.sorted { Value.precedes($0.key, $1.key) }.map { "\(inner)\(Value.string($0.key).canonicalJSON): \($0.value.indented(inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(margin)}"
        case .list(let items) where items.contains(where: { $0.asList != nil || $0.asObject != nil }):
            return "[\n\(items.map { inner + $0.indented(inner) }.joined(separator: ",\n"))\n\(margin)]"
        case .list(let items): return "[\(items.map(\.canonicalJSON).joined(separator: ", "))]"
        default: return canonicalJSON
        }
    }

    private func write(into text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value):
            precondition(value.isFinite, "JSON has no form for \(value)")
            text += "\(value)"
        case .string(let value): Value.write(value, into: &text)
        case .list(let items):
            text += "["
            for (index, item) in items.enumerated() {
                if index > 0 { text += "," }
                item.write(into: &text)
            }
            text += "]"
        case .object(let entries):
            text += "{"
            for (index, entry) in entries.sorted(by: { Value.precedes($0.key, $1.key) }).enumerated() {
                if index > 0 { text += "," }
                Value.write(entry.key, into: &text)
                text += ":"
                entry.value.write(into: &text)
            }
            text += "}"
        }
    }

    /// By the bytes of UTF-8.
    private static func precedes(_ a: String, _ b: String) -> Bool {
        let isBefore = a.utf8.withContiguousStorageIfAvailable { a in
            b.utf8.withContiguousStorageIfAvailable { b in
                for (a, b) in zip(a, b) where a != b { return a < b }
                return a.count < b.count
            }
        }
        return (isBefore ?? nil) ?? a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    private static func write(_ string: String, into text: inout String) {
        // Nearly all strings are names, of which nothing has to be replaced.
        guard string.utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) else {
            text += "\""
            text += string
            text += "\""
            return
        }
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
