import Settings

/// An experiment: a file, what the command line changes in it, and the runs that it stands for.
public struct Experiment: Sendable {
    public let document: ExperimentDocument
    /// What it was read from.
    public let source: ExperimentSource
    public let name: String
    /// In the order of the sweep, all of them: nothing is sampled.
    public let runs: [Run]
    /// The tables that the file describes, in its order.
    public let tables: [TableDefinition]

    /// Reads and checks an experiment.
    ///
    /// - Parameters:
    ///   - words: `key=value` words of the command line; `data=DIR` names the data folder.
    ///   - dataFolder: the value of `STRATA_DATA`.
    public init(file: String, words: [String] = [], dataFolder: String? = nil) throws(ExperimentError) {
        try self.init(ExperimentDocument(contentsOf: file), words: words, dataFolder: dataFolder)
    }

    public init(_ document: ExperimentDocument, words: [String] = [], dataFolder: String? = nil) throws(ExperimentError) {
        source = ExperimentSource(file: document.file, text: document.text, words: words, dataFolder: dataFolder)
        var document = document
        let (overrides, reserved) = try Override.parse(words, reserved: ["data"])
        try document.apply(overrides)
        try document.substituteData(argument: reserved["data"], environment: dataFolder)
        // Keys that the root does not know are found here even when every run replaces them.
        let known = ExperimentFields.file.map(\.key)
        for key in document.sources.keys(at: Path()) where !known.contains(key) {
            throw document.located(
                SettingsError(
                    path: Path().appending(key), found: "an unknown key '\(key)'", expected: "one of \(known.sorted().joined(separator: ", "))",
                    advice: nearestAdvice(to: key, among: known), subject: .key))
        }
        var runs: [Run] = []
        for (index, point) in try Sweep.expanded(document).enumerated() {
            do throws(SettingsError) {
                let run = try Run(point, index: index)
                let (name, first) = (run.settings.string("name"), runs.first?.settings.string("name"))
                guard name == first ?? name else {
                    throw SettingsError(path: Path(dotted: "name"), found: "\"\(name)\" after \"\(first ?? "")\"", expected: "one name for all runs")
                }
                runs.append(run)
            } catch {
                throw document.located(error, in: point)
            }
        }
        self.document = document
        self.runs = runs
        tables = try TableDefinition.all(in: document, runs: runs)
        name = runs[0].settings.string("name")
    }
}
