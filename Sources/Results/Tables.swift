import Settings

/// The tables and the formats that there are, by name.
public enum Tables {
    public static let recipes: [any TableRecipe] = [SummaryTable(), StreamTable(), MetricsTable()]
    public static let formats: [any TableFormat] = [MarkdownFormat(), CSVFormat()]

    /// The table of a name.
    /// - Throws: `SettingsError` with the known names.
    public static func recipe(named name: String) throws(SettingsError) -> any TableRecipe {
        try find(name, in: recipes, \.name, what: "table")
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
