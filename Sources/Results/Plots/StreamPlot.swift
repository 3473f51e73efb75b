import Experiments

/// Held-out loss on every domain along the stream, a panel a domain.
struct StreamPlot: PlotRecipe {
    let kind = PlotKind.stream

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        let stream = StreamArms(definition, of: file)
        let domains = file.domains.enumerated().filter { definition.domains?.contains($1) ?? true }
        guard stream.stepCount > 0, !domains.isEmpty else { return nil }
        var script = GnuplotScript()
        // The last place is for the key, so that all panels are of one size.
        let columns = min(3, domains.count + 1)
        let rows = (domains.count + columns) / columns
        stream.axis(&script)
        script.add("set ylabel \"held-out loss (nats/token)\"\nset key off")
        script.multiplot(rows: rows, columns: columns, title: definition.title)
        var words: [String] = []
        for (place, domain) in domains {
            let series = stream.series { run, row in file.losses[run: run, row: row, domain: place] }
            script.add("set title \(GnuplotScript.quoted(domain, limit: 34))")
            stream.draw(series, "domain\(place)", &script)
            words.append("\(domain): \(StreamArms.last(series, separator: ", "))")
        }
        script.keyPanel(stream.arms.map(\.title), styles: stream.styles)
        script.add("unset multiplot")
        return Plot(
            definition.name, title: "Held-out loss on every domain along the stream, means and 95 % intervals over seeds." + stream.cut,
            description: "Line charts, one a domain: loss in nats a token after each task. Last values: \(words.joined(separator: "; ")).",
            width: 330 * columns, height: 340 * rows, script)
    }
}

/// The rise of held-out loss over what had been learned.
struct ForgettingPlot: PlotRecipe {
    let kind = PlotKind.forgetting

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        let stream = StreamArms(definition, of: file)
        let series = stream.series { run, row in ForgettingPlot.rise(run, row, in: file) }
        guard stream.stepCount > 0, series.contains(where: { !$0.points.isEmpty }) else { return nil }
        var script = GnuplotScript()
        script.title(definition.title)
        stream.axis(&script)
        script.add("set ylabel \"rise of held-out loss on what was known (nats/token)\"\nset xzeroaxis linecolor rgb \"#777777\" dashtype 1")
        stream.draw(series, "rise", &script)
        return Plot(
            definition.name,
            title: "Forgetting along the stream: mean rise of held-out loss on the base's domains and on earlier tasks since each was learned; "
                + "means and 95 % intervals over seeds." + stream.cut,
            description: "Line chart of forgetting in nats a token after each task. Last values: \(StreamArms.last(series, separator: "; ")).",
            height: 460 + PlotStyle.keyHeight(stream.titles, width: 760), script)
    }

    /// Mean of L[row][d] - L[learned(d)][d] over the domains that were known before the row's task: the base's (learned at 0) and earlier tasks;
    /// NaN where a value is missing.
    static func rise(_ run: Int, _ row: Int, in file: PublishedFile) -> Double {
        guard row > 0 else { return .nan }
        let tasks = file.tasks[run]
        let rises = file.domains.enumerated().compactMap { domain, name -> Double? in
            guard file.instructed?.isOwn[run][domain] != true else { return nil }
            let learned = tasks.firstIndex(of: name).map { $0 + 1 } ?? 0
            guard learned < row, !file.losses[run: run, row: 0, domain: domain].isNaN else { return nil }
            return file.losses[run: run, row: row, domain: domain] - file.losses[run: run, row: learned, domain: domain]
        }
        return rises.isEmpty ? .nan : rises.reduce(0, +) / Double(rises.count)
    }
}

/// The arms of a figure whose axis is the stream.
private struct StreamArms {
    let file: PublishedFile
    let arms: [Arms.Arm]
    let titles: [String]
    let styles: [Int]
    let method: Estimate.Method
    /// Tasks of the longest stream.
    let stepCount: Int
    /// What the figure says when it shows not all arms.
    let cut: String

    init(_ definition: PlotDefinition, of file: PublishedFile) {
        let all = definition.arms(of: file, partsOrders: true)
        arms = Array(all.prefix(PlotStyle.limit))
        titles = ArmTitles.shortened(arms.map(\.title), limit: 50)
        styles = PlotStyle.styles(arms.map(\.place))
        (self.file, method, cut) = (file, definition.interval.method, PlotText.cut(all.count))
        stepCount = arms.flatMap(\.runs).map { file.tasks[$0].count }.max() ?? 0
    }

    /// A line an arm: the mean of a value of run and row over its observations.
    func series(_ value: (_ run: Int, _ row: Int) -> Double) -> [PlotSeries] {
        arms.map { arm in
            let points = (0...(arm.runs.map { file.tasks[$0].count }.max() ?? 0)).compactMap { row -> (x: Double, estimate: Estimate)? in
                let runs = file.observations(arm.runs.filter { row <= file.tasks[$0].count }, row: row)
                return Estimate(runs.map { value($0, row) }, method).map { (Double(row), $0) }
            }
            return PlotSeries(name: arm.title, points: points)
        }
    }

    /// Tasks stand by name where all arms learn the same ones in the same order.
    func axis(_ script: inout GnuplotScript) {
        let tasks = file.tasks[arms[0].runs[0]]
        let isShared = arms.allSatisfy { arm in arm.runs.allSatisfy { file.tasks[$0] == tasks } }
        let names = ["base"] + (isShared ? tasks : (1...stepCount).map(String.init))
        script.add("set xtics (\(GnuplotScript.tics(ArmTitles.shortened(names, limit: 16))))")
        script.add("set xlabel \"\(isShared ? "after training on" : "tasks trained")\"")
        script.add("set xrange [-0.15:\(Double(stepCount) + 0.15)]\nset offsets 0, 0, graph 0.05, 0")
    }

    func draw(_ series: [PlotSeries], _ block: String, _ script: inout GnuplotScript) {
        let shown = series.enumerated().filter { !$1.points.isEmpty }
        guard !shown.isEmpty else { return script.add("set yrange [0:1]\nplot -9 notitle\nset autoscale y") }
        for (index, line) in shown { script.data("\(block)_\(index)", line.rows) }
        script.plot(shown.map { index, _ in
            "$\(block)_\(index) using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(styles[index])) title \(GnuplotScript.quoted(titles[index]))"
        })
    }

    /// The last value of each line, in words.
    static func last(_ series: [PlotSeries], separator: String) -> String {
        series.compactMap { line in line.points.last.map { "\(line.name) \($0.estimate.text)" } }.joined(separator: separator)
    }
}
