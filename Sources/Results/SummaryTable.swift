/// A row an arm: the model at the end of the stream, and the metrics that say most. The base's row comes first.
public struct SummaryTable: TableRecipe {
    public let name = "summary"
    public let help = "one row an arm: parameters, loss and accuracy at the end of the stream, main metrics"

    public init() {}

    public func table(of file: PublishedFile) -> Table {
        let main = ["OP", "BWT", "general", "OP_loss", "BWT_loss", "general_loss"]
        return ArmTable.table(of: file) { name in name.hasPrefix("loss.") || name.hasPrefix("accuracy.") || main.contains(name) }
    }
}

/// A row an arm: every metric of the stream.
public struct MetricsTable: TableRecipe {
    public let name = "metrics"
    public let help = "one row an arm: every metric of the stream, of accuracies and of losses"

    public init() {}

    public func table(of file: PublishedFile) -> Table {
        ArmTable.table(of: file) { name in !name.hasPrefix("loss.") && !name.hasPrefix("accuracy.") }
    }
}

/// Tables with a row an arm, those of the bases first.
enum ArmTable {
    /// - Parameter isShown: says which columns; a metric of the stream that no run has is left out.
    static func table(of file: PublishedFile, isShown: (String) -> Bool) -> Table {
        let arms = Arms(file)
        let parameters = file.columns.filter { $0.role == .parameter && $0.name != "parameters.base" }
        let metrics = file.columns.filter { column in
            guard column.role == .metric, !column.name.hasPrefix("bits_per_byte."), isShown(column.name) else { return false }
            return column.name.contains(".") || !column.numbers.allSatisfy(\.isNaN)
        }
        let baseRows = arms.bases.map { base in
            Table.Row(
                base.labels.map { Table.Cell($0) } + parameters.map { _ in .number(0) } + metrics.map { baseCell($0, base.runs, in: file) },
                count: base.runs.count)
        }
        let armRows = arms.arms.map { arm in
            Table.Row(
                arm.labels.map { Table.Cell($0) } + parameters.map { Parameters.cell($0, runs: arm.runs) }
                    + metrics.map { column in Table.Cell(arm.runs.map { column.numbers[$0] }) },
                count: arm.runs.count { file.losses[run: $0, row: file.tasks[$0].count].contains { !$0.isNaN } })
        }
        return Table(
            columns: arms.labelNames.map { Table.Column($0, .label) } + parameters.map { Table.Column($0.name, .count) }
                + metrics.map { Table.Column($0.name, .estimate) },
            rows: baseRows + armRows, footer: TableFooter.lines(file))
    }

    /// Loss and accuracy are measured on the base too; a metric of a stream does not apply to it.
    private static func baseCell(_ column: Column, _ runs: [Int], in file: PublishedFile) -> Table.Cell {
        for (prefix, matrices) in [("loss.", file.losses), ("accuracy.", file.scores)] {
            if column.name.hasPrefix(prefix), let domain = file.domains.firstIndex(of: String(column.name.dropFirst(prefix.count))) {
                return Table.Cell(runs.map { matrices[run: $0, row: 0, domain: domain] })
            }
        }
        return .missing
    }
}
