import Experiments
import Foundation

/// The score matrix of each arm as a heat map with its numbers: rows are steps of the stream, columns domains.
struct ScoresPlot: PlotRecipe {
    let kind = PlotKind.scores

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        let (matrices, words) = Self.measure(definition.measure, in: file)
        let all = definition.arms(of: file, partsOrders: true)
        let arms = Array(all.prefix(PlotStyle.limit))
        let places = file.domains.indices.filter { definition.domains?.contains(file.domains[$0]) ?? true }
        let domains = places.map { file.domains[$0] }
        let means = arms.map { arm in mean(arm, matrices, places, in: file) }
        let known = means.flatMap { $0.flatMap { $0 } }.filter(\.isFinite)
        guard let least = known.min(), let most = known.max() else { return nil }
        let columns = min(arms.count, 3)
        let rows = (arms.count + columns - 1) / columns

        var script = GnuplotScript()
        // One hue: darker is more, in print too. From 0.7 on white letters have more contrast than black ones.
        script.add("set palette defined (0 \"#f7fbff\", 0.5 \"#6baed6\", 1 \"#08306b\")")
        script.add("set cbrange [\(GnuplotScript.number(least)):\(GnuplotScript.number(most > least ? most : least + 1))]")
        script.add("set key off\nunset colorbox\nunset grid\nset tics scale 0\nset border 0")
        script.add("set xrange [-0.5:\(Double(domains.count) - 0.5)]\nset xtics rotate by 30 right")
        script.multiplot(rows: rows, columns: columns, title: definition.title)
        var last: [String] = []
        let titles = ArmTitles.shortened(arms.map(\.title), limit: 64)
        let isWrapped = titles.contains { $0.count > 34 }
        if isWrapped { script.add("set tmargin 3.4") }
        for (place, (arm, matrix)) in zip(arms, means).enumerated() {
            // Runs with other tasks are averaged step by step.
            let tasks = file.tasks[arm.runs[0]]
            let isShared = arm.runs.allSatisfy { file.tasks[$0] == tasks }
            let steps = ["base"] + (isShared ? tasks : matrix.indices.dropFirst().map { "task \($0)" })
            let cells = matrix.enumerated().flatMap { row, values in
                values.enumerated().map { column, value in [Double(column), Double(row), value, value > least + 0.7 * (most - least) ? 1 : 0] }
            }.filter { $0[2].isFinite }
            script.data("matrix\(place)", cells)
            script.add("set title \(GnuplotScript.wrapped(titles[place], limit: 34))")
            script.add("set yrange [\(Double(matrix.count) - 0.5):-0.5]")
            script.add("set xlabel \"evaluated on\"\nset ylabel \"after training on\"")
            script.add("set xtics (\(GnuplotScript.tics(ArmTitles.shortened(domains, limit: 18))))")
            script.add("set ytics (\(GnuplotScript.tics(ArmTitles.shortened(steps, limit: 18))))")
            guard !cells.isEmpty else {
                script.add("plot -9")
                continue
            }
            let format = "sprintf(\"%.2f\", $3)"
            let box = "using 1:2:($1-0.5):($1+0.5):($2-0.5):($2+0.5):3 with boxxyerror linecolor palette"
            script.plot([
                "$matrix\(place) \(box) fillstyle solid 1 border linecolor rgb \"#ffffff\"",
                "'' using 1:2:($4 == 0 ? \(format) : \"\") with labels textcolor rgb \"#000000\"",
                "'' using 1:2:($4 == 1 ? \(format) : \"\") with labels textcolor rgb \"#ffffff\"",
            ])
            let end = zip(domains, matrix.last ?? []).filter { $0.1.isFinite }.map { "\($0) \(PlotText.number($1))" }
            last.append("\(arm.title): \(end.joined(separator: ", "))")
        }
        script.add("unset multiplot")
        let cellHeight = 34 * (means.map(\.count).max() ?? 1)
        return Plot(
            definition.name, title: "\(words) of every domain after every task, means over runs; darker is more." + PlotText.cut(all.count),
            description: "Heat maps, one an arm: \(words.lowercased()), a row a step of the stream, a column a domain. "
                + "At the end of the stream: \(last.joined(separator: "; ")).",
            width: 40 + columns * max(300, 150 + 52 * domains.count), height: rows * (cellHeight + (isWrapped ? 186 : 170)), script)
    }

    private static func measure(_ measure: PlotDefinition.Measure, in file: PublishedFile) -> (ScoreMatrices, words: String) {
        switch measure {
        case .loss: (file.losses, "Held-out loss (nats/token)")
        case .bitsPerByte: (file.bitsPerByte, "Held-out loss (bits/byte)")
        case .accuracy: (file.scores, "Accuracy (share of questions)")
        }
    }

    /// A row a step of the arm's stream, a value a domain.
    private func mean(_ arm: Arms.Arm, _ matrices: ScoreMatrices, _ domains: [Int], in file: PublishedFile) -> [[Double]] {
        (0...(arm.runs.map { file.tasks[$0].count }.max() ?? 0)).map { row in
            let runs = file.observations(arm.runs.filter { row <= file.tasks[$0].count }, row: row)
            return domains.map { domain in Estimate(runs.map { matrices[run: $0, row: row, domain: domain] })?.mean ?? .nan }
        }
    }
}
