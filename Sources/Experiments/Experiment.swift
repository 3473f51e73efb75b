import Settings

/// An experiment: a file, what the command line changes in it, and the runs that it stands for.
public struct Experiment: Sendable {
    public let document: ExperimentDocument
    /// What it was read from.
    public let source: ExperimentSource
    public let name: String
    /// What its jobs ask of Slurm.
    public let slurm: SlurmSettings
    /// In the order of the sweep: all of them, or the sample that the file asks for. With `tune:` they have the first value until one is chosen.
    public let runs: [Run]
    /// What is chosen before the runs are made; nil without `tune:`.
    public let tuning: Tuning?
    /// Runs that the whole sweep has, and what was drawn of them, if anything was.
    public let gridCount: Int
    public let sample: SweepSample?
    /// The tables that the file describes, in its order.
    public let tables: [TableDefinition]
    /// The plots that the file describes, in its order.
    public let plots: [PlotDefinition]

    /// Reads and checks an experiment.
    ///
    /// - `words`: `key=value` words of the command line; `data=DIR` names the data folder.
    /// - `dataFolder`: the value of `STRATA_DATA`.
    public init(file: String, words: [String] = [], dataFolder: String? = nil) throws(ExperimentError) {
        try self.init(ExperimentDocument(contentsOf: file), words: words, dataFolder: dataFolder)
    }

    /// - `choices`: what `tune:` has chosen, as in `ExperimentSource`.
    public init(_ document: ExperimentDocument, words: [String] = [], dataFolder: String? = nil, choices: [Int]? = nil) throws(ExperimentError) {
        source = ExperimentSource(file: document.file, text: document.text, words: words, dataFolder: dataFolder, choices: choices)
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
        do { slurm = try SlurmSettings(document.value["slurm"] ?? [:]) } catch { throw document.located(error.under(Path(dotted: "slurm"))) }
        var runs: [Run] = []
        let sweep = try Sweep(document)
        var reader = SettingsReader(fields: ExperimentFields.run)
        var files = BaseFiles()
        var matcher = ArmMatcher(sweep, document)
        var points: [SweepPoint] = []
        for point in sweep.points { points.append(try matcher.matched(point, &reader, &files)) }
        if let settings = try TuneSettings(document) {
            tuning = try Tuning(settings, &points, choices: choices, in: document) { point, index, isTrial throws(ExperimentError) in
                do throws(SettingsError) { return try Run(point, index: index, &reader, &files, isTrial: isTrial) } catch {
                    throw document.located(error, in: point)
                }
            }
        } else {
            tuning = nil
        }
        for (index, point) in points.enumerated() {
            do throws(SettingsError) {
                let run = try Run(point, index: index, &reader, &files)
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
        (gridCount, sample) = (sweep.gridCount, sweep.sample)
        lazy var labels = RunLabels(runs)
        tables = try TableDefinition.all(in: document, labels)
        plots = try PlotDefinition.all(in: document, labels)
        if let tuning {
            do throws(SettingsError) {
                try tuning.settings.checkMetric(labels, runs)
                try tuning.checkCounts(of: points)
                try tuning.settings.checkFilters(tables, plots)
            } catch {
                throw document.located(error)
            }
        }
        name = runs[0].settings.string("name")
    }

    /// The same experiment with what `tune:` has chosen.
    public func tuned(_ choices: [Int]) throws(ExperimentError) -> Experiment {
        var source = source
        source.choices = choices
        return try source.experiment()
    }

    /// Whether the runs wait for what `tune:` chooses.
    public var isUntuned: Bool { tuning != nil && source.choices == nil }

    /// What a reader of the tables has to know of the choice of the runs.
    public var notes: [String] {
        (sample.map { ["The runs are a sample: \($0.count) of the \(gridCount) points of the sweep, drawn with seed \($0.seed)."] } ?? []) + runs.matchNotes
    }

    /// The matches of its arms.
    public var matches: [ArmMatch] {
        var matches: [ArmMatch] = []
        for run in runs { if let match = run.matched?.match, !matches.contains(match) { matches.append(match) } }
        return matches
    }
}
