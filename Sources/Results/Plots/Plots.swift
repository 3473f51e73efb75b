import Experiments
import Settings

/// How a figure of one kind is made from a results file. A new kind is a case of `PlotKind`, a file of its own and a line in `Plots.recipes`.
public protocol PlotRecipe: Sendable {
    var kind: PlotKind { get }

    /// The figure; nil when the file has no data for it.
    func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot?
}

public enum Plots {
    public static let recipes: [any PlotRecipe] = [
        CurvesPlot(), BlocksPlot(), StreamPlot(), ForgettingPlot(), GapPlot(), DriftPlot(), FrontPlot(), AxisPlot(), ScoresPlot(),
    ]

    /// The figures of a file: those that its experiment describes, or else all that every file has.
    /// - Returns: the figures, and the names of those described that the file has no data for.
    public static func plots(of file: PublishedFile) throws -> (plots: [Plot], missing: [String]) {
        let described = file.experiment.plots
        guard !described.isEmpty else { return (try standard(for: file).compactMap { try plot($0, of: file) } + RunPlots.plots(of: file), []) }
        let made = try described.map { (name: $0.name, plot: try plot($0, of: file)) }
        return (made.compactMap(\.plot), made.filter { $0.plot == nil }.map(\.name))
    }

    /// The figure of a name: one that the experiment describes, or one that every file has.
    /// - Throws: `SettingsError` with the known names, or when the file has no data for it; `PublishedFileError`.
    public static func plot(named name: String, of file: PublishedFile) throws -> Plot {
        let definitions = file.experiment.plots + standard(for: file)
        let made = try definitions.first { $0.name == name }.map { try plot($0, of: file) } ?? RunPlots.plots(of: file).first { $0.name == name }
        if let made { return made }
        let names = try SummaryColumns.firstSeen(definitions.map(\.name)) + RunPlots.plots(of: file).map(\.name)
        guard !names.contains(name) else {
            throw SettingsError(
                path: Path([.key("plot")]), found: "'\(name)'", expected: "a plot that the file has data for",
                advice: "without --name all that it has are drawn")
        }
        throw SettingsError(
            path: Path([.key("plot")]), found: "'\(name)'", expected: "one of \(names.joined(separator: ", "))",
            advice: nearestAdvice(to: name, among: names))
    }

    static func plot(_ definition: PlotDefinition, of file: PublishedFile) throws -> Plot? {
        try recipes.first { $0.kind == definition.kind }?.plot(definition, of: file)
    }

    /// What every file is drawn by: each kind once, `axis` for each numeric axis, `scores` of losses and of accuracies.
    static func standard(for file: PublishedFile) -> [PlotDefinition] {
        let repetitions = TableLabels.repetitionAxes(streams: file.tasks)
        let axes = file.columns.filter { $0.role == .axis && !repetitions.contains($0.name) && Set($0.numbers.filter { !$0.isNaN }).count > 1 }
        return PlotKind.allCases.flatMap { kind -> [PlotDefinition] in
            switch kind {
            case .axis:
                axes.map { axis in
                    var definition = PlotDefinition(name: "axis-\(fileName(axis.name))", kind)
                    definition.axis = axis.name
                    return definition
                }
            case .scores:
                [PlotDefinition.Measure.loss, .accuracy].map { measure in
                    var definition = PlotDefinition(name: "scores-\(measure.rawValue)", kind)
                    definition.measure = measure
                    return definition
                }
            default: [PlotDefinition(name: kind.rawValue, kind)]
            }
        }
    }

    /// A name of others as part of the name of a file: letters, digits, `-`; what else there is becomes `-`.
    private static func fileName(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? Character($0) : "-" })
    }
}

extension PlotDefinition {
    /// The arms that a figure shows.
    /// - Parameter partsOrders: whether another order of the tasks is another arm.
    func arms(of file: PublishedFile, partsOrders: Bool = false) -> [Arms.Arm] {
        let all = Arms(file, rows: arms, partsOrders: partsOrders).arms.map(\.labels)
        var shown = Arms(file, rows: arms, among: file.runs(with: filter), partsOrders: partsOrders).arms
        for index in shown.indices { shown[index].place = all.firstIndex(of: shown[index].labels) ?? index }
        return shown
    }
}
