import Experiments

/// A row an arm: the model at the end of the stream, and the metrics that say most. The base's row comes first.
public struct SummaryTable: TableRecipe {
    public let name = "summary"
    public let help = "one row an arm: parameters, loss and accuracy at the end of the stream, main metrics, costs"

    public init() {}

    public func table(of file: PublishedFile) -> Table { DefinedTable(TableDefinition(name: name)).table(of: file) }

    /// Its columns between sizes and costs.
    static func columns(of file: PublishedFile) -> [String] {
        let main = ["OP", "BWT", "general", "OP_loss", "BWT_loss", "general_loss", "stability_gap_loss"] + TableColumns.drift
        return file.metricNames { name in name.hasPrefix("loss.") || name.hasPrefix("accuracy.") || name.hasPrefix("score.") || main.contains(name) }
    }
}

/// A row an arm: every metric of the stream.
public struct MetricsTable: TableRecipe {
    public let name = "metrics"
    public let help = "one row an arm: every metric of the stream, of accuracies and of losses, and costs"

    public init() {}

    public func table(of file: PublishedFile) -> Table {
        var definition = TableDefinition(name: name)
        definition.columns = file.metricNames { !$0.contains(".") }
        return DefinedTable(definition).table(of: file)
    }
}

/// A row an arm: what was learned against what was kept, and which arms no other beats in both.
public struct FrontTable: TableRecipe {
    public let name = "front"
    public let help = "one row an arm: learning against retention, and the arms that no other beats in both"

    public init() {}

    public func table(of file: PublishedFile) -> Table {
        let known = file.metricNames { _ in true }
        func first(_ names: [String]) -> String { names.first(where: known.contains) ?? names[0] }
        var definition = TableDefinition(name: name)
        // Losses are there always; how well tasks were learnt against what became of all that was known before.
        let front = [first(["LA_loss", "OP_loss"]), first(["general_loss", "BWT_loss"])]
        definition.columns = SummaryColumns.firstSeen(front + ["LA_loss", "general_loss", "BWT_loss", "forgetting_loss"].filter(known.contains))
        definition.front = front
        return DefinedTable(definition).table(of: file)
    }
}

extension PublishedFile {
    /// Names of the metrics' columns; a metric of the stream that no run has is left out.
    func metricNames(_ isShown: (String) -> Bool) -> [String] {
        columns.filter { column in column.role == .metric && isShown(column.name) && (column.name.contains(".") || !column.numbers.allSatisfy(\.isNaN)) }
            .map(\.name)
    }
}
