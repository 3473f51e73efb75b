import Settings

/// What the names in tables and plots can mean in an experiment.
struct RunLabels {
    typealias Coordinates = (axes: [(name: String, value: Value)], strategy: String, configuration: Value)

    let runs: [Coordinates]
    let defaultRows: [String]
    let domains: [String]
    /// Whether some run has an instruction stage.
    let isInstructed: Bool
    private let columns: [String]
    private let labels: [String]

    init(_ runs: [Run]) {
        self.runs = runs.map { run in (axes: run.axes.map { (name: $0.name, value: $0.value) }, strategy: run.strategyName, configuration: run.settings.value) }
        var domains: [String] = [], axes: [String] = [], paths: Set<String> = []
        for run in runs {
            for domain in run.domains where !domains.contains(domain) { domains.append(domain) }
            for axis in run.axes where !axes.contains(axis.name) { axes.append(axis.name) }
        }
        // Runs of one strategy have the same settings.
        var kinds: Set<String> = []
        for run in runs where kinds.insert(run.strategyName).inserted { paths.formUnion(TableLabels.paths(run.settings.value)) }
        self.domains = domains
        isInstructed = runs.contains { $0.instruction != nil }
        columns = TableColumns.all(domains: domains, isInstructed: isInstructed)
        labels = axes + ["strategy"] + paths.subtracting(axes).sorted()
        let repetitions = TableLabels.repetitionAxes(streams: runs.map(\.stream))
        let rows = axes.filter { !repetitions.contains($0) }
        defaultRows = rows.isEmpty ? ["strategy"] : rows
    }

    /// The value of a label, nil where the run has none.
    func value(_ name: String, _ run: Coordinates) -> Value? {
        TableLabels.value(name, axes: run.axes, strategy: run.strategy, configuration: run.configuration).flatMap { $0 == .null ? nil : $0 }
    }

    func text(_ name: String, _ run: Coordinates) -> String? { value(name, run).map(TableLabels.text) }

    func texts(_ name: String, of runs: [Coordinates]) -> [String] {
        var texts: [String] = []
        for run in runs { if let text = text(name, run), !texts.contains(text) { texts.append(text) } }
        return texts
    }

    /// - Parameter others: what the name could be instead.
    func checkLabel(_ name: String, at path: Path, subject: SettingsError.Subject = .value, or others: [String] = []) throws(SettingsError) {
        guard !labels.contains(name) else { return }
        // A part of the configuration, such as `strategy.position` given as a list, or a setting that only some runs have.
        if Path(parsing: name) != nil, runs.contains(where: { text(name, $0) != nil }) { return }
        throw SettingsError(
            path: path, found: "'\(name)'",
            expected: (["an axis of the sweep", "'strategy'"] + others + ["or the path of a setting such as strategy.kind"]).joined(separator: ", "),
            advice: nearestAdvice(to: name, among: labels + others), subject: subject)
    }

    /// What tells rows of a table or lines of a plot apart: each name known, and once.
    func checkLabels(_ names: [String]?, at path: Path) throws(SettingsError) {
        for (index, name) in (names ?? []).enumerated() {
            try checkLabel(name, at: path.appending(index))
            guard names?[..<index].contains(name) != true else {
                throw SettingsError(path: path.appending(index), found: "'\(name)' a second time", expected: "each name once")
            }
        }
    }

    /// The runs that a filter leaves, at least one: every name known, every value one that some run has.
    func runs(_ filter: [String: [Value]], at path: Path) throws(SettingsError) -> [Coordinates] {
        var left = runs
        for name in filter.keys.sorted() {
            let place = path.appending(name)
            try checkLabel(name, at: place, subject: .key)
            let known = texts(name, of: runs)
            for value in filter[name] ?? [] where !known.contains(TableLabels.text(value)) {
                throw SettingsError(
                    path: place, found: value.summary, expected: "a value that '\(name)' has in some run: \(known.prefix(12).joined(separator: ", "))",
                    advice: nearestAdvice(to: TableLabels.text(value), among: known))
            }
            left = left.filter { run in (filter[name] ?? []).contains { TableLabels.text($0) == text(name, run) } }
        }
        guard !left.isEmpty else { throw SettingsError(path: path, found: "no run that has all these values", expected: "at least one") }
        return left
    }

    /// That some of the runs measure what is shown.
    /// - Parameter setting: the number, 0 where a run does not.
    func checkMeasured(_ what: String, _ setting: String, _ runs: [Coordinates], at path: Path) throws(SettingsError) {
        guard !runs.contains(where: { value(setting, $0)?.asInteger ?? 0 > 0 }) else { return }
        throw SettingsError(path: path, found: "\(what), which no run measures", expected: "\(setting) above 0", advice: "set it, or leave this out")
    }

    func checkColumn(_ name: String, at path: Path, allowsPattern: Bool = true, subject: SettingsError.Subject = .value) throws(SettingsError) {
        guard TableColumns.matching(name, in: columns) == nil || (!allowsPattern && name.hasSuffix(".*")) else {
            if let setting = TableColumns.setting(behind: name) { try checkMeasured("'\(name)'", setting, runs, at: path) }
            return
        }
        throw SettingsError(
            path: path, found: "'\(name)'", expected: "a column: loss.DOMAIN, perplexity.DOMAIN, accuracy.DOMAIN, score.DOMAIN, bits_per_byte.DOMAIN, a parameter count, a cost or a metric",
            advice: nearestAdvice(to: name, among: columns), subject: subject)
    }
}
