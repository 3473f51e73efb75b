/// Training loss along the stream: a line an arm, bands are 95 % intervals over seeds.
struct CurvesPlot: PlotRecipe {
    let name = "curves"
    let help = "training loss along the stream, a line an arm, bands over seeds"

    func plots(of file: PublishedFile) throws -> [Plot] {
        let arms = Arms(file, partsOrders: true).arms
        let curves = try arms.prefix(PlotStyle.limit).map { try ArmCurve($0, in: file) }.filter { !$0.series.points.isEmpty }
        guard !curves.isEmpty else { return [] }
        var script = GnuplotScript()
        CurvesPlot.draw(curves, in: &script)
        let last = curves.map { "\($0.series.name) \($0.series.points.last?.estimate.text ?? "")" }.joined(separator: "; ")
        return [
            Plot(
                name, title: "Training loss along the stream, means and 95 % intervals over seeds." + PlotText.cut(arms.count),
                description: "Line chart of training loss in nats a token against optimizer steps. Last values: \(last).", script)
        ]
    }

    /// Axes, boundaries of the tasks where all agree on them, bands and lines.
    static func draw(_ curves: [ArmCurve], in script: inout GnuplotScript) {
        script.add("set xlabel \"optimizer steps in the stream\"")
        script.add("set ylabel \"training loss (nats/token)\"")
        if let first = curves.first, first.stages.count > 1, curves.allSatisfy({ $0.stages == first.stages }) {
            script.add("set tmargin 2.2")
            for (place, stage) in first.stages.enumerated() {
                let start = GnuplotScript.number(Double(stage.start))
                if place > 0 { script.add("set arrow \(place) from \(start), graph 0 to \(start), graph 1 nohead linecolor rgb \"#777777\" dashtype (2,4)") }
                script.add("set label \(place + 1) \(GnuplotScript.quoted(stage.name, limit: 24)) at \(start), graph 1.03 textcolor rgb \"#333333\"")
            }
        }
        for (index, curve) in curves.enumerated() { script.data("curve\(index)", curve.brokenRows) }
        let bands = curves.indices.filter { curves[$0].hasIntervals }.map { "$curve\($0) using 1:3:4 with filledcurves \(PlotStyle.colour($0)) notitle" }
        let lines = curves.enumerated().map { index, curve in
            let interval = max(1, curve.series.points.count / 8)
            return "$curve\(index) using 1:2 with linespoints \(PlotStyle.linePoint(index)) pointinterval \(interval) "
                + "title \(GnuplotScript.quoted(curve.series.name, limit: 40))"
        }
        script.plot(bands + lines)
    }
}

/// Training loss of an arm, averaged over its runs.
struct ArmCurve {
    struct Stage: Hashable {
        var name: String
        /// Steps before it.
        var start: Int
    }

    var series: PlotSeries
    var stages: [Stage] = []
    var hasIntervals: Bool { series.points.contains { $0.estimate.interval != nil } }

    /// Rows of the series with an empty one between stages: the loss of one task does not become that of the next.
    var brokenRows: [[Double]] {
        let starts = stages.map { Double($0.start) }
        var rows: [[Double]] = []
        for row in series.rows {
            if let last = rows.last, starts.contains(where: { last[0] <= $0 && $0 < row[0] }) { rows.append([]) }
            rows.append(row)
        }
        return rows
    }

    /// Steps are counted through the stream, without the base's.
    init(_ arm: Arms.Arm, in file: PublishedFile) throws {
        try self.init(file.observations(arm.runs), name: arm.title, in: file)
    }

    init(_ runs: [Int], name: String, in file: PublishedFile) throws {
        var losses: [Int: [Double]] = [:]
        for run in runs {
            let (points, stages) = ArmCurve.stream(try file.curve(run: file.runs[run]))
            if stages.count > self.stages.count { self.stages = stages }
            for (step, loss) in points { losses[step, default: []].append(loss) }
        }
        series = PlotSeries(name: name, points: losses.keys.sorted().compactMap { step in Estimate(losses[step] ?? []).map { (Double(step), $0) } })
    }

    /// Logged losses and stages of a run behind its base.
    private static func stream(_ curve: LearningCurve) -> (points: [(Int, Double)], stages: [Stage]) {
        var points: [(Int, Double)] = [], stages: [Stage] = []
        var (start, last) = (0, 0)
        for index in curve.steps.indices.drop(while: { curve.stages[$0] == "base" }) {
            // A task may come twice in a row: its steps begin anew.
            if stages.last?.name != curve.stages[index] || curve.steps[index] <= last {
                start += last
                stages.append(Stage(name: curve.stages[index], start: start))
            }
            last = curve.steps[index]
            points.append((start + last, curve.losses[index]))
        }
        return (points, stages)
    }
}

/// Training loss of the base and of every run of an arm, a figure an arm.
struct ArmCurvesPlot: PlotRecipe {
    let name = "runs"
    let help = "training loss of every run, a figure an arm (the first 40)"
    static let limit = 40

    func plots(of file: PublishedFile) throws -> [Plot] {
        try Arms(file, partsOrders: true).arms.prefix(ArmCurvesPlot.limit).enumerated().compactMap { place, arm in
            let runs = file.observations(arm.runs)
            let curves = try runs.prefix(PlotStyle.limit).map { try ArmCurve([$0], name: file.runs[$0], in: file) }.filter { !$0.series.points.isEmpty }
            guard !curves.isEmpty else { return nil }
            var script = GnuplotScript()
            CurvesPlot.draw(curves, in: &script)
            let cut = runs.count > PlotStyle.limit ? " The first \(PlotStyle.limit) of \(runs.count) runs are shown." : ""
            let last = curves.map { "\($0.series.name) \($0.series.points.last?.estimate.text ?? "")" }.joined(separator: "; ")
            return Plot(
                "\(name)-\(place + 1)", title: "\(arm.title): training loss of each run." + cut,
                description: "Line chart of training loss in nats a token against optimizer steps for the runs of \(arm.title). Last values: \(last).",
                height: 380, script)
        }
    }
}
