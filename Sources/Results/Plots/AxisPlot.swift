import Experiments
import Foundation

/// Metrics against an axis with numbers, a panel a metric: lines are what else tells arms apart.
struct AxisPlot: PlotRecipe {
    let kind = PlotKind.axis
    private static let main = ["OP_loss", "LA_loss", "forgetting_loss", "general_loss", "OP", "forgetting"]

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        guard let axis = definition.axis.flatMap(file.column) else { return nil }
        let numbers = axis.numbers
        let runs = file.runs(with: definition.filter).filter { !numbers[$0].isNaN }
        let columns = metrics(definition, of: file)
        let groups = Arms(file, rows: definition.arms ?? telling(axis, runs, in: file), among: runs).arms
        let names = groups.map { $0.labels.isEmpty ? file.strategies(of: runs) : $0.title }
        let panels = columns.map { column in
            zip(names, groups).prefix(PlotStyle.limit).map { name, group in
                let points = Set(group.runs.map { numbers[$0] }).sorted().compactMap { value in
                    let observed = file.observations(group.runs.filter { numbers[$0] == value }, of: column.name)
                    return Estimate(observed.map { column.numbers[$0] }, definition.interval.method).map { (value, $0) }
                }
                return PlotSeries(name: name, points: points)
            }
        }
        let shown = zip(columns, panels).filter { _, series in series.contains { !$0.points.isEmpty } }
        guard !shown.isEmpty else { return nil }

        var script = GnuplotScript()
        let values = Set(runs.map { numbers[$0] }).sorted()
        let isLogarithmic = values[0] > 0 && values[values.count - 1] / values[0] >= 8
        if isLogarithmic { script.add("set logscale x") }
        script.add(Self.tics(values, isLogarithmic))
        let unit = axis.unit.map { " (\($0))" } ?? ""
        script.add("set xlabel \(GnuplotScript.quoted(axis.name + unit))\nset offsets graph 0.05, graph 0.05, graph 0.08, graph 0.08\nset key off")
        // The last place is for the key, so that all panels are of one size; a line alone needs none.
        let hasKey = groups.count > 1
        let count = shown.count + (hasKey ? 1 : 0)
        let layout = (rows: (count + 2) / 3, columns: min(3, count))
        script.multiplot(rows: layout.rows, columns: layout.columns, title: definition.title)
        for (panel, (column, series)) in shown.enumerated() {
            let lines = series.enumerated().filter { !$1.points.isEmpty }
            for (index, line) in lines { script.data("panel\(panel)_\(index)", line.rows) }
            script.add("set ylabel \(GnuplotScript.wrapped(PlotText.axis(column), limit: 40))")
            script.plot(lines.map { index, _ in "$panel\(panel)_\(index) using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(index))" })
        }
        if hasKey { script.keyPanel(names, styles: Array(names.indices)) }
        script.add("unset multiplot")
        let words = shown.flatMap { column, series in
            series.filter { !$0.points.isEmpty }.map { line in
                "\(column.name) of \(line.name): " + line.points.map { "\(PlotText.number($0.x)): \($0.estimate.text)" }.joined(separator: ", ")
            }
        }
        return Plot(
            definition.name, title: "Metrics against \(axis.name), means and 95 % intervals over seeds." + PlotText.cut(groups.count),
            description: "Line charts against \(axis.name). \(words.joined(separator: "; ")).",
            width: 360 * layout.columns + 20, height: 330 * layout.rows, script)
    }

    /// The values themselves where there is room for them, else round numbers, large ones in thousands, millions ...
    private static func tics(_ values: [Double], _ isLogarithmic: Bool) -> String {
        guard values[values.count - 1] < 10_000 else { return "set format x \"%.1s%c\"" }
        let places = isLogarithmic ? values.map(log) : values
        let gaps = zip(places.dropFirst(), places).map { $0 - $1 }
        let length = values.map { PlotText.number($0).count }.max() ?? 0
        let range = places[places.count - 1] - places[0]
        if (gaps.min() ?? .infinity) * 30 >= range * Double(length) { return "set xtics (\(GnuplotScript.tics(values)))" }
        return "set format x \"%g\""
    }

    /// What is shown: as defined, else the main metrics that the file has, else losses.
    private func metrics(_ definition: PlotDefinition, of file: PublishedFile) -> [Column] {
        let all = file.figures.map(\.name)
        if let metrics = definition.metrics {
            return SummaryColumns.firstSeen(metrics.flatMap { TableColumns.matching($0, in: all) ?? [] }).prefix(12).compactMap(file.column)
        }
        let known = file.metricNames { _ in true }
        let main = Self.main.filter(known.contains).prefix(5)
        return (main.isEmpty ? known.filter { $0.hasPrefix("loss.") }.prefix(5) : main).compactMap(file.column)
    }

    /// The other axes that differ between the runs.
    private func telling(_ axis: Column, _ runs: [Int], in file: PublishedFile) -> [String] {
        let repetitions = TableLabels.repetitionAxes(streams: file.tasks).union([axis.name])
        return file.columns.filter { column in
            column.role == .axis && !repetitions.contains(column.name) && Set(runs.map { column.text(run: $0) }).count > 1
        }.map(\.name)
    }
}

extension PublishedFile {
    /// The strategies of runs, each once.
    func strategies(of runs: [Int]) -> String {
        let name = column("strategy")
        return SummaryColumns.firstSeen(runs.compactMap { name?.text(run: $0) }).joined(separator: " and ")
    }
}
