import Experiments

/// Held-out loss on what was known before each task while it is learned: a line an arm, broken at the borders of the tasks, since more is known behind them.
struct GapPlot: PlotRecipe {
    let kind = PlotKind.gap

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        let all = definition.arms(of: file, partsOrders: true)
        let lines = try all.prefix(PlotStyle.limit).map { try KnownLoss($0, definition.interval.method, in: file) }.filter { !$0.parts.isEmpty }
        guard lines.contains(where: \.hasInside) else { return nil }
        var script = GnuplotScript()
        script.title(definition.title)
        script.add("set xlabel \"optimizer steps in the stream\"\nset ylabel \"held-out loss on what was known (nats/token)\"")
        CurvesPlot.drawBorders(lines.map(\.stages).filter { $0.count > 1 }, hasTitle: !definition.title.isEmpty, in: &script)
        for (index, line) in lines.enumerated() { script.data("known\(index)", line.rows) }
        let styles = PlotStyle.styles(lines.map(\.place))
        let bands = lines.indices.filter { lines[$0].hasIntervals }.map { index in
            "$known\(index) using 1:3:4 with filledcurves \(PlotStyle.colour(styles[index])) notitle"
        }
        let titles = ArmTitles.shortened(lines.map(\.name), limit: 50)
        script.plot(bands + lines.indices.map { index in
            "$known\(index) using 1:2 with linespoints \(PlotStyle.linePoint(styles[index])) title \(GnuplotScript.quoted(titles[index]))"
        })
        let words = lines.map { line in
            "\(line.name): " + line.parts.map { part in
                part.map { "\(PlotText.number($0.x)): \($0.estimate.text)" }.joined(separator: ", ")
            }.joined(separator: " | ")
        }
        return Plot(
            definition.name,
            title: "Held-out loss while tasks are learned, mean over the domains known before each task, and 95 % intervals over seeds." + PlotText.cut(all.count),
            description: "Line chart of loss in nats a token against optimizer steps, a part a task. \(words.joined(separator: "; ")).",
            height: 460 + PlotStyle.keyHeight(titles, width: 760), script)
    }
}

/// The loss of an arm on what it knew before each task: at the task's start, at every evaluation inside it, and at its end.
private struct KnownLoss {
    var name: String
    /// Of the arm among all.
    var place: Int
    var stages: [ArmCurve.Stage] = []
    /// A part a task, those of which something is known.
    var parts: [[(x: Double, estimate: Estimate)]] = []
    var hasIntervals: Bool { parts.contains { $0.contains { $0.estimate.interval != nil } } }
    /// Whether there is more than starts and ends.
    var hasInside: Bool { parts.contains { $0.count > 2 } }
    /// Rows of the parts, an empty one between them.
    var rows: [[Double]] { Array(parts.map { PlotSeries(name: name, points: $0).rows }.joined(separator: [[]])) }

    init(_ arm: Arms.Arm, _ method: Estimate.Method, in file: PublishedFile) throws {
        (name, place) = (arm.title, arm.place)
        var values: [[Int: [Double]]] = []
        for run in file.observations(arm.runs) {
            let (points, stages) = ArmCurve.stream(try file.curve(run: file.runs[run]))
            if stages.count > self.stages.count { self.stages = stages }
            let ends = stages.dropFirst().map(\.start) + [points.last?.0 ?? 0]
            let (domains, evaluations) = try file.evaluations(run: file.runs[run])
            let places = domains.map { file.domains.firstIndex(of: $0) }
            var learned: [String] = []
            for (index, (stage, end)) in zip(stages, ends).enumerated() {
                if values.count == index { values.append([:]) }
                let (before, tasks) = (learned.count, stage.name.components(separatedBy: " + "))
                let known = domains.indices.filter { index in
                    let isOwn = places[index].map { file.instructed?.isOwn[run][$0] == true } ?? false
                    return !isOwn && (!file.tasks[run].contains(domains[index]) || learned.contains(domains[index]))
                }
                learned += tasks
                guard !known.isEmpty, learned.count <= file.tasks[run].count else { continue }
                func mean(_ losses: (Int) -> Double) -> Double { known.reduce(0) { $0 + losses($1) } / Double(known.count) }
                func row(_ row: Int) -> Double { mean { domain in places[domain].map { file.losses[run: run, row: row, domain: $0] } ?? .nan } }
                values[index][stage.start, default: []].append(row(before))
                for (evaluation, losses) in evaluations.losses.enumerated() where evaluations.stages[evaluation] == stage.name {
                    let step = stage.start + evaluations.steps[evaluation]
                    if step < end { values[index][step, default: []].append(mean { losses[$0] }) }
                }
                values[index][end, default: []].append(row(learned.count))
            }
        }
        parts = values.map { part in part.keys.sorted().compactMap { x in Estimate(part[x] ?? [], method).map { (Double(x), $0) } } }.filter { !$0.isEmpty }
    }
}
