import Settings

/// What `tune:` makes of a sweep: runs with a held-out seed, one for each value and arm, which come first and choose the value that the runs of
/// the arm then have. An arm is what tables call so: all runs that differ in seeds and in the order of the tasks only.
public struct Tuning: Sendable {
    public struct Arm: Sendable {
        /// Coordinates without those of repetitions.
        public let axes: [SweepPoint.Axis]
        public let strategy: String
        public let trains: Bool
        /// Places of its first runs in `trials`, one for each value; nil: it is not tuned.
        public let trials: Range<Int>?
    }

    public let settings: TuneSettings
    /// All arms of the sweep in the order of their first runs.
    public let arms: [Arm]
    /// The runs that choose, arm by arm, in the order of the values.
    public let trials: [Run]

    public var tunedArms: [Arm] { arms.filter { $0.trials != nil } }

    /// Makes the runs that choose, and gives those of the sweep their values: the chosen ones, or the first while nothing is chosen.
    ///
    /// - Parameters:
    ///   - points: of the sweep.
    ///   - choices: places in `values`, one for each arm that is tuned, in their order.
    ///   - make: makes a run of a point, its number and whether it is one that chooses.
    init(
        _ settings: TuneSettings, _ points: inout [SweepPoint], choices: [Int]?, in document: ExperimentDocument,
        _ make: (SweepPoint, Int, _ isTrial: Bool) throws(ExperimentError) -> Run
    ) throws(ExperimentError) {
        try Self.checkArms(settings, points, in: document)
        for point in points where settings.includes(point) { try Self.checkAxes(settings, point, in: document) }
        var runs: [(run: Run, isTuned: Bool)] = []
        for (index, point) in points.enumerated() {
            runs.append(try Self.first(settings, point, in: document) { point throws(ExperimentError) in try make(point, index, false) })
        }
        if let run = runs.first(where: { $0.run.seed == settings.seed })?.run {
            throw document.located(
                SettingsError(
                    path: TuneSettings.section.appending("seed"), found: "\(settings.seed), the seed of \(run.id) too", expected: "a seed that no run of the sweep has",
                    advice: "what is chosen on a seed looks better on it than it is"))
        }
        guard runs.contains(where: \.isTuned) else {
            throw document.located(SettingsError(path: TuneSettings.section, found: "no arm that trains", expected: "at least one", subject: .key))
        }

        let repetitions = TableLabels.repetitionAxes(streams: runs.map(\.run.stream))
        var arms: [Arm] = []
        var armOf: [[SweepPoint.Axis]: Int] = [:]
        var tuned: [SweepPoint] = []
        /// For each arm its place among those that are tuned, and for each run.
        var placeOfArm: [Int?] = []
        var places: [Int?] = []
        for (index, entry) in runs.enumerated() {
            let axes = points[index].axes.filter { !repetitions.contains($0.name) }
            if armOf[axes] == nil {
                armOf[axes] = arms.count
                let start = tuned.count * settings.values.count
                placeOfArm.append(entry.isTuned ? tuned.count : nil)
                if entry.isTuned { tuned.append(points[index]) }
                arms.append(
                    Arm(
                        axes: axes, strategy: entry.run.strategyName, trains: entry.run.trains,
                        trials: entry.isTuned ? start..<start + settings.values.count : nil))
            }
            places.append(armOf[axes].flatMap { placeOfArm[$0] })
        }

        var trials: [Run] = []
        for point in tuned {
            for index in settings.values.indices {
                var trial = point
                try Self.set(settings, index, of: &trial, in: document)
                let place = TuneSettings.section.appending("seed")
                do { try trial.set(.integer(settings.seed), at: Path(dotted: "seed"), from: place, key: place) } catch { throw document.located(error) }
                trial.axes.removeAll { $0.name == "seed" }
                trial.axes += [.init(name: "seed", value: .integer(settings.seed)), .init(name: settings.key, value: settings.values[index])]
                trials.append(try make(trial, trials.count, true))
            }
        }
        (self.settings, self.arms, self.trials) = (settings, arms, trials)

        if let choices {
            guard choices.count == tuned.count, choices.allSatisfy(settings.values.indices.contains) else {
                throw document.located(SettingsError(path: TuneSettings.section, found: "choices of another experiment", expected: "one for each arm", subject: .key))
            }
        }
        for (index, place) in places.enumerated() {
            guard let place else { continue }
            try Self.set(settings, choices?[place] ?? 0, of: &points[index], in: document)
        }
    }

