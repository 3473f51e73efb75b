import Settings

extension TableDefinition {
    /// The tables of an experiment file in its order, every name in them known.
    static func all(in document: ExperimentDocument, runs: [Run]) throws(ExperimentError) -> [TableDefinition] {
        guard let section = document.value["tables"], section != .null else { return [] }
        let root = Path(dotted: "tables")
        let context = TableContext(runs)
        do throws(SettingsError) {
            let validated = try Kind.map(.object(fields)).validated(section, at: root)
            var tables: [TableDefinition] = []
            for name in document.sources.keys(at: root) {
                guard let settings = validated[name] else { continue }
                let path = root.appending(name)
                guard Run.isName(name) else {
                    throw SettingsError(path: path, found: "the name '\(name)'", expected: "letters, digits, '-', '_' and '.', not '.' first", subject: .key)
                }
                let table = TableDefinition(name: name, settings: Settings(validated: settings))
                try table.check(context, at: path)
                tables.append(table)
            }
            return tables
        } catch {
            throw document.located(error)
        }
    }

    private func check(_ context: TableContext, at path: Path) throws(SettingsError) {
        for (index, row) in (rows ?? []).enumerated() {
            let place = path.appending("rows").appending(index)
            try context.checkLabel(row, at: place)
            if rows?[..<index].contains(row) == true { throw SettingsError(path: place, found: "'\(row)' a second time", expected: "each name once") }
        }
        for (index, column) in (columns ?? []).enumerated() {
            let place = path.appending("columns").appending(index)
            try context.checkColumn(column, at: place)
            if columns?[..<index].contains(column) == true { throw SettingsError(path: place, found: "'\(column)' a second time", expected: "each column once") }
        }
        for (index, word) in order.enumerated() {
            let place = path.appending("order")
            try context.checkColumn(word.column, at: orderWords.count > 1 ? place.appending(index) : place, allowsPattern: false)
        }
        for (index, column) in (front ?? []).enumerated() {
            let place = path.appending("front").appending(index)
            try context.checkColumn(column, at: place, allowsPattern: false)
            guard TableColumns.isLowerBetter(column) != nil else {
                throw SettingsError(path: place, found: "'\(column)'", expected: "a loss, an accuracy or a metric")
            }
        }
        for column in digitsByColumn.keys.sorted() { try context.checkColumn(column, at: path.appending("digits").appending(column), subject: .key) }

        var runs = context.runs
        for name in filter.keys.sorted() {
            let place = path.appending("filter").appending(name)
            try context.checkLabel(name, at: place, subject: .key)
            let known = context.texts(name, of: context.runs)
            for value in filter[name] ?? [] where !known.contains(TableLabels.text(value)) {
                throw SettingsError(
                    path: place, found: value.summary, expected: "a value that '\(name)' has in some run: \(known.prefix(12).joined(separator: ", "))",
                    advice: nearestAdvice(to: TableLabels.text(value), among: known))
            }
            runs = runs.filter { run in (filter[name] ?? []).contains { TableLabels.text($0) == context.text(name, run) } }
        }
        guard !runs.isEmpty else { throw SettingsError(path: path.appending("filter"), found: "no run that has all these values", expected: "at least one") }
        try checkAgainst(context, runs, at: path.appending("against"))
    }

    /// That exactly one row is meant.
    private func checkAgainst(_ context: TableContext, _ runs: [TableContext.Coordinates], at path: Path) throws(SettingsError) {
        guard let against else { return }
        let labels = rows ?? context.defaultRows
        var known: [[String?]] = []
        for run in runs {
            let row = labels.map { context.text($0, run) }
            if !known.contains(row) { known.append(row) }
        }
        if case .values(let values) = against {
            for name in values.keys.sorted() where !labels.contains(name) {
                throw SettingsError(
                    path: path.appending(name), found: "'\(name)'", expected: "one of the table's rows: \(labels.joined(separator: ", "))",
                    advice: nearestAdvice(to: name, among: labels), subject: .key)
            }
        }
        let matches = known.filter { TableDefinition.isMatch($0, labels: labels, against) }
        guard matches.count != 1 else { return }
        let texts = Array(Set(known.flatMap { $0.compactMap(\.self) })).sorted()
        switch against {
        case .label(let text) where matches.isEmpty:
            throw SettingsError(
                path: path, found: "'\(text)'", expected: "the label of an arm: \(texts.prefix(12).joined(separator: ", "))",
                advice: nearestAdvice(to: text, among: texts))
        case .label(let text):
            throw SettingsError(
                path: path, found: "'\(text)', the label of \(matches.count) rows", expected: "one arm",
                advice: "name it by a mapping: {\(labels.map { "\($0): ..." }.joined(separator: ", "))}")
        case .values:
            throw SettingsError(
                path: path, found: "values that \(matches.count) rows have", expected: "those of one arm",
                advice: matches.isEmpty ? "" : "give a value for each of \(labels.joined(separator: ", "))")
        }
    }

    /// Whether a row with these labels is the one meant.
    public static func isMatch(_ row: [String?], labels: [String], _ against: Against) -> Bool {
        switch against {
        case .label(let text): row.contains(text)
        case .values(let values):
            zip(labels, row).allSatisfy { label, text in values[label].map { ($0 == .null ? nil : TableLabels.text($0)) == text } ?? true }
        }
    }
}

/// What the names in a table can mean in an experiment.
private struct TableContext {
    typealias Coordinates = (axes: [(name: String, value: Value)], strategy: String, configuration: Value)

    let runs: [Coordinates]
    let defaultRows: [String]
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
        columns = TableColumns.all(domains: domains)
        labels = axes + ["strategy"] + paths.subtracting(axes).sorted()
        let repetitions = TableLabels.repetitionAxes(streams: runs.map(\.stream))
        let rows = axes.filter { !repetitions.contains($0) }
        defaultRows = rows.isEmpty ? ["strategy"] : rows
    }

    func text(_ name: String, _ run: Coordinates) -> String? {
        TableLabels.value(name, axes: run.axes, strategy: run.strategy, configuration: run.configuration).flatMap { $0 == .null ? nil : TableLabels.text($0) }
    }

    func texts(_ name: String, of runs: [Coordinates]) -> [String] {
        var texts: [String] = []
        for run in runs { if let text = text(name, run), !texts.contains(text) { texts.append(text) } }
        return texts
    }

    func checkLabel(_ name: String, at path: Path, subject: SettingsError.Subject = .value) throws(SettingsError) {
        guard !labels.contains(name) else { return }
        // A part of the configuration, such as `strategy.position` given as a list, or a setting that only some runs have.
        if Path(parsing: name) != nil, runs.contains(where: { text(name, $0) != nil }) { return }
        throw SettingsError(
            path: path, found: "'\(name)'", expected: "an axis of the sweep, 'strategy', or the path of a setting such as strategy.kind",
            advice: nearestAdvice(to: name, among: labels), subject: subject)
    }

    func checkColumn(_ name: String, at path: Path, allowsPattern: Bool = true, subject: SettingsError.Subject = .value) throws(SettingsError) {
        guard TableColumns.matching(name, in: columns) == nil || (!allowsPattern && name.hasSuffix(".*")) else { return }
        throw SettingsError(
            path: path, found: "'\(name)'", expected: "a column: loss.DOMAIN, accuracy.DOMAIN, score.DOMAIN, bits_per_byte.DOMAIN, a parameter count, a cost or a metric",
            advice: nearestAdvice(to: name, among: columns), subject: subject)
    }
}
