import Experiments

/// Learning against retention: a point an arm with its intervals; the arms that no other beats are joined.
struct FrontPlot: PlotRecipe {
    let kind = PlotKind.front
    private static let limit = 24

    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        let known = file.metricNames { _ in true }
        let names = definition.metrics ?? [["LA_loss", "OP_loss"], ["forgetting_loss", "general_loss"]].compactMap { $0.first(where: known.contains) }
        let columns = names.compactMap(file.column)
        guard columns.count == 2 else { return nil }
        let (x, y) = (columns[0], columns[1])
        let all = definition.arms(of: file)
        let points = all.prefix(Self.limit).compactMap { arm -> (name: String, place: Int, x: Estimate, y: Estimate)? in
            func estimate(_ column: Column) -> Estimate? {
                Estimate(file.observations(arm.runs, of: column.name).map { column.numbers[$0] }, definition.interval.method)
            }
            guard let first = estimate(x), let second = estimate(y) else { return nil }
            return (arm.title, arm.place, first, second)
        }
        guard points.count > 1 else { return nil }
        func isLower(_ column: Column) -> Bool { TableColumns.isLowerBetter(column.name) == true }
        let marks = ParetoFront.isOnFront(points.map { (isLower(x) ? -$0.x.mean : $0.x.mean, isLower(y) ? -$0.y.mean : $0.y.mean) })
        let front = points.indices.filter { marks[$0] }.map { [points[$0].x.mean, points[$0].y.mean] }.sorted { $0[0] < $1[0] }

        var script = GnuplotScript()
        script.title(definition.title)
        script.add("set xlabel \(GnuplotScript.quoted(PlotText.axis(x), limit: 100))")
        script.add("set ylabel \(GnuplotScript.quoted(PlotText.axis(y), limit: 100))")
        script.add("set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05")
        script.data("front", front)
        for (index, point) in points.enumerated() {
            func ends(_ estimate: Estimate) -> [Double] {
                [estimate.interval?.lowerBound ?? estimate.mean, estimate.interval?.upperBound ?? estimate.mean]
            }
            script.data("arm\(index)", [[point.x.mean, point.y.mean] + ends(point.x) + ends(point.y)])
        }
        let line = front.count > 1 ? ["$front using 1:2 with lines linecolor rgb \"#999999\" dashtype (4,4) title \"not beaten in both\""] : []
        let titles = ArmTitles.shortened(points.map(\.name), limit: 50)
        let styles = PlotStyle.styles(points.map(\.place))
        let arms = points.indices.map { index in
            "$arm\(index) using 1:2:3:4:5:6 with xyerrorbars \(PlotStyle.point(styles[index])) title \(GnuplotScript.quoted(titles[index]))"
        }
        script.plot(line + arms)
        let words = points.enumerated().map { index, point in
            "\(point.name): \(x.name) \(point.x.text), \(y.name) \(point.y.text)\(marks[index] ? ", not beaten in both" : "")"
        }
        let cut = all.count > Self.limit ? " The first \(Self.limit) of \(all.count) arms are shown." : ""
        return Plot(
            definition.name,
            title: "Learning (\(x.name), \(isLower(x) ? "lower" : "higher") is better) against \(y.name) "
                + "(\(isLower(y) ? "lower" : "higher") is better), means and 95 % intervals over seeds." + cut,
            description: "Scatter chart. \(words.joined(separator: "; ")).", height: 460 + PlotStyle.keyHeight(titles, width: 760), script)
    }
}
