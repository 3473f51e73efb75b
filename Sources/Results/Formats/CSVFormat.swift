/// Comma-separated values by RFC 4180, for programs: every number in full, `low` and `high` the ends of the 95 % interval.
/// A mean makes four columns: `x.mean`, `x.low`, `x.high`, `x.n`; a comparison these and `x.p`, `x.p_holm`. What is missing is empty.
public struct CSVFormat: TableFormat {
    public let name = "csv"

    public init() {}

    public func text(of table: Table) -> String {
        let header = table.columns.flatMap { column in CSVFormat.parts(column.kind).map { $0.isEmpty ? column.name : "\(column.name).\($0)" } }
        let rows = table.rows.map { row in zip(table.columns, row.cells).flatMap { fields($1, kind: $0.kind) } }
        return ([header] + rows).map(CSVFormat.line).joined()
    }

    private static func parts(_ kind: Table.Column.Kind) -> [String] {
        switch kind {
        case .label, .count, .mark: [""]
        case .estimate: ["mean", "low", "high", "n"]
        case .difference: ["mean", "low", "high", "n", "p", "p_holm"]
        }
    }

    private func fields(_ cell: Table.Cell, kind: Table.Column.Kind) -> [String] {
        switch cell {
        case .text(let text): [text]
        case .number(let number): [CSVFormat.full(number)]
        case .missing: CSVFormat.parts(kind).map { $0 == "n" ? "0" : "" }
        case .estimate(let estimate): fields(estimate)
        case .difference(let comparison): fields(comparison.difference) + [CSVFormat.full(comparison.test.p), CSVFormat.full(comparison.correctedP)]
        }
    }

    private func fields(_ estimate: Estimate) -> [String] {
        let ends = estimate.interval.map { [CSVFormat.full($0.lowerBound), CSVFormat.full($0.upperBound)] } ?? ["", ""]
        return [CSVFormat.full(estimate.mean)] + ends + [String(estimate.count)]
    }

    /// One record with its line end.
    static func line(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") + "\r\n" }

    /// The shortest text that reads back to the same number.
    static func full(_ number: Double) -> String {
        if let whole = Int(exactly: number), number.sign == .plus || whole != 0 { String(whole) } else { "\(number)" }
    }

    private static func quoted(_ field: String) -> String {
        guard field.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0D || $0 == 0x0A }) else { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { text += "\"" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
