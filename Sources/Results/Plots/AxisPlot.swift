import Experiments

/// Metrics against a numeric axis of the sweep, a figure an axis: lines are what else tells arms apart.
struct AxisPlot: PlotRecipe {
    let name = "axis"
    let help = "main metrics against each numeric axis of the sweep"

    func plots(of file: PublishedFile) throws -> [Plot] {
        let repetitions = TableLabels.repetitionAxes(streams: file.tasks)
        let axes = file.columns.filter { $0.role == .axis && !repetitions.contains($0.name) }
        return try axes.enumerated().compactMap { place, axis in
            guard Set(axis.numbers.filter { !$0.isNaN }).count > 1 else { return nil }
            return try plot(axis, beside: axes.filter { $0.name != axis.name }.map(\.name), place: place, of: file)
        }
    }

    private func plot(_ axis: Column, beside others: [String], place: Int, of file: PublishedFile) throws -> Plot? {
        let known = file.metricNames { _ in true }
        let metrics = ["OP_loss", "LA_loss", "forgetting_loss", "general_loss", "OP", "forgetting"].filter(known.contains).prefix(4).compactMap(file.column)
        let fallback = file.columns.filter { $0.name.hasPrefix("loss.") }.prefix(4)
        let columns = metrics.isEmpty ? Array(fallback) : metrics
        let numbers = axis.numbers
        let telling = others.filter { name in Set(file.runs.indices.map { file.column(name)?.text(run: $0) }).count > 1 }
        let groups = Arms(file, rows: telling, among: file.runs.indices.filter { !numbers[$0].isNaN }).arms
        let panels = columns.map { column in
            groups.prefix(PlotStyle.limit).map { group in
                let values = Set(group.runs.map { numbers[$0] }).sorted()
                let points = values.compactMap { value in
                    Estimate(file.observations(group.runs.filter { numbers[$0] == value }).map { column.numbers[$0] }).map { (value, $0) }
                }
                let name = group.title.isEmpty ? file.column("strategy")?.text(run: group.runs[0]) ?? axis.name : group.title
                return PlotSeries(name: name, points: points)
            }.filter { !$0.points.isEmpty }
        }
        guard !columns.isEmpty, panels.contains(where: { !$0.isEmpty }) else { return nil }
        var script = GnuplotScript()
        let values = Set(numbers.filter { !$0.isNaN }).sorted()
        if values[0] > 0, values[values.count - 1] / values[0] >= 8 { script.add("set logscale x") }
        if values.count <= 8 { script.add("set xtics (\(GnuplotScript.tics(values)))") }
        let unit = axis.unit.map { " (\($0))" } ?? ""
        script.add("set xlabel \(GnuplotScript.quoted(axis.name + unit))\nset offsets graph 0.05, graph 0.05, graph 0.08, graph 0.08")
        let layout = (rows: (columns.count + 1) / 2, columns: min(2, columns.count))
        script.add("set multiplot layout \(layout.rows),\(layout.columns)")
        var words: [String] = []
        for (panel, (column, series)) in zip(columns, panels).enumerated() where !series.isEmpty {
            for (index, line) in series.enumerated() { script.data("panel\(panel)_\(index)", line.rows) }
            script.add("set ylabel \(GnuplotScript.quoted(FrontPlot.words(column), limit: 100))")
            script.plot(series.enumerated().map { index, line in
                "$panel\(panel)_\(index) using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(index)) title \(GnuplotScript.quoted(line.name, limit: 40))"
            })
            words += series.map { line in
                "\(column.name) of \(line.name): " + line.points.map { "\(PlotText.number($0.x)): \($0.estimate.text)" }.joined(separator: ", ")
            }
        }
        script.add("unset multiplot")
        return Plot(
            "\(name)-\(Plots.fileName(axis.name))", title: "Metrics against \(axis.name), means and 95 % intervals over seeds." + PlotText.cut(groups.count),
            description: "Line charts against \(axis.name). \(words.joined(separator: "; ")).", width: 470 * layout.columns, height: 330 * layout.rows, script)
    }
}
