import Experiments

/// Training loss against the number of new blocks: curves, and the last tenth of them with intervals.
/// Source: Wu et al. 2024, LLaMA Pro (arXiv 2401.02415), figure 5.
struct BlocksPlot: PlotRecipe {
    let kind = PlotKind.blocks

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        guard let column = file.column("strategy.blocks") else { return nil }
        let numbers = column.numbers
        let runs = file.runs(with: definition.filter)
        let counts = Set(runs.map { numbers[$0] }.filter { !$0.isNaN }).sorted()
        guard counts.count > 1 else { return nil }
        var curves: [ArmCurve] = [], ends: [[Double]] = []
        for count in counts {
            let runs = file.observations(runs.filter { numbers[$0] == count })
            let name = "\(PlotText.number(count)) \(count == 1 ? "block" : "blocks")"
            var curve = try ArmCurve(runs, name: name, in: file)
            guard !curve.series.points.isEmpty else { continue }
            curve.place = curves.count
            curves.append(curve)
            let tails = try runs.map { run -> Double in
                let points = try ArmCurve([run], name: name, in: file).series.points
                return Estimate(points.suffix(max(1, points.count / 10)).map(\.estimate.mean))?.mean ?? .nan
            }
            if let estimate = Estimate(tails) { ends.append(PlotSeries(name: name, points: [(count, estimate)]).rows[0]) }
        }
        guard curves.count > 1, ends.count > 1 else { return nil }
        let shown = Array(curves.prefix(PlotStyle.limit))
        var script = GnuplotScript()
        script.data("ends", ends)
        script.multiplot(rows: 1, columns: 2, title: definition.title)
        CurvesPlot.draw(shown, in: &script)
        script.add("unset arrow\nunset label\nset key off")
        script.add("set xlabel \"new blocks\"\nset ylabel \"training loss, last tenth of the steps (nats/token)\"")
        script.add("set xtics (\(GnuplotScript.tics(counts)))")
        script.add("set offsets graph 0.08, graph 0.08, graph 0.05, graph 0.05")
        script.add("plot $ends using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(0))")
        script.add("unset multiplot")
        let last = ends.map { "\(PlotText.number($0[0])): \(PlotText.number($0[1]))" }.joined(separator: "; ")
        return Plot(
            definition.name, title: "Training loss and number of new blocks, means and 95 % intervals over seeds.",
            description: "Left: training loss against optimizer steps, a line a number of blocks. "
                + "Right: mean loss of the last tenth of the steps in nats a token by number of blocks. \(last).",
            width: 960, script)
    }
}
