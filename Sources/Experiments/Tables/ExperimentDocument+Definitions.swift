import Settings

extension ExperimentDocument {
    /// The named mappings of a section such as `tables`, in the order of the file, each validated and then made by `make` from its name, settings
    /// and place.
    func definitions<T>(
        of section: String, _ kind: Kind, _ make: (String, Settings, Path) throws(SettingsError) -> T
    ) throws(ExperimentError) -> [T] {
        guard let entries = value[section], entries != .null else { return [] }
        let root = Path(dotted: section)
        do throws(SettingsError) {
            let validated = try Kind.map(kind).validated(entries, at: root)
            var made: [T] = []
            for name in sources.keys(at: root) {
                guard let settings = validated[name] else { continue }
                let path = root.appending(name)
                guard Run.isName(name) else {
                    throw SettingsError(
                        path: path, found: "the name '\(name)'", expected: "letters, digits, '-', '_' and '.', not '.' first", subject: .key)
                }
                made.append(try make(name, Settings(validated: settings), path))
            }
            return made
        } catch {
            throw located(error)
        }
    }
}
