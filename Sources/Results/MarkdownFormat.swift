import Foundation

/// A Markdown table whose columns also stand under each other as plain text, with the footer below.
public struct MarkdownFormat: TableFormat {
    public let name = "markdown"

    public init() {}

    public func text(of table: Table) -> String {
        let names = table.columns.map { MarkdownFormat.escaped($0.name) } + ["n"]
        let isLabel = table.columns.map { $0.kind == .label } + [false]
        let rows = table.rows.map { row in row.cells.map { cell($0, rowCount: row.count) } + [String(row.count)] }
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
        var text = line(names) + line(rule) + rows.map(line).joined()
        if !table.footer.isEmpty { text += "\n" + table.footer.map { $0 + "\n" }.joined() }
        return text
    }

    private func cell(_ cell: Table.Cell, rowCount: Int) -> String {
        switch cell {
        case .text(let text): return MarkdownFormat.escaped(text)
        case .number(let number): return Int(exactly: number).map { String($0) } ?? MarkdownFormat.rounded(number)
        case .missing: return "—"
        case .estimate(let estimate):
            let interval = estimate.halfWidth.map { " ± " + MarkdownFormat.rounded($0) } ?? ""
            let count = estimate.count == rowCount ? "" : " (n=\(estimate.count))"
            return MarkdownFormat.rounded(estimate.mean) + interval + count
        }
    }

    /// Four decimals, or six digits of a large number.
    private static func rounded(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 1e5 else { return String(format: "%.6g", number) }
        let text = String(format: "%.4f", number)
        return text == "-0.0000" ? "0.0000" : text
    }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "|", with: "\\|")
            .split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
