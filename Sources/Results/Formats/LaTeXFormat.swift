import Foundation

/// A LaTeX table that needs `\usepackage{booktabs}` and nothing else.
public struct LaTeXFormat: TableFormat {
    public let name = "latex"

    public init() {}

    public func text(of table: Table) -> String {
        let isLabel = table.columns.map { $0.kind == .label || $0.kind == .mark } + [false]
        var lines = ["% \\usepackage{booktabs}", "\\begin{table}", "\\centering"]
        if table.columns.count > 7 { lines += ["\\scriptsize", "\\setlength{\\tabcolsep}{3pt}"] }
        if !table.title.isEmpty { lines.append("\\caption{\(LaTeXFormat.escaped(table.title))}") }
        lines.append("\\begin{tabular}{@{}\(isLabel.map { $0 ? "l" : "r" }.joined())@{}}")
        lines.append("\\toprule")
        lines.append((table.columns.map { LaTeXFormat.escaped($0.title) } + ["$n$"]).joined(separator: " & ") + " \\\\")
        lines.append("\\midrule")
        for row in table.rows {
            let cells = zip(table.columns, row.cells).enumerated().map { place, pair in
                cell(CellText(pair.1, pair.0.style, rowCount: row.count), isBest: row.best.contains(place))
            }
            // A row that began with [ or * would be an argument of the \\ before it: `escaped` sees to it.
            lines.append((cells + [String(row.count)]).joined(separator: " & ") + " \\\\")
        }
        lines += ["\\bottomrule", "\\end{tabular}"]
        if !table.footer.isEmpty {
            lines += ["\\par\\smallskip", "\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright"]
            lines.append(table.footer.map(LaTeXFormat.escaped).joined(separator: "\\par\n"))
            lines.append("\\end{minipage}")
        }
        return (lines + ["\\end{table}"]).joined(separator: "\n") + "\n"
    }

    /// On a page that grows with the number of columns.
    public func document(with table: Table) -> String? {
        let width = max(17, 3.4 * Double(table.columns.count + 1))
        return """
            \\documentclass{article}
            \\usepackage{booktabs}
            \\setlength{\\textwidth}{\(width)cm}\\setlength{\\paperwidth}{\(width + 4)cm}\\setlength{\\paperheight}{29.7cm}
            \\setlength{\\oddsidemargin}{-0.54cm}\\setlength{\\topmargin}{-1.5cm}
            \\ifdefined\\pdfpagewidth\\pdfpagewidth=\\paperwidth\\pdfpageheight=\\paperheight\\fi
            \\makeatletter\\setlength{\\@fptop}{0pt}\\makeatother
            \\begin{document}
            \\pagestyle{empty}

            """ + text(of: table) + "\\end{document}\n"
    }

    private func cell(_ cell: CellText?, isBest: Bool) -> String {
        guard let cell else { return "---" }
        guard cell.isNumber else { return LaTeXFormat.escaped(cell.main) }
        var text = LaTeXFormat.number(cell.main, isBold: isBest)
        if let spread = cell.spread { text += " \\pm " + LaTeXFormat.number(spread) }
        text = "$\(text)$"
        if let ends = cell.ends { text += " [$\(LaTeXFormat.number(ends.low))$, $\(LaTeXFormat.number(ends.high))$]" }
        if let count = cell.count { text += " ($n=\(count)$)" }
        if let p = cell.p { text += ", $\(p.replacingOccurrences(of: "*", with: "^{*}"))$" }
        return text
    }

    /// `1.23e+11` becomes `1.23 \times 10^{11}`.
    private static func number(_ text: String, isBold: Bool = false) -> String {
        if text.hasSuffix(" MB") { return number(String(text.dropLast(3)), isBold: isBold) + "\\,\\mathrm{MB}" }
        if text == "inf" || text == "-inf" { return text.replacingOccurrences(of: "inf", with: "\\infty") }
        let parts = text.split(separator: "e")
        let mantissa = isBold ? "\\mathbf{\(parts[0])}" : String(parts[0])
        guard parts.count == 2, let exponent = Int(parts[1]) else { return mantissa }
        return "\(mantissa) \\times 10^{\(exponent)}"
    }

    private static let replacements: [Unicode.Scalar: String] = [
        "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "%": "\\%", "_": "\\_", "~": "\\textasciitilde{}",
        "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$", "\"": "''", "±": "$\\pm$", "Δ": "$\\Delta$", "—": "---", "–": "--", "×": "$\\times$",
        "[": "{[}", "]": "{]}", "*": "$*$",
    ]

    static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            if let replacement = replacements[scalar] { return replacement }
            return scalar.properties.generalCategory == .control ? " " : String(scalar)
        }.joined()
    }
}
