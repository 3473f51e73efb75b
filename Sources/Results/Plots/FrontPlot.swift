import Experiments

/// Learning against forgetting: a point an arm with its intervals; the arms that no other beats are joined.
struct FrontPlot: PlotRecipe {
    let name = "front"
    let help = "learning against forgetting, a point an arm with 95 % intervals"

    func plots(of file: PublishedFile) throws -> [Plot] {
        let known = file.metricNames { _ in true }
        guard let x = ["LA_loss", "OP_loss"].first(where: known.contains).flatMap(file.column),
            let y = ["forgetting_loss", "general_loss"].first(where: known.contains).flatMap(file.column)
        else { return [] }
        let all = Arms(file).arms
        let points = all.prefix(PlotStyle.limit * 2).compactMap { arm -> (name: String, x: Estimate, y: Estimate)? in
            let runs = file.observations(arm.runs)
            guard let first = Estimate(runs.map { x.numbers[$0] }), let second = Estimate(runs.map { y.numbers[$0] }) else { return nil }
            return (arm.title, first, second)
        }
        guard points.count > 1 else { return [] }
        let isLower = TableColumns.isLowerBetter(y.name) == true
        let marks = ParetoFront.isOnFront(points.map { (-$0.x.mean, isLower ? -$0.y.mean : $0.y.mean) })
        let front = points.indices.filter { marks[$0] }.map { [points[$0].x.mean, points[$0].y.mean] }.sorted { $0[0] < $1[0] }
        var script = GnuplotScript()
        script.add("set xlabel \(GnuplotScript.quoted(FrontPlot.words(x), limit: 100))\nset ylabel \(GnuplotScript.quoted(FrontPlot.words(y), limit: 100))")
        script.add("set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05")
        script.data("front", front)
        for (index, point) in points.enumerated() {
            func ends(_ estimate: Estimate) -> [Double] { [estimate.interval?.lowerBound ?? estimate.mean, estimate.interval?.upperBound ?? estimate.mean] }
            script.data("arm\(index)", [[point.x.mean, point.y.mean] + ends(point.x) + ends(point.y)])
        }
        let line = front.count > 1 ? ["$front using 1:2 with lines linecolor rgb \"#999999\" dashtype (4,4) title \"not beaten in both\""] : []
        let arms = points.enumerated().map {
            "$arm\($0) using 1:2:3:4:5:6 with xyerrorbars \(PlotStyle.point($0)) title \(GnuplotScript.quoted($1.name, limit: 40))"
        }
        script.plot(line + arms)
        let words = points.enumerated().map { "\($1.name): \(x.name) \($1.x.text), \(y.name) \($1.y.text)\(marks[$0] ? ", not beaten in both" : "")" }
        let cut = all.count > PlotStyle.limit * 2 ? " The first \(PlotStyle.limit * 2) of \(all.count) arms are shown." : ""
        return [
            Plot(
                name,
                title: "Learning (\(x.name), lower is better) against \(y.name) (\(isLower ? "lower" : "higher") is better), "
                    + "means and 95 % intervals over seeds." + cut,
                description: "Scatter chart. \(words.joined(separator: "; ")).", script)
        ]
    }

    /// A metric with its meaning and unit, for an axis.
    static func words(_ column: Column) -> String {
        let words = [
            "LA_loss": "loss on each task just after it was learned", "OP_loss": "mean loss at the end", "forgetting_loss": "forgetting",
            "general_loss": "change on what the base knew", "forgetting": "of accuracies", "OP": "mean accuracy at the end",
        ]
        let text = words[column.name].map { "\(column.name): \($0)" } ?? column.name
        return text + ((column.unit ?? (column.name.contains("loss") ? "nats/token" : nil)).map { " (\($0))" } ?? "")
    }
}
