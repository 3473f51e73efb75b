import Settings

/// A table as a JSON object with sorted keys, for programs: every number in full, null for what is missing. A number that is not finite,
/// which JSON has no form for, is text.
public struct JSONFormat: TableFormat {
    public let name = "json"

    public init() {}

    public func text(of table: Table) -> String {
        let columns = table.columns.map { column -> Value in
            let kind =
                switch column.kind {
                case .label: "label"
                case .count: "number"
                case .estimate: "estimate"
                case .difference: "difference"
                case .mark: "mark"
                }
            return ["name": .string(column.name), "title": .string(column.title), "kind": .string(kind), "unit": column.unit.map(Value.string) ?? .null]
        }
        let rows = table.rows.map { row -> Value in
            let best = row.best.sorted().map { Value.string(table.columns[$0].name) }
            return ["cells": .list(row.cells.map(JSONFormat.value)), "n": .integer(row.count), "best": .list(best)]
        }
        let object: Value = [
            "name": .string(table.name), "title": .string(table.title), "columns": .list(columns), "rows": .list(rows),
            "notes": .list(table.footer.map(Value.string)),
        ]
        return object.canonicalJSON + "\n"
    }

    static func value(_ cell: Table.Cell) -> Value {
        switch cell {
        case .missing: .null
        case .text(let text): .string(text)
        case .number(let value): number(value)
        case .estimate(let estimate): value(estimate)
        case .difference(let comparison):
            .object(
                (value(comparison.difference).asObject ?? [:]).merging([
                    "p": .number(comparison.test.p), "p_holm": .number(comparison.correctedP), "exact": .bool(comparison.test.isExact),
                ]) { $1 })
        }
    }

    /// Mean, standard deviation, ends of the interval and number of values.
    static func value(_ estimate: Estimate) -> Value {
        [
            "mean": number(estimate.mean), "sd": number(estimate.standardDeviation), "low": number(estimate.interval?.lowerBound),
            "high": number(estimate.interval?.upperBound), "n": .integer(estimate.count),
        ]
    }

    private static func number(_ value: Double?) -> Value {
        guard let value else { return .null }
        if let whole = Int(exactly: value), value.sign == .plus || whole != 0 { return .integer(whole) }
        return value.isFinite ? .number(value) : .string("\(value)")
    }
}
