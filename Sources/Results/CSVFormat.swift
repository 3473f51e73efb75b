/// Comma-separated values by RFC 4180, for programs: every number in full, `low` and `high` the ends of the 95 % interval.
/// A mean makes four columns: `x.mean`, `x.low`, `x.high`, `x.n`. What is missing is empty.
public struct CSVFormat: TableFormat {
    public let name = "csv"

    public init() {}

    public func text(of table: Table) -> String {
        let header = table.columns.flatMap { column in
            column.kind == .estimate ? ["mean", "low", "high", "n"].map { "\(column.name).\($0)" } : [column.name]
        }
        let rows = table.rows.map { row in zip(table.columns, row.cells).flatMap { fields($1, kind: $0.kind) } }
        return ([header] + rows).map { $0.map(CSVFormat.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    private func fields(_ cell: Table.Cell, kind: Table.Column.Kind) -> [String] {
        switch cell {
        case .text(let text): return [text]
        case .number(let number): return [CSVFormat.full(number)]
        case .missing: return kind == .estimate ? ["", "", "", "0"] : [""]
        case .estimate(let estimate):
            let ends = estimate.interval.map { [CSVFormat.full($0.lowerBound), CSVFormat.full($0.upperBound)] } ?? ["", ""]
            return [CSVFormat.full(estimate.mean)] + ends + [String(estimate.count)]
        }
    }

    /// The shortest text that reads back to the same number.
    private static func full(_ number: Double) -> String {
        if let whole = Int(exactly: number), number.sign == .plus || whole != 0 { String(whole) } else { "\(number)" }
    }

    private static func quoted(_ field: String) -> String {
        guard field.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { text += "\"" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
