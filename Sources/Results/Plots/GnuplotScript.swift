/// Commands for gnuplot, line by line.
struct GnuplotScript {
    private(set) var text = ""

    mutating func add(_ line: String) { text += line + "\n" }

    /// A block of data: a row a line, columns separated by blanks; lines are not drawn across an empty row.
    mutating func data(_ name: String, _ rows: [[Double]]) {
        add("$\(name) << END_OF_DATA")
        for row in rows { add(row.map(GnuplotScript.number).joined(separator: " ")) }
        add("END_OF_DATA")
    }

    /// One drawing of several parts.
    mutating func plot(_ parts: [String]) { add("plot " + parts.joined(separator: ", \\\n    ")) }

    /// Numbers as tics of an axis, at their places.
    static func tics(_ values: [Double]) -> String {
        values.map { "\(quoted(PlotText.number($0))) \(number($0))" }.joined(separator: ", ")
    }

    /// A number as gnuplot reads it.
    static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

    /// Text as a string of gnuplot that stands for exactly that text: every byte that could mean anything (quotes, backslashes, backticks, `$`, `%`)
    /// is an octal number, since gnuplot runs what stands between backticks. Line breaks and control characters become blanks, long text is cut.
    /// - Parameter doublesPercent: for labels of tics, which are formats.
    static func quoted(_ text: String, doublesPercent: Bool = false, limit: Int = 60) -> String {
        let shown = text.count > limit ? text.prefix(limit - 1) + "…" : text[...]
        var result = "\""
        for scalar in shown.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", ".", ",", "-", "+", "(", ")", "=", "/", ":": result.unicodeScalars.append(scalar)
            case _ where scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}": result += " "
            case "%" where doublesPercent: result += "\\045\\045"
            default:
                for byte in String(scalar).utf8 {
                    let octal = String(byte, radix: 8)
                    result += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
                }
            }
        }
        return result + "\""
    }
}
