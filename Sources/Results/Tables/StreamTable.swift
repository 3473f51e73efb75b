import Experiments

/// A row an arm and step of the stream: the loss on every domain after every task. The base is step 0.
public struct StreamTable: TableRecipe {
    public let name = "stream"
    public let help = "one row an arm and step of the stream: loss on every domain after every task, and costs up to there"

    public init() {}

    public func table(of file: PublishedFile) -> Table {
        let arms = Arms(file, partsOrders: true)
        let parameters = TableColumns.parameters.compactMap(file.column).map { (name: $0.name, numbers: $0.numbers) }
        let drift = file.drift == nil ? [] : DriftColumn.allCases
        /// And drift.
        func losses(_ runs: [Int], row: Int) -> [Table.Cell] {
            file.domains.indices.map { domain in Table.Cell(runs.map { file.losses[run: $0, row: row, domain: domain] }) }
                + drift.map { column in Table.Cell(runs.map { file.drift?.value(column, run: $0, row: row) ?? .nan }) }
        }
        /// The row behind the instruction stage, in which all weights are trained; its costs are those of the stream and its own.
        func instructed(_ arm: Arms.Arm, step: Int) -> [Table.Row] {
            guard let instructed = file.instructed else { return [] }
            let runs = file.observations(arm.runs, of: TableColumns.instructed).filter(instructed.isMeasured)
            guard !runs.isEmpty else { return [] }
            let measured = file.domains.indices.map { domain in Table.Cell(runs.map { instructed.losses[$0][domain] }) } + drift.map { _ in .missing }
            func spent(_ stream: [[Double]], _ own: [Double]) -> Table.Cell {
                .plain(runs.map { run in stream[run].dropFirst().prefix(file.tasks[run].count).reduce(own[run], +) })
            }
            var cells = arm.labels.map { Table.Cell($0) } + [.number(Double(step)), .text(Instruction.stageName)]
            for column in parameters { cells.append(column.name == "parameters.trained" ? .missing : .plain(runs.map { column.numbers[$0] })) }
            return [Table.Row(cells + measured + [spent(file.flops, instructed.flops), spent(file.seconds, instructed.seconds)], count: runs.count)]
        }
        let baseRows = arms.bases.map { base in
            Table.Row(
                base.labels.map { Table.Cell($0) } + [.number(0), .missing] + parameters.map { _ in .number(0) } + losses(base.runs, row: 0)
                    + [.number(0), .number(0)], count: base.runs.count)
        }
        let armRows = arms.arms.flatMap { arm in
            let stepCount = arm.runs.map { file.tasks[$0].count }.max() ?? 0
            var rows: [Table.Row] = []
            // Tasks that were trained without a measurement behind them: joint training has one for all.
            var trained: [String] = []
            for step in 0..<stepCount {
                let runs = file.observations(arm.runs.filter { step < file.tasks[$0].count }, row: step + 1)
                trained.append(SummaryColumns.firstSeen(runs.map { file.tasks[$0][step] }).joined(separator: " or "))
                let measured = runs.count { file.losses[run: $0, row: step + 1].contains { !$0.isNaN } }
                guard measured > 0 else { continue }
                func spent(_ costs: [[Double]]) -> Table.Cell { .plain(runs.map { costs[$0][1...(step + 1)].reduce(0, +) }) }
                rows.append(
                    Table.Row(
                        arm.labels.map { Table.Cell($0) } + [.number(Double(step + 1)), .text(trained.joined(separator: " + "))]
                            + parameters.map { column in .plain(runs.map { column.numbers[$0] }) } + losses(runs, row: step + 1)
                            + [spent(file.flops), spent(file.seconds)], count: measured))
                trained = []
            }
            return rows + instructed(arm, step: stepCount + 1)
        }
        let columns = arms.labelNames.map { Table.Column($0, .label) } + [Table.Column("step", .count), Table.Column("task", .label)]
            + parameters.map { Table.Column($0.name, .count) } + file.domains.map { Table.Column("loss.\($0)", .estimate, unit: "nats/token") }
            + drift.map { Table.Column($0.name, .estimate, unit: $0.unit) } + [Table.Column("cost.flops", .count, style: .scientific, unit: "flop"), Table.Column("cost.seconds", .count, style: .decimals(1), unit: "s")]
        let footer = TableFooter(file, TableDefinition(name: name), arms: arms.arms, labels: arms.labelNames)
        return Table(name: name, columns: columns, rows: baseRows + armRows, footer: footer.lines())
    }
}
