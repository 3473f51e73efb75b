import Settings

/// The tables and the formats that there are, by name.
public enum Tables {
    /// Tables of every file; the experiment's own come before them.
    public static let recipes: [any TableRecipe] = [SummaryTable(), StreamTable(), MetricsTable(), FrontTable()]
    public static let formats: [any TableFormat] = [MarkdownFormat(), CSVFormat(), LaTeXFormat(), HTMLFormat(), JSONFormat()]

    /// The tables of a file: those that its experiment describes, then those of every file.
    public static func recipes(of file: PublishedFile) -> [any TableRecipe] {
        let defined = file.experiment.tables.map(DefinedTable.init)
        let recipes = recipes + [file.tuning.map(TuningTable.init)].compactMap(\.self)
        return defined + recipes.filter { recipe in !defined.contains { $0.name == recipe.name } }
    }

    /// The table of a name; without one the first of the experiment's, or the summary.
    /// - Throws: `SettingsError` with the known names.
    public static func recipe(named name: String?, of file: PublishedFile) throws(SettingsError) -> any TableRecipe {
        let all = recipes(of: file)
        guard let name else { return all[0] }
        return try find(name, in: all, \.name, what: "table")
    }

    /// The format of a name.
    /// - Throws: `SettingsError` with the known names.
    public static func format(named name: String) throws(SettingsError) -> any TableFormat {
        try find(name, in: formats, \.name, what: "format")
    }

    private static func find<T>(_ name: String, in items: [T], _ key: (T) -> String, what: String) throws(SettingsError) -> T {
        if let item = items.first(where: { key($0) == name }) { return item }
        let names = items.map(key)
        throw SettingsError(
            path: Path([.key(what)]), found: "'\(name)'", expected: "one of \(names.joined(separator: ", "))",
            advice: nearestAdvice(to: name, among: names))
    }
}
