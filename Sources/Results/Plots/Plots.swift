import Settings

/// How figures are made from a results file. A new kind is a file of its own and a line in `Plots.recipes`.
public protocol PlotRecipe: Sendable {
    /// What the user calls it.
    var name: String { get }
    /// What it shows, in one line.
    var help: String { get }

    /// Its figures; none when the file has no data for it.
    func plots(of file: PublishedFile) throws -> [Plot]
}

public enum Plots {
    public static let recipes: [any PlotRecipe] = [CurvesPlot(), BlocksPlot(), StreamPlot(), FrontPlot(), AxisPlot(), ScoresPlot(), ArmCurvesPlot()]

    /// All figures of a file that it has data for, or those of one kind.
    /// - Throws: `SettingsError` with the known names, or when the file has no data for the kind; `PublishedFileError`.
    public static func plots(of file: PublishedFile, named name: String? = nil) throws -> [Plot] {
        guard let name else { return try recipes.flatMap { try $0.plots(of: file) } }
        let names = recipes.map(\.name)
        guard let recipe = recipes.first(where: { $0.name == name }) else {
            throw SettingsError(
                path: Path([.key("plot")]), found: "'\(name)'", expected: "one of \(names.joined(separator: ", "))", advice: nearestAdvice(to: name, among: names))
        }
        let plots = try recipe.plots(of: file)
        guard plots.isEmpty else { return plots }
        throw SettingsError(
            path: Path([.key("plot")]), found: "'\(name)'", expected: "a plot that the file has data for (\(recipe.help))", advice: "without --name all that it has are drawn")
    }

    /// A name of others as part of the name of a file: letters, digits, `-`; what else there is becomes `-`.
    static func fileName(_ text: String) -> String {
        String(text.unicodeScalars.map { scalar in scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)) ? Character(scalar) : "-" })
    }
}
