import Settings

extension TableDefinition {
    /// The tables of an experiment file in its order, every name in them known.
    static func all(in document: ExperimentDocument, _ context: @autoclosure () -> RunLabels) throws(ExperimentError) -> [TableDefinition] {
        try document.definitions(of: "tables", .object(fields)) { name, settings, path throws(SettingsError) in
            let table = TableDefinition(name: name, settings: settings)
            try table.check(context(), at: path)
            return table
        }
    }

    private func check(_ context: RunLabels, at path: Path) throws(SettingsError) {
        try context.checkLabels(rows, at: path.appending("rows"))
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

        let runs = try context.runs(filter, at: path.appending("filter"))
        try checkAgainst(context, runs, at: path.appending("against"))
    }

    /// That exactly one row is meant.
    private func checkAgainst(_ context: RunLabels, _ runs: [RunLabels.Coordinates], at path: Path) throws(SettingsError) {
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
