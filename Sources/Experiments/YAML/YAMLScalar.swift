import Settings

/// The value of a plain (unquoted) YAML scalar by the core schema of YAML 1.2: null, true and false, whole numbers (decimal,
/// 0o octal, 0x hexadecimal), real numbers, or else text. `yes` and `no` are text.
///
/// Refused are numbers that would be misread or cannot be used: with leading zeros (octal in YAML 1.1, decimal in 1.2), out of
/// range, infinite, not a number.
enum YAMLScalar {
    static func value(of text: String) throws(SettingsError) -> Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: break
        }
        let unsigned = text.utf8.first.map { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") } == true ? text.dropFirst() : text[...]
        switch unsigned {
        case ".inf", ".Inf", ".INF": throw notFinite(text)
        case ".nan", ".NaN", ".NAN": throw notFinite(text)
        default: break
        }
        if let (digits, radix) = prefixed(text) {
            guard let number = Int(digits, radix: radix) else { throw tooLarge(text) }
            return .integer(number)
        }
        if isDigits(unsigned) {
            guard unsigned.utf8.count == 1 || unsigned.utf8.first != UInt8(ascii: "0") else {
                throw SettingsError(
                    path: Path(), found: "the number \(shortened(text)) with leading zeros", expected: "a number without them",
                    advice: "write it without, in quotes if it is text, or as 0o17 if it is octal")
            }
            guard let number = Int(text) else { throw tooLarge(text) }
            return .integer(number)
        }
        guard let spelled = spelledOut(unsigned), let number = Double(spelled) else { return .string(text) }
        guard number.isFinite else { throw tooLarge(text) }
        return .number(text.utf8.first == UInt8(ascii: "-") ? -number : number)
    }

    /// The digits of 0o17 and 0xff.
    private static func prefixed(_ text: String) -> (Substring, Int)? {
        let digits = text.dropFirst(2)
        guard !digits.isEmpty else { return nil }
        if text.hasPrefix("0o"), digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }) { return (digits, 8) }
        if text.hasPrefix("0x"), digits.unicodeScalars.allSatisfy({ $0.properties.isASCIIHexDigit }) { return (digits, 16) }
        return nil
    }

    /// A real number (`.5`, `1.`, `3e-4`, `1.5E+3`) with a digit on both sides of its point, or nil when the text is none.
    private static func spelledOut(_ text: Substring) -> String? {
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard mantissa.count <= 2, mantissa.contains(where: { !$0.isEmpty }), mantissa.allSatisfy({ $0.isEmpty || isDigits($0) }) else {
            return nil
        }
        // `.e5` has no digit and was refused above; a lone `.` as well.
        var spelled = (mantissa[0].isEmpty ? "0" : String(mantissa[0])) + "."
        spelled += mantissa.count < 2 || mantissa[1].isEmpty ? "0" : String(mantissa[1])
        guard parts.count == 2 else { return spelled }
        let exponent = parts[1]
        guard isDigits(exponent.first == "-" || exponent.first == "+" ? exponent.dropFirst() : exponent) else { return nil }
        return spelled + "e" + exponent
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func shortened(_ text: String) -> String { text.utf8.count > 40 ? "\(text.prefix(37))..." : text }

    private static func notFinite(_ text: String) -> SettingsError {
        SettingsError(path: Path(), found: text, expected: "a finite number", advice: "write it in quotes if it is text")
    }

    private static func tooLarge(_ text: String) -> SettingsError {
        SettingsError(
            path: Path(), found: "the number \(shortened(text))",
            expected: "a whole number of at most 9223372036854775807 or a real one of at most 1.8e308",
            advice: "a large real number is written 1e20")
    }
}
