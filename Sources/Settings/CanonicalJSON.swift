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
            for (index, key) in entries.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }).enumerated() {
                if index > 0 { text += "," }
                Value.write(key, into: &text)
                text += ":"
                entries[key, default: .null].write(into: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, into text: inout String) {
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
