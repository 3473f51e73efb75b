import Foundation

/// The score matrix of each arm as a heat map with its numbers: rows are steps of the stream, columns domains.
struct ScoresPlot: PlotRecipe {
    let name = "scores"
    let help = "matrices of held-out loss and of accuracy, a heat map an arm"

    func plots(of file: PublishedFile) throws -> [Plot] {
        let all = Arms(file, partsOrders: true).arms
        let arms = Array(all.prefix(PlotStyle.limit))
        let measures = [("scores-loss", file.losses, "Held-out loss (nats/token)"), ("scores-accuracy", file.scores, "Accuracy (share of questions)")]
        return measures.compactMap { name, matrices, title in
            let means = arms.map { arm in mean(arm, matrices, in: file) }
            let known = means.flatMap { $0.flatMap { $0 } }.filter(\.isFinite)
            guard let least = known.min(), let most = known.max(), file.domains.count > 0 else { return nil }
            let columns = min(arms.count, 3)
            let rows = (arms.count + columns - 1) / columns
            var script = GnuplotScript()
            // One hue: darker is more, in print too. From 0.7 on white letters have more contrast than black ones.
            script.add("set palette defined (0 \"#f7fbff\", 0.5 \"#6baed6\", 1 \"#08306b\")")
            script.add("set cbrange [\(GnuplotScript.number(least)):\(GnuplotScript.number(most > least ? most : least + 1))]")
            script.add("set key off\nunset colorbox\nunset grid\nset tics scale 0\nset border 0")
            script.add("set xrange [-0.5:\(Double(file.domains.count) - 0.5)]\nset xtics rotate by 30 right")
            script.add("set multiplot layout \(rows),\(columns)")
            var words: [String] = []
            for (place, (arm, matrix)) in zip(arms, means).enumerated() {
                let tasks = file.tasks[arm.runs[0]]
                let cells = matrix.enumerated().flatMap { row, values in
                    values.enumerated().map { column, value in [Double(column), Double(row), value, value > least + 0.7 * (most - least) ? 1 : 0] }
                }.filter { $0[2].isFinite }
                script.data("matrix\(place)", cells)
                script.add("set title \(GnuplotScript.quoted(arm.title, limit: 34))")
                script.add("set yrange [\(Double(tasks.count) + 0.5):-0.5]")
                script.add("set xlabel \"evaluated on\"\nset ylabel \"after training on\"")
                script.add("set xtics (\(ScoresPlot.tics(file.domains)))\nset ytics (\(ScoresPlot.tics(["base"] + tasks)))")
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
                let last = zip(file.domains, matrix.last ?? []).filter { $0.1.isFinite }.map { "\($0) \(PlotText.number($1))" }
                words.append("\(arm.title): \(last.joined(separator: ", "))")
            }
            script.add("unset multiplot")
            let cellHeight = 34 * ((arms.map { file.tasks[$0.runs[0]].count }.max() ?? 1) + 1)
            return Plot(
                name, title: "\(title) of every domain after every task, means over runs; darker is more." + PlotText.cut(all.count),
                description: "Heat maps, one an arm: \(title.lowercased()), a row a step of the stream, a column a domain. "
                    + "At the end of the stream: \(words.joined(separator: "; ")).",
                width: 40 + columns * max(300, 150 + 52 * file.domains.count), height: rows * (cellHeight + 170), script)
        }
    }

    /// A row a step of the arm's stream, a value a domain.
    private func mean(_ arm: Arms.Arm, _ matrices: ScoreMatrices, in file: PublishedFile) -> [[Double]] {
        (0...file.tasks[arm.runs[0]].count).map { row in
            let runs = file.observations(arm.runs.filter { row <= file.tasks[$0].count }, row: row)
            return file.domains.indices.map { domain in Estimate(runs.map { matrices[run: $0, row: row, domain: domain] })?.mean ?? .nan }
        }
    }

    private static func tics(_ names: [String]) -> String {
        names.enumerated().map { "\(GnuplotScript.quoted($1, doublesPercent: true, limit: 18)) \($0)" }.joined(separator: ", ")
    }
}
