import Experiments
import Settings

/// A table made from its definition: a row an arm, those of the bases first.
public struct DefinedTable: TableRecipe {
    public let definition: TableDefinition
    public var name: String { definition.name }
    public var help: String { definition.title.isEmpty ? "a row for each of \(definition.rows?.joined(separator: ", ") ?? "the arms")" : definition.title }

    public init(_ definition: TableDefinition) { self.definition = definition }

    public func table(of file: PublishedFile) -> Table {
        let arms = Arms(file, rows: definition.rows, among: file.runs(with: definition.filter))
        let columns = shownColumns(of: file)
        let method = definition.interval.method
        let sorted = sorted(arms.arms, in: file)
        let reference = definition.against.flatMap { against in sorted.first { TableDefinition.isMatch($0.labels, labels: arms.labelNames, against) } }

        // Cells by arm, then by column; a column's comparison stands behind it.
        var rows = sorted.map { arm in
            var cells = arm.labels.map { Table.Cell($0) }
            for column in columns {
                let values = file.observations(arm.runs, of: column.name).map { column.values[$0] }
                cells.append(column.isMetric ? column.cell(values, method) : .plain(values))
                guard column.isMetric, let reference else { continue }
                let pairs = arm.labels == reference.labels ? [] : PairedRuns(arm.runs, reference.runs, of: column.name, in: file).values(column.values)
                cells.append(PairedComparison(pairs, method).map(Table.Cell.difference) ?? .missing)
            }
            var count = file.observations(arm.runs).count { run in file.losses[run: run, row: file.tasks[run].count].contains { !$0.isNaN } }
            if let instructed = file.instructed, columns.contains(where: { $0.name.hasPrefix(TableColumns.instructed) }) {
                count = max(count, file.observations(arm.runs, of: TableColumns.instructed).count(where: instructed.isMeasured))
            }
            return Table.Row(cells, count: count)
        }
        let comparisons = DefinedTable.correct(&rows)

        var shown = arms.labelNames.map { Table.Column($0, .label) }
        for column in columns {
            shown.append(column.shown)
            guard column.isMetric, reference != nil else { continue }
            shown.append(Table.Column("\(column.name).difference", .difference, title: "Δ \(column.name)", style: column.shown.style, unit: column.shown.unit))
        }
        if definition.marksBest { markBest(&rows, shown) }
        var baseRows = arms.bases.map { base in
            let cells = columns.flatMap { column -> [Table.Cell] in
                [column.baseCell(base.runs, in: file, method)] + (column.isMetric && reference != nil ? [.missing] : [])
            }
            return Table.Row(base.labels.map { Table.Cell($0) } + cells, count: base.runs.count)
        }
        if let front = definition.front {
            shown.append(Table.Column("front", .mark))
            let points = sorted.map { arm in (front.map { goodness($0, arm, in: file) }) }
            let marks = ParetoFront.isOnFront(points.map { ($0[0], $0[1]) })
            for index in rows.indices { rows[index].cells.append(marks[index] ? .text("yes") : .missing) }
            for index in baseRows.indices { baseRows[index].cells.append(.missing) }
        }
        let footer = TableFooter(file, definition, arms: sorted, labels: arms.labelNames)
        return Table(
            name: definition.name, title: definition.title, columns: shown, rows: baseRows + rows,
            footer: footer.lines(comparisons: comparisons, reference: reference))
    }

    private func shownColumns(of file: PublishedFile) -> [ShownColumn] {
        let all = file.figures
        let costs = definition.showsCosts ? TableColumns.costs : []
        let sizes = definition.showsCosts ? TableColumns.parameters : []
        let metrics = definition.columns ?? SummaryTable.columns(of: file)
        // What is named twice, by itself and by a pattern, stands where it stands first.
        let names = metrics.flatMap { name in TableColumns.matching(name, in: all.map(\.name)) ?? [name] }
        let order = sizes.filter { !names.contains($0) } + names + costs.filter { !names.contains($0) }
        return SummaryColumns.firstSeen(order).map { name in
            ShownColumn(name, file.column(name), runCount: file.runs.count, digits: definition.digitsByColumn[name] ?? definition.digits)
        }
    }

    private func mean(_ name: String, _ arm: Arms.Arm, in file: PublishedFile) -> Double {
        guard let numbers = file.column(name)?.numbers else { return .nan }
        return Estimate(file.observations(arm.runs, of: name).map { numbers[$0] })?.mean ?? .nan
    }

    /// The mean, turned so that higher is better.
    private func goodness(_ name: String, _ arm: Arms.Arm, in file: PublishedFile) -> Double {
        TableColumns.isLowerBetter(name) == true ? -mean(name, arm, in: file) : mean(name, arm, in: file)
    }

