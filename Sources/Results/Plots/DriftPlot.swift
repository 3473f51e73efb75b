import Experiments

/// How far each layer of the base has gone at the end of the stream: a panel a measure, a line an arm.
struct DriftPlot: PlotRecipe {
    let kind = PlotKind.drift
    private static let panels: [(column: DriftColumn, label: String)] = [
        (.alignment, "alignment with the base (linear CKA)"), (.weights, "relative change of weights"), (.rank, "effective rank of the change"),
    ]

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        guard let drift = file.drift else { return nil }
        let all = definition.arms(of: file)
        let arms = Array(all.prefix(PlotStyle.limit))
        let styles = PlotStyle.styles(arms.map(\.place))
        let panels = Self.panels.map { column, label in
            (
                column: column, label: label,
                lines: arms.map { arm in
                    let runs = file.observations(arm.runs)
                    let points = (0..<drift.layerCount).compactMap { layer in
                        Estimate(runs.map { drift.value(column, run: $0, row: file.tasks[$0].count, layer: layer) }, definition.interval.method)
                            .map { (x: Double(layer), estimate: $0) }
                    }
                    return PlotSeries(name: arm.title, points: points)
                }
            )
        }
        guard panels.contains(where: { $0.lines.contains { !$0.points.isEmpty } }) else { return nil }
        var script = GnuplotScript()
        script.add("set xlabel \"layer of the base\"\nset xrange [-0.3:\(Double(drift.layerCount) - 0.7)]")
        script.add(drift.layerCount <= 16 ? "set xtics 1" : "set xtics autofreq")
        script.add("set offsets 0, 0, graph 0.08, graph 0.08\nset key off")
        // The last place is for the key.
        script.multiplot(rows: 2, columns: 2, title: definition.title)
        var words: [String] = []
        for (column, label, lines) in panels {
            script.add("set ylabel \(GnuplotScript.quoted(label))")
            let shown = lines.enumerated().filter { !$1.points.isEmpty }
            for (index, line) in shown { script.data("\(column.rawValue)\(index)", line.rows) }
            if shown.isEmpty { script.add("set yrange [0:1]\nplot -9 notitle\nset autoscale y") } else {
                script.plot(shown.map { index, _ in "$\(column.rawValue)\(index) using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(styles[index]))" })
            }
            words += shown.map { _, line in
                "\(label) of \(line.name): " + line.points.map { "\(PlotText.number($0.x)): \($0.estimate.text)" }.joined(separator: ", ")
            }
        }
        script.keyPanel(arms.map(\.title), styles: styles)
        script.add("unset multiplot")
        return Plot(
            definition.name, title: "How far each layer has gone from the base at the end of the stream, means and 95 % intervals over seeds." + PlotText.cut(all.count),
            description: "Line charts against the base's layers, from 0. \(words.joined(separator: "; ")).", width: 760, height: 640, script)
    }
}
