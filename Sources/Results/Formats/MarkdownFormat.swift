import Foundation

/// A Markdown table whose columns also stand under each other as plain text, with the footer below.
public struct MarkdownFormat: TableFormat {
    public let name = "markdown"

    public init() {}

    public func text(of table: Table) -> String {
        let names = table.columns.map { MarkdownFormat.escaped($0.title) } + ["n"]
        let isLabel = table.columns.map { $0.kind == .label || $0.kind == .mark } + [false]
        let rows = table.rows.map { row in
            zip(table.columns, row.cells).enumerated().map { place, pair in
                cell(CellText(pair.1, pair.0.style, rowCount: row.count), isBest: row.best.contains(place))
            } + [String(row.count)]
        }
        let widths = names.indices.map { column in max(3, names[column].count, rows.map { $0[column].count }.max() ?? 0) }

        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                return isLabel[column] ? cell + blanks : blanks + cell
            }
            return "| " + padded.joined(separator: " | ") + " |\n"
        }
        let rule = widths.enumerated().map { column, width in
            isLabel[column] ? String(repeating: "-", count: width) : String(repeating: "-", count: width - 1) + ":"
        }
        var text = table.title.isEmpty ? "" : "**\(MarkdownFormat.escaped(table.title))**\n\n"
        text += line(names) + line(rule) + rows.map(line).joined()
        if !table.footer.isEmpty { text += "\n" + table.footer.map { $0 + "\n" }.joined() }
        return text
    }

    private func cell(_ cell: CellText?, isBest: Bool) -> String {
        guard let cell else { return "—" }
        guard cell.isNumber else { return MarkdownFormat.escaped(cell.main) }
        var text = isBest ? "**\(cell.main)**" : cell.main
        if let spread = cell.spread { text += " ± " + spread }
        if let ends = cell.ends { text += " [\(ends.low), \(ends.high)]" }
        if let count = cell.count { text += " (n=\(count))" }
        if let p = cell.p { text += ", " + p.replacingOccurrences(of: "*", with: "\\*") }
        return text
    }

    static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "|", with: "\\|")
            .split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
