/// Training loss against the number of new blocks: curves, and the last tenth of them with intervals.
/// Source: Wu et al. 2024, LLaMA Pro (arXiv 2401.02415), figure 5.
struct BlocksPlot: PlotRecipe {
    let name = "blocks"
    let help = "training loss for each number of new blocks (figure 5 of LLaMA Pro)"

    func plots(of file: PublishedFile) throws -> [Plot] {
        guard let column = file.column("strategy.blocks") else { return [] }
        let numbers = column.numbers
        let counts = Set(numbers.filter { !$0.isNaN }).sorted()
        guard counts.count > 1 else { return [] }
        var curves: [ArmCurve] = [], ends: [[Double]] = []
        for count in counts {
            let runs = file.observations(file.runs.indices.filter { numbers[$0] == count })
            let name = "\(PlotText.number(count)) \(count == 1 ? "block" : "blocks")"
            if let curve = try? ArmCurve(runs, name: name, in: file), !curve.series.points.isEmpty { curves.append(curve) } else { continue }
            let tails = try runs.map { run -> Double in
                let points = try ArmCurve([run], name: name, in: file).series.points
                return Estimate(points.suffix(max(1, points.count / 10)).map(\.estimate.mean))?.mean ?? .nan
            }
            if let estimate = Estimate(tails) { ends.append(PlotSeries(name: name, points: [(count, estimate)]).rows[0]) }
        }
        guard curves.count > 1, ends.count > 1 else { return [] }
        let shown = Array(curves.prefix(PlotStyle.limit))
        var script = GnuplotScript()
        script.data("ends", ends)
        script.add("set multiplot layout 1,2")
        CurvesPlot.draw(shown, in: &script)
        script.add("unset arrow\nunset label\nset key off")
        script.add("set xlabel \"new blocks\"\nset ylabel \"training loss, last tenth of the steps (nats/token)\"")
        script.add("set xtics (\(GnuplotScript.tics(counts)))")
        script.add("set offsets graph 0.08, graph 0.08, graph 0.05, graph 0.05")
        script.add("plot $ends using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(0))")
        script.add("unset multiplot")
        let last = ends.map { "\(PlotText.number($0[0])): \(PlotText.number($0[1]))" }.joined(separator: "; ")
        return [
            Plot(
                name, title: "Training loss and number of new blocks, means and 95 % intervals over seeds.",
                description: "Left: training loss against optimizer steps, a line a number of blocks. "
                    + "Right: mean loss of the last tenth of the steps in nats a token by number of blocks. \(last).",
                width: 960, script)
        ]
    }
}