    private static func set(_ settings: TuneSettings, _ index: Int, of point: inout SweepPoint, in document: ExperimentDocument) throws(ExperimentError) {
        do {
            try point.set(settings.values[index], at: settings.path, from: TuneSettings.place(ofValue: index), key: TuneSettings.section.appending("key"))
        } catch {
            throw document.located(
                SettingsError(
                    path: TuneSettings.section.appending("key"), found: "a setting inside of \(error.found) ('\(error.path)')", expected: error.expected))
        }
    }

    /// A run of the sweep with the first value where its arm is tuned, else as it is.
    private static func first(
        _ settings: TuneSettings, _ point: SweepPoint, in document: ExperimentDocument, _ make: (SweepPoint) throws(ExperimentError) -> Run
    ) throws(ExperimentError) -> (run: Run, isTuned: Bool) {
        guard settings.includes(point) else { return (try make(point), false) }
        let label = point.armLabel
        var changed = point
        try set(settings, 0, of: &changed, in: document)
        do throws(ExperimentError) {
            let run = try make(changed)
            if run.trains {
                try checkUnset(settings, point, label, in: document)
                return (run, true)
            }
        } catch {
            // A strategy that trains nothing need not know the setting.
            if settings.arms == nil, let plain = try? make(point), !plain.trains { return (plain, false) }
            throw error
        }
        if let place = settings.arms?.firstIndex(where: { $0 == label }) {
            throw document.located(
                SettingsError(path: TuneSettings.section.appending("arms").appending(place), found: "the arm '\(label ?? "")', which trains nothing", expected: "arms that train"))
        }
        return (try make(point), false)
    }

    /// A value that an arm or the command line gives would be ignored.
    private static func checkUnset(_ settings: TuneSettings, _ point: SweepPoint, _ label: String?, in document: ExperimentDocument) throws(ExperimentError) {
        guard point.root[settings.path] != nil else { return }
        let source = point.source(of: settings.path, .value)
        guard let place = document.sources.place(of: source) else { return }
        let found = "a value for '\(settings.key)', which is tuned"
        if case .commandLine = place {
            throw ExperimentError(place, path: settings.path, found: found, expected: "none", advice: "tune=null takes the value and tunes nothing")
        }
        guard source.isAtOrUnder(Path(dotted: "sweep")) else { return }
        throw ExperimentError(
            place, path: source, found: found, expected: "none in the arm '\(label ?? "")'", advice: "remove it, or list under tune.arms the arms that are tuned without this one")
    }

    private static func checkAxes(_ settings: TuneSettings, _ point: SweepPoint, in document: ExperimentDocument) throws(ExperimentError) {
        for axis in point.axes {
            guard let path = Path(parsing: axis.name), path.isAtOrUnder(settings.path) || settings.path.isAtOrUnder(path) else { continue }
            throw document.located(
                SettingsError(
                    path: TuneSettings.section.appending("key"), found: "'\(settings.key)', which the axis '\(axis.name)' of the sweep sets", expected: "a setting that no axis sets",
                    advice: "leave out the axis, or tune another setting"))
        }
    }

    private static func checkArms(_ settings: TuneSettings, _ points: [SweepPoint], in document: ExperimentDocument) throws(ExperimentError) {
        var known: [String] = []
        for label in points.lazy.compactMap(\.armLabel) where known.last != label && !known.contains(label) { known.append(label) }
        for (index, name) in (settings.arms ?? []).enumerated() {
            let place = TuneSettings.section.appending("arms").appending(index)
            guard known.contains(name) else {
                throw document.located(
                    SettingsError(
                        path: place, found: "'\(name)'", expected: known.isEmpty ? "no 'arms' here: the sweep has none" : "an arm of the sweep: \(known.joined(separator: ", "))",
                        advice: nearestAdvice(to: name, among: known)))
            }
            guard settings.arms?[..<index].contains(name) != true else {
                throw document.located(SettingsError(path: place, found: "'\(name)' a second time", expected: "each arm once"))
            }
        }
    }
}

extension TuneSettings {
    /// Whether it speaks of the arm of a point.
    fileprivate func includes(_ point: SweepPoint) -> Bool { arms.map { arms in point.armLabel.map { arms.contains($0) } ?? false } ?? true }
}

extension SweepPoint {
    fileprivate var armLabel: String? { axes.first { $0.name == "arm" }?.value.asString }
}
