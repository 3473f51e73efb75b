import Settings

extension PlotDefinition {
    /// The plots of an experiment file in its order, every name in them known.
    static func all(in document: ExperimentDocument, _ context: @autoclosure () -> RunLabels) throws(ExperimentError) -> [PlotDefinition] {
        try document.definitions(of: "plots", settingsKind) { name, settings, path throws(SettingsError) in
            let plot = PlotDefinition(name: name, settings: settings)
            try plot.check(context(), at: path)
            return plot
        }
    }

    private func check(_ context: RunLabels, at path: Path) throws(SettingsError) {
        let runs = try context.runs(filter, at: path.appending("filter"))
        try context.checkLabels(arms, at: path.appending("arms"))
        for (index, domain) in (domains ?? []).enumerated() {
            let place = path.appending("domains").appending(index)
            guard context.domains.contains(domain) else {
                throw SettingsError(
                    path: place, found: "'\(domain)'", expected: "a domain that is evaluated: \(context.domains.joined(separator: ", "))",
                    advice: nearestAdvice(to: domain, among: context.domains))
            }
            guard domains?[..<index].contains(domain) != true else {
                throw SettingsError(path: place, found: "'\(domain)' a second time", expected: "each domain once")
            }
        }
        for (index, metric) in (metrics ?? []).enumerated() {
            let place = path.appending("metrics").appending(index)
            try context.checkColumn(metric, at: place, allowsPattern: kind == .axis)
            guard metrics?[..<index].contains(metric) != true else {
                throw SettingsError(path: place, found: "'\(metric)' a second time", expected: "each column once")
            }
            guard kind != .front || TableColumns.isLowerBetter(metric) != nil else {
                throw SettingsError(path: place, found: "'\(metric)'", expected: "a loss, an accuracy or a metric")
            }
        }
        switch kind {
        case .axis: try checkAxis(axis ?? "", context, runs, at: path)
        case .blocks: try checkNumbers("strategy.blocks", context, runs, at: path.appending("kind"))
        case .front:
            let labels = arms ?? context.defaultRows
            guard Set(runs.map { run in labels.map { context.text($0, run) } }).count < 2 else { break }
            throw SettingsError(
                path: path.appending("kind"), found: "'front' of one arm", expected: "two arms or more",
                advice: "filter less, or name more under 'arms'")
        case .curves where stage == .instruction && !context.isInstructed:
            throw SettingsError(
                path: path.appending("stage"), found: "'\(stage.rawValue)', and no run has such a stage", expected: "'\(Stage.stream.rawValue)'",
                advice: "the key 'instruction' beside 'stream' makes one")
        case .gap: try context.checkMeasured("'gap'", "train.eval_steps", runs, at: path.appending("kind"))
        case .drift: try context.checkMeasured("'drift'", "evaluation.drift", runs, at: path.appending("kind"))
        case .curves, .stream, .forgetting, .scores: break
        }
    }

    private func checkAxis(_ axis: String, _ context: RunLabels, _ runs: [RunLabels.Coordinates], at path: Path) throws(SettingsError) {
        if let index = arms?.firstIndex(of: axis) {
            let place = path.appending("arms").appending(index)
            throw SettingsError(path: place, found: "'\(axis)', which is the axis", expected: "what tells lines apart")
        }
        let place = path.appending("axis")
        guard !Self.sizes.contains(axis) else { return }
        try context.checkLabel(axis, at: place, or: Self.sizes)
        try checkNumbers(axis, context, runs, at: place)
    }

    /// That all values of an axis are numbers, and two of them are different in the runs that are shown.
    private func checkNumbers(_ axis: String, _ context: RunLabels, _ runs: [RunLabels.Coordinates], at path: Path) throws(SettingsError) {
        let values = context.runs.compactMap { context.value(axis, $0) }
        if let value = values.first(where: { $0.asDouble == nil }) {
            throw SettingsError(
                path: path, found: "'\(axis)', which is \(value.summary) in some run", expected: "an axis or a setting whose values are numbers")
        }
        let numbers = context.texts(axis, of: runs)
        guard numbers.count < 2 else { return }
        let found = numbers.first.map { "'\(axis)', which is \($0) wherever it is set" } ?? "'\(axis)', which no run sets"
        throw SettingsError(
            path: path, found: kind == .axis ? found : "'\(kind.rawValue)' with \(found)", expected: "two different numbers or more",
            advice: "sweep it, in an arm or in the grid, or filter less")
    }
}
