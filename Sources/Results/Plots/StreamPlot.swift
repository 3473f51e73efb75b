/// Held-out loss on every domain along the stream, a panel a domain; and the rise of it over what had been learned: forgetting.
struct StreamPlot: PlotRecipe {
    let name = "stream"
    let help = "held-out loss on every domain after every task, and forgetting along the stream"

    func plots(of file: PublishedFile) throws -> [Plot] {
        let all = Arms(file, partsOrders: true).arms
        let arms = Array(all.prefix(PlotStyle.limit))
        let steps = (arms.map { file.tasks[$0.runs[0]].count }.max() ?? 0)
        guard steps > 0, !file.domains.isEmpty else { return [] }
        return [domains(arms, steps, cut: PlotText.cut(all.count), in: file), forgetting(arms, steps, cut: PlotText.cut(all.count), in: file)].compactMap(\.self)
    }

    private func domains(_ arms: [Arms.Arm], _ steps: Int, cut: String, in file: PublishedFile) -> Plot? {
        var script = GnuplotScript()
        // The last place is for the key, so that all panels are of one size.
        let columns = min(3, file.domains.count + 1)
        let rows = (file.domains.count + columns) / columns
        StreamPlot.axis(steps, arms, in: file, &script)
        script.add("set ylabel \"held-out loss (nats/token)\"\nset key off\nset multiplot layout \(rows),\(columns)")
        var words: [String] = []
        for (place, domain) in file.domains.enumerated() {
            let series = arms.map { arm in
                PlotSeries(name: arm.title, points: StreamPlot.points(arm, in: file) { run, row in file.losses[run: run, row: row, domain: place] })
            }
            script.add("set title \(GnuplotScript.quoted(domain, limit: 34))")
            StreamPlot.draw(series, "domain\(place)", &script)
            let last = series.compactMap { line in line.points.last.map { "\(line.name) \($0.estimate.text)" } }
            words.append("\(domain): \(last.joined(separator: ", "))")
        }
        script.add("set key on inside center center vertical\nset xrange [0:1]\nset yrange [0:1]")
        for part in ["title", "xlabel", "ylabel", "border", "tics", "grid"] { script.add("unset \(part)") }
        // Lines outside of the range: the key alone is seen.
        script.plot(arms.enumerated().map { "9 with linespoints \(PlotStyle.linePoint($0)) title \(GnuplotScript.quoted($1.title, limit: 30))" })
        script.add("unset multiplot")
        return Plot(
            "stream", title: "Held-out loss on every domain along the stream, means and 95 % intervals over seeds." + cut,
            description: "Line charts, one a domain: loss in nats a token after each task. Last values: \(words.joined(separator: "; ")).",
            width: 330 * columns, height: 340 * rows, script)
    }

    private func forgetting(_ arms: [Arms.Arm], _ steps: Int, cut: String, in file: PublishedFile) -> Plot? {
        let series = arms.map { arm in PlotSeries(name: arm.title, points: StreamPlot.points(arm, in: file) { run, row in StreamPlot.rise(run, row, in: file) }) }
        guard series.contains(where: { !$0.points.isEmpty }) else { return nil }
        var script = GnuplotScript()
        StreamPlot.axis(steps, arms, in: file, &script)
        script.add("set ylabel \"rise of held-out loss on what was known (nats/token)\"\nset xzeroaxis linecolor rgb \"#777777\" dashtype 1")
        StreamPlot.draw(series, "rise", &script)
        let last = series.compactMap { line in line.points.last.map { "\(line.name) \($0.estimate.text)" } }
        return Plot(
            "forgetting",
            title: "Forgetting along the stream: mean rise of held-out loss on the base's domains and on earlier tasks since each was learned; "
                + "means and 95 % intervals over seeds." + cut,
            description: "Line chart of forgetting in nats a token after each task. Last values: \(last.joined(separator: "; ")).", script)
    }

    /// Mean of L[row][d] - L[learned(d)][d] over the domains that were known before the row's task: the base's (learned at 0) and earlier tasks; NaN where
    /// a value is missing.
    static func rise(_ run: Int, _ row: Int, in file: PublishedFile) -> Double {
        guard row > 0 else { return .nan }
        let tasks = file.tasks[run]
        let rises = file.domains.enumerated().compactMap { domain, name -> Double? in
            let learned = tasks.firstIndex(of: name).map { $0 + 1 } ?? 0
            guard learned < row, !file.losses[run: run, row: 0, domain: domain].isNaN else { return nil }
            return file.losses[run: run, row: row, domain: domain] - file.losses[run: run, row: learned, domain: domain]
        }
        return rises.isEmpty ? .nan : rises.reduce(0, +) / Double(rises.count)
    }

    private static func points(_ arm: Arms.Arm, in file: PublishedFile, _ value: (Int, Int) -> Double) -> [(x: Double, estimate: Estimate)] {
        (0...(arm.runs.map { file.tasks[$0].count }.max() ?? 0)).compactMap { row in
            let runs = file.observations(arm.runs.filter { row <= file.tasks[$0].count }, row: row)
            return Estimate(runs.map { value($0, row) }).map { (Double(row), $0) }
        }
    }

    /// Tasks stand by name where all arms learn the same ones in the same order.
    private static func axis(_ steps: Int, _ arms: [Arms.Arm], in file: PublishedFile, _ script: inout GnuplotScript) {
        let tasks = file.tasks[arms[0].runs[0]]
        let isShared = arms.allSatisfy { arm in arm.runs.allSatisfy { file.tasks[$0] == tasks } }
        let names = ["base"] + (isShared ? tasks : (1...steps).map(String.init))
        let tics = names.enumerated().map { "\(GnuplotScript.quoted($1, doublesPercent: true, limit: 16)) \($0)" }.joined(separator: ", ")
        script.add("set xtics (\(tics))\nset xlabel \"\(isShared ? "after training on" : "tasks trained")\"")
        script.add("set xrange [-0.15:\(Double(steps) + 0.15)]\nset offsets 0, 0, graph 0.05, 0")
    }

    private static func draw(_ series: [PlotSeries], _ block: String, _ script: inout GnuplotScript) {
        let shown = series.enumerated().filter { !$1.points.isEmpty }
        guard !shown.isEmpty else { return script.add("set yrange [0:1]\nplot -9 notitle\nset autoscale y") }
        for (index, line) in shown { script.data("\(block)_\(index)", line.rows) }
        script.plot(shown.map { index, line in
            "$\(block)_\(index) using 1:2:3:4 with yerrorlines \(PlotStyle.linePoint(index)) title \(GnuplotScript.quoted(line.name, limit: 40))"
        })
    }
}