    /// Arms without a value of a column stand last; equal ones keep their order.
    private func sorted(_ arms: [Arms.Arm], in file: PublishedFile) -> [Arms.Arm] {
        let keys = definition.order.map { word in arms.map { arm in mean(word.column, arm, in: file) * (word.isDescending ? -1 : 1) } }
        return arms.indices.sorted { a, b in
            for key in keys {
                if key[a].isNaN != key[b].isNaN { return key[b].isNaN }
                if key[a] != key[b], !key[a].isNaN { return key[a] < key[b] }
            }
            return a < b
        }.map { arms[$0] }
    }

    /// Corrects the p-values of all comparisons of the table; returns the comparisons.
    private static func correct(_ rows: inout [Table.Row]) -> [PairedComparison] {
        var places: [(row: Int, cell: Int, comparison: PairedComparison)] = []
        for (row, cells) in rows.map(\.cells).enumerated() {
            for (cell, content) in cells.enumerated() { if case .difference(let comparison) = content { places.append((row, cell, comparison)) } }
        }
        for (place, p) in zip(places, Holm.corrected(places.map(\.comparison.test.p))) {
            var comparison = place.comparison
            comparison.correctedP = p
            rows[place.row].cells[place.cell] = .difference(comparison)
        }
        return places.map(\.comparison)
    }

    /// Marks the best means of each column that has a better side, when there are two arms to choose from.
    private func markBest(_ rows: inout [Table.Row], _ columns: [Table.Column]) {
        for (place, column) in columns.enumerated() where column.kind == .estimate {
            guard let isLowerBetter = TableColumns.isLowerBetter(column.name) else { continue }
            let means = rows.map { $0.cells[place].mean.flatMap { $0.isFinite ? $0 : nil } }
            let known = means.compactMap(\.self)
            guard Set(known).count > 1, let best = isLowerBetter ? known.min() : known.max() else { continue }
            for (index, mean) in means.enumerated() where mean == best { rows[index].best.insert(place) }
        }
    }
}

/// A column of the summary as a table shows it.
private struct ShownColumn {
    let name: String
    let values: [Double]
    let isMetric: Bool
    let shown: Table.Column

    /// - Parameter column: nil for one that no run has.
    init(_ name: String, _ column: Column?, runCount: Int, digits: Int) {
        self.name = name
        values = column?.numbers ?? [Double](repeating: .nan, count: runCount)
        isMetric = TableColumns.isLowerBetter(name) != nil || column?.role == .metric
        let style: Table.Column.Style =
            switch name {
            case "cost.flops": .scientific
            case "cost.memory": .megabytes
            case "cost.seconds": .decimals(1)
            default: isMetric ? .decimals(digits) : .whole
            }
        shown = Table.Column(name, isMetric ? .estimate : .count, style: style, unit: column?.unit)
    }

    /// Losses are averaged in nats also where their perplexity is shown.
    func cell(_ values: [Double], _ method: Estimate.Method) -> Table.Cell {
        (name.contains("perplexity.") ? Estimate(perplexities: values, method) : Estimate(values, method)).map(Table.Cell.estimate) ?? .missing
    }

    /// Losses and accuracies are measured on the base too, and it has not drifted; a metric of a stream does not apply to it. Nothing was added or spent.
    func baseCell(_ runs: [Int], in file: PublishedFile, _ method: Estimate.Method) -> Table.Cell {
        if name == "parameters.base" { return .plain(runs.map { values[$0] }) }
        guard isMetric else { return .number(0) }
        if let drift = file.drift, let column = DriftColumn.allCases.first(where: { $0.name == name }) {
            return Table.Cell(runs.map { drift.value(column, run: $0, row: 0) }, method)
        }
        for (prefix, matrices) in [
            ("loss.", file.losses), ("perplexity.", file.losses), ("bits_per_byte.", file.bitsPerByte), ("accuracy.", file.scores), ("score.", file.scores),
        ] {
            if name.hasPrefix(prefix), let domain = file.domains.firstIndex(of: String(name.dropFirst(prefix.count))) {
                let values = runs.map { matrices[run: $0, row: 0, domain: domain] }
                return cell(prefix == "perplexity." ? values.map(PublishedFile.perplexity(ofLoss:)) : values, method)
            }
        }
        return .missing
    }
}

extension TableDefinition.Interval {
    var method: Estimate.Method { self == .bootstrap ? .bootstrap(seed: 0) : .studentT }
}

extension PublishedFile {
    /// The runs that have one of the allowed values of each axis or setting.
    func runs(with filter: [String: [Value]]) -> [Int] {
        let filters = filter.keys.sorted().map { name in
            (column: column(name), texts: Set((filter[name] ?? []).map { TableLabels.text($0) }))
        }
        return runs.indices.filter { run in filters.allSatisfy { column, texts in column?.text(run: run).map(texts.contains) ?? false } }
    }
}
