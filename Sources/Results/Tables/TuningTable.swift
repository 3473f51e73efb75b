import Experiments

/// A row an arm that `tune:` has tuned, a column a value: what the run with that value measured.
public struct TuningTable: TableRecipe {
    public let name = "tuning"
    public let help = "one row an arm: what the run with each value measured on the held-out seed, and which value was chosen"

    private let tuning: TuningRecord

    public init(_ tuning: TuningRecord) { self.tuning = tuning }

    public func table(of file: PublishedFile) -> Table { table }

    /// The chosen values in bold.
    public var table: Table {
        let unit = tuning.metric.hasSuffix("_loss") || tuning.metric.hasPrefix("loss.") ? "nats/token" : nil
        let columns = [Table.Column("arm", .label)] + tuning.values.map { value in
            Table.Column("\(tuning.key)=\(tuning.text(value))", .count, title: tuning.text(value), style: .decimals(4), unit: unit)
        } + [Table.Column("chosen", .label)]
        let rows = tuning.arms.map { arm in
            let cells = arm.trials.map { trial -> Table.Cell in
                if !trial.metric.isNaN { return .number(trial.metric) }
                return trial.state == .done ? .missing : .text(trial.state.rawValue)
            }
            let chosen: Table.Cell = arm.chosen.isNaN ? .missing : .text(tuning.text(arm.chosen))
            var row = Table.Row([.text(arm.title)] + cells + [chosen], count: 1)
            if let place = tuning.values.firstIndex(of: arm.chosen) { row.best = [place + 1] }
            return row
        }
        var footer = ["\(tuning.metric) (\(tuning.isLowerBetter ? "lower" : "higher") is better) by \(tuning.key) of runs with the held-out seed \(tuning.seed), one for each value."]
        if tuning.count(.diverged) > 0 { footer.append("diverged: the training was given up because the loss or the gradient was not finite; such a value is never chosen.") }
        return Table(name: name, columns: columns, rows: rows, footer: footer + tuning.ends)
    }
}
