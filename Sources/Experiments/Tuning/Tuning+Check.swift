import Settings

extension Tuning {
    /// Throws when a value that is chosen later would change what an arm was matched in.
    ///
    /// - `points`: of the sweep, with their matches.
    func checkCounts(of points: [SweepPoint]) throws(SettingsError) {
        let matched = points.compactMap(\.matched).flatMap { [$0.match.arm, $0.match.to] }
        for arm in tunedArms {
            guard let label = arm.axes.first(where: { $0.name == "arm" })?.value.asString, matched.contains(label), let places = arm.trials else { continue }
            var sizes: Set<StreamSize> = []
            for run in trials[places] { sizes.insert(try StreamSize(run)) }
            guard sizes.count == 1 else {
                throw SettingsError(
                    path: TuneSettings.section.appending("key"), found: "'\(settings.key)', which changes what '\(label)' is matched in",
                    expected: "a setting that leaves weights and operations as they are", advice: "remove 'match', or tune another setting")
            }
        }
    }
}

extension TuneSettings {
    /// Throws where a table or a plot names a value of what is still to be chosen.
    func checkFilters(_ tables: [TableDefinition], _ plots: [PlotDefinition]) throws(SettingsError) {
        func check(_ names: some Sequence<String>, at path: Path) throws(SettingsError) {
            guard names.contains(key) else { return }
            throw SettingsError(path: path, found: "a value of '\(key)', which tune: chooses", expected: "what is known before the runs")
        }
        for table in tables {
            let path = Path(dotted: "tables").appending(table.name)
            try check(table.filter.keys, at: path.appending("filter"))
            if case .values(let values)? = table.against { try check(values.keys, at: path.appending("against")) }
        }
        for plot in plots { try check(plot.filter.keys, at: Path(dotted: "plots").appending(plot.name).appending("filter")) }
    }
}
