import Experiments

/// Training loss along the stream: a line an arm, bands are 95 % intervals over seeds.
struct CurvesPlot: PlotRecipe {
    let kind = PlotKind.curves

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        let arms = definition.arms(of: file, partsOrders: true)
        let curves = try arms.prefix(PlotStyle.limit).map { try ArmCurve($0, definition.stage, in: file) }.filter { !$0.series.points.isEmpty }
        guard !curves.isEmpty else { return nil }
        var script = GnuplotScript()
        script.title(definition.title)
        CurvesPlot.draw(curves, definition.stage, hasTitle: !definition.title.isEmpty, in: &script)
        let place = definition.stage == .instruction ? "in the instruction stage" : "along the stream"
        return Plot(
            definition.name, title: "Training loss \(place), means and 95 % intervals over seeds." + PlotText.cut(arms.count),
            description: "Line chart of training loss in nats a token against optimizer steps. Last values: \(CurvesPlot.last(curves)).",
            height: 460 + PlotStyle.keyHeight(curves.map(\.series.name), width: 760), script)
    }

    /// The last value of each curve, in words.
    static func last(_ curves: [ArmCurve]) -> String {
        curves.map { "\($0.series.name) \($0.series.points.last?.estimate.text ?? "")" }.joined(separator: "; ")
    }

    /// Axes, boundaries of the tasks where all agree on them, bands and lines.
    static func draw(_ curves: [ArmCurve], _ stage: PlotDefinition.Stage = .stream, hasTitle: Bool = false, in script: inout GnuplotScript) {
        script.add("set xlabel \"optimizer steps in the \(stage == .instruction ? "instruction stage" : "stream")\"")
        script.add("set ylabel \"training loss (nats/token)\"")
        drawBorders(curves.map(\.stages), hasTitle: hasTitle, in: &script)
        for (index, curve) in curves.enumerated() { script.data("curve\(index)", curve.brokenRows) }
        let styles = PlotStyle.styles(curves.map(\.place))
        let bands = curves.indices.filter { curves[$0].hasIntervals }.map { index in
            "$curve\(index) using 1:3:4 with filledcurves \(PlotStyle.colour(styles[index])) notitle"
        }
        let titles = ArmTitles.shortened(curves.map(\.series.name), limit: 50)
        let lines = curves.enumerated().map { index, curve in
            let interval = max(1, curve.series.points.count / 8)
            return "$curve\(index) using 1:2 with linespoints \(PlotStyle.linePoint(styles[index])) pointinterval \(interval) "
                + "title \(GnuplotScript.quoted(titles[index]))"
        }
        script.plot(bands + lines)
    }

    /// Boundaries and names of the tasks, where all lines have the same.
    static func drawBorders(_ stages: [[ArmCurve.Stage]], hasTitle: Bool, in script: inout GnuplotScript) {
        guard let first = stages.first, first.count > 1, stages.allSatisfy({ $0 == first }) else { return }
        script.add("set tmargin \(hasTitle ? 4.2 : 2.2)")
        if hasTitle { script.add("set title offset 0, 1") }
        for (place, stage) in first.enumerated() {
            let start = GnuplotScript.number(Double(stage.start))
            if place > 0 {
                script.add("set arrow \(place) from \(start), graph 0 to \(start), graph 1 nohead linecolor rgb \"#777777\" dashtype (2,4)")
            }
            let label = GnuplotScript.quoted(stage.name, limit: 24)
            script.add("set label \(place + 1) \(label) at \(start), graph 1.03 textcolor rgb \"#333333\"")
        }
    }
}

/// Training loss of every run of an arm, a figure an arm. Every report has them; they are not for `plots:`.
enum RunPlots {
    /// Arms that are shown.
    static let limit = 40

    static func plots(of file: PublishedFile) throws -> [Plot] {
        try Arms(file, partsOrders: true).arms.prefix(limit).enumerated().compactMap { place, arm in
            let runs = file.observations(arm.runs)
            var curves = try runs.prefix(PlotStyle.limit).map { try ArmCurve([$0], name: file.runs[$0], in: file) }
                .filter { !$0.series.points.isEmpty }
            for index in curves.indices { curves[index].place = index }
            guard !curves.isEmpty else { return nil }
            var script = GnuplotScript()
            CurvesPlot.draw(curves, in: &script)
            let cut = runs.count > PlotStyle.limit ? " The first \(PlotStyle.limit) of \(runs.count) runs are shown." : ""
            return Plot(
                "runs-\(place + 1)", title: "\(arm.title): training loss of each run." + cut,
                description: "Line chart of training loss in nats a token against optimizer steps for the runs of \(arm.title). "
                    + "Last values: \(CurvesPlot.last(curves)).",
                height: 380, script)
        }
    }
}
