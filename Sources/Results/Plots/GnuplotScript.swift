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

    /// What stands above a figure of one panel, if anything.
    mutating func title(_ text: String) {
        if !text.isEmpty { add("set title \(GnuplotScript.quoted(text, limit: 110))") }
    }

    /// Panels side by side, filled row by row, and what stands above them, if anything.
    mutating func multiplot(rows: Int, columns: Int, title: String) {
        add("set multiplot layout \(rows),\(columns)" + (title.isEmpty ? "" : " title \(GnuplotScript.quoted(title, limit: 110))"))
    }

    /// A panel with nothing but a key; the last one, since it takes away what panels have.
    /// - Parameters:
    ///   - titles: of lines; no more than a figure shows are taken.
    ///   - styles: of each, as `PlotStyle` numbers them.
    mutating func keyPanel(_ titles: [String], styles: [Int]) {
        add("set key on inside center center vertical\nunset logscale\nset offsets 0, 0, 0, 0\nset xrange [0:1]\nset yrange [0:1]")
        for part in ["title", "xlabel", "ylabel", "border", "tics", "grid"] { add("unset \(part)") }
        // Lines outside of the range: the key alone is seen.
        let shown = ArmTitles.shortened(Array(titles.prefix(PlotStyle.limit)), limit: 36)
        plot(zip(styles, shown).map { "9 with linespoints \(PlotStyle.linePoint($0)) title \(GnuplotScript.quoted($1))" })
    }

    /// Numbers as tics of an axis, at their places.
    static func tics(_ values: [Double]) -> String {
        values.map { "\(quoted(PlotText.number($0))) \(number($0))" }.joined(separator: ", ")
    }

    /// Names as tics of an axis, at 0, 1, 2 ...
    static func tics(_ names: [String]) -> String {
        names.enumerated().map { "\(quoted($1, doublesPercent: true)) \($0)" }.joined(separator: ", ")
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
            case "%" where doublesPercent: result += octal(0x25) + octal(0x25)
            default:
                for byte in String(scalar).utf8 { result += octal(byte) }
            }
        }
        return result + "\""
    }

    /// Text in lines of at most `limit` characters, broken at its blanks; a longer word is cut.
    static func wrapped(_ text: String, limit: Int) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < limit {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return "\"" + lines.map { quoted($0, limit: limit).dropFirst().dropLast() }.joined(separator: "\\n") + "\""
    }

    /// gnuplot reads four digits behind a backslash when the first is 0, else three: whatever follows is no part of the number.
    private static func octal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 8)
        return "\\" + String(repeating: "0", count: byte < 0o100 ? 4 - digits.count : 0) + digits
    }
}
