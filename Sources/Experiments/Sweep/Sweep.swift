import Settings

/// The runs that an experiment stands for: arms (partial experiments merged into the root) times the axes of grids.
///
/// ```yaml
/// sweep:
///   arms:
///     - {strategy: {kind: sequential}}
///     - {name: expanded, strategy: {kind: block-expansion}, grid: {strategy.blocks: [1, 2, 4]}}
///   grid: {seed: [0, 1, 2]}
/// ```
public struct Sweep: Sendable {
    public static let maximumRunCount = 100_000

    /// The fields of `sweep`; what an arm may set is validated with the run that it makes.
    public static let fields: [Field] = [
        .optional(
            "arms", .list(.map(.any), count: 1...1_000), default: nil,
            "partial experiments, each merged into the root; `name` labels one, `grid` sweeps within it"),
        .optional(
            "grid", .map(.list(.any, count: 1...Int.max)), default: [:], "axes: the dotted path of a setting and the list of its values"),
    ]

    /// A setting and the values that it takes.
    private struct Axis {
        var name: String
        var path: Path
        var values: [Value]
        /// Where in the document the values stand.
        var source: Path
    }

    private struct Arm {
        var label: String?
        var changes: Value
        var source: Path
        var axes: [Axis]
    }

    /// All runs in their order: arms outermost, then the arm's own grid, then the global grid, the last axis fastest.
    ///
    /// Throws at anything but lists of distinct values for axes, at an axis that another one or the command line overwrites, and when two
    /// runs come out equal.
    public static func expanded(_ document: ExperimentDocument) throws(ExperimentError) -> [SweepPoint] {
        let root = Path(dotted: "sweep")
        var section = document.value["sweep"] ?? .null
        if section == .null { section = [:] }
        do {
            // A grid is read below, with better advice than its kind can give.
            let shape = fields.map {
                Field(key: $0.key, kind: $0.key == "grid" ? .any : $0.kind, defaultValue: $0.defaultValue, help: $0.help)
            }
            section = try Kind.object(shape).validated(section, at: root)
        } catch {
            throw document.located(error)
        }
        let globalAxes = try axes(section["grid"], at: root.appending("grid"), in: document)
        let arms = try self.arms(section["arms"]?.asList, at: root.appending("arms"), globalAxes, in: document)

        var total = 0
        for arm in arms {
            var count = 1
            for axis in arm.axes {
                count = count.multipliedReportingOverflow(by: axis.values.count).overflow ? Int.max : count * axis.values.count
            }
            total = total.addingReportingOverflow(count).overflow ? Int.max : total + count
        }
        guard total <= maximumRunCount else {
            throw document.located(
                SettingsError(path: root, found: "more than \(maximumRunCount) runs", expected: "fewer", advice: "shorten an axis"))
        }

        var points: [SweepPoint] = []
        var known: [Value: SweepPoint] = [:]
        for arm in arms {
            for point in try self.points(of: arm, in: document) {
                if let equal = known.updateValue(point, forKey: point.root) {
                    throw document.located(
                        SettingsError(
                            path: arm.source, found: "the run '\(point.label)' that is the same as '\(equal.label)'",
                            expected: "runs that differ"))
                }
                points.append(point)
            }
        }
        return points
    }

    private static func points(of arm: Arm, in document: ExperimentDocument) throws(ExperimentError) -> [SweepPoint] {
        var start = SweepPoint(axes: arm.label.map { [.init(name: "arm", value: .string($0))] } ?? [], root: document.value)
        start.root["sweep"] = nil
        start.root["tables"] = nil
        start.merge(arm.changes, from: arm.source)
        for override in document.fixed {
            do {
                try start.set(override.values[0], at: override.path, from: override.path, key: override.path)
            } catch {
                throw ExperimentError(override.place, error)
            }
        }
        var points = [start]
        for axis in arm.axes {
            var next: [SweepPoint] = []
            for point in points {
                for (index, value) in axis.values.enumerated() {
                    var point = point
                    point.axes.append(.init(name: axis.name, value: value))
                    do {
                        try point.set(value, at: axis.path, from: axis.source.appending(index), key: axis.source)
                        // What the command line set inside of an axis's value.
                        for override in document.fixed where override.path.isAtOrUnder(axis.path) {
                            try point.set(override.values[0], at: override.path, from: override.path, key: override.path)
                        }
                    } catch {
                        throw document.located(
                            SettingsError(
                                path: axis.source, found: "an axis into \(error.found) ('\(error.path)')", expected: error.expected))
                    }
                    next.append(point)
                }
            }
            points = next
        }
        return points
    }

    private static func arms(_ values: [Value]?, at path: Path, _ globalAxes: [Axis], in document: ExperimentDocument)
        throws(ExperimentError) -> [Arm]
    {
        guard let values else {
            try check(globalAxes, in: document)
            return [Arm(label: nil, changes: [:], source: Path(), axes: globalAxes)]
        }
        var arms: [Arm] = []
        var named: [ArmLabels.Arm] = []
        for (index, value) in values.enumerated() {
            let source = path.appending(index)
            if value["sweep"] != nil {
                throw document.located(
                    SettingsError(path: source.appending("sweep"), found: "a sweep inside an arm", expected: "'grid' here", subject: .key))
            }
            let name = try self.name(value["name"], at: source.appending("name"), in: document)
            if let name, named.contains(where: { $0.name == name }) {
                throw document.located(
                    SettingsError(path: source.appending("name"), found: "the arm '\(name)' a second time", expected: "each name once"))
            }
            let axes = try axes(value["grid"], at: source.appending("grid"), in: document) + globalAxes
            try check(axes, in: document)
            if let axis = axes.first(where: { $0.name == "arm" }) {
                throw document.located(
                    SettingsError(
                        path: axis.source, found: "an axis 'arm'", expected: "another name: 'arm' is the axis of the arms", subject: .key))
            }
            var changes = value
            changes["name"] = nil
            changes["grid"] = nil
            named.append(ArmLabels.Arm(name: name, settings: settings(changes, at: source, under: Path(), in: document)))
            arms.append(Arm(label: "", changes: changes, source: source, axes: axes))
        }
        for (index, label) in ArmLabels.labels(of: named).enumerated() { arms[index].label = label }
        return arms
    }

    private static func name(_ value: Value?, at path: Path, in document: ExperimentDocument) throws(ExperimentError) -> String? {
        guard let value, value != .null else { return nil }
        guard let name = value.asString, !name.isEmpty else {
            throw document.located(SettingsError(path: path, found: value.summary, expected: "a name for the arm"))
        }
        return name
    }

    /// The leaves of a mapping in the order of the file. `source` is where the mapping stands in the document.
    private static func settings(_ value: Value, at source: Path, under path: Path, in document: ExperimentDocument) -> [(
        path: Path, value: Value
    )] {
        guard let entries = value.asObject, !entries.isEmpty else { return path.steps.isEmpty ? [] : [(path, value)] }
        return document.sources.keys(at: source).flatMap { key in
            entries[key].map { settings($0, at: source.appending(key), under: path.appending(key), in: document) } ?? []
        }
    }

    private static func axes(_ grid: Value?, at path: Path, in document: ExperimentDocument) throws(ExperimentError) -> [Axis] {
        guard let grid, grid != .null else { return [] }
        guard let entries = grid.asObject else {
            throw document.located(
                SettingsError(
                    path: path, found: grid.summary, expected: "a mapping of axes: the path of a setting and a list of its values"))
        }
        var axes: [Axis] = []
        for name in document.sources.keys(at: path) {
            let source = path.appending(name)
            func wrong(_ found: String, _ expected: String, _ advice: String = "", at place: Path? = nil) -> ExperimentError {
                document.located(SettingsError(path: place ?? source, found: found, expected: expected, advice: advice))
            }
            guard let axisPath = Path(parsing: name), axisPath.steps.first != .key("sweep") else {
                throw wrong("the axis '\(name)'", "the dotted path of a setting, such as strategy.blocks")
            }
            let value = entries[name] ?? .null
            guard let values = value.asList else {
                throw wrong(value.summary, "a list of values", "one value is written [\(value.canonicalJSON.prefix(40))]")
            }
            guard !values.isEmpty else { throw wrong("an axis without values", "at least one", "leave the axis out") }
            for (index, value) in values.enumerated() where values[..<index].contains(where: { isSame($0, value) }) {
                throw wrong(
                    "\(value.asList == nil && value.asObject == nil ? value.summary : value.canonicalJSON) a second time",
                    "each value once", at: source.appending(index))
            }
            axes.append(Axis(name: name, path: axisPath, values: values, source: source))
        }
        return axes
    }

    /// 1 and 1.0 are one value of an axis.
    private static func isSame(_ a: Value, _ b: Value) -> Bool {
        if let a = a.asDouble, let b = b.asDouble { return a == b }
        return a == b
    }

    /// That no axis of a run, and nothing that the command line sets, overwrites another.
    private static func check(_ axes: [Axis], in document: ExperimentDocument) throws(ExperimentError) {
        for (index, axis) in axes.enumerated() {
            if let other = axes[..<index].first(where: { $0.path.isAtOrUnder(axis.path) || axis.path.isAtOrUnder($0.path) }) {
                throw document.located(
                    SettingsError(
                        path: axis.source,
                        found: axis.name == other.name
                            ? "the axis '\(axis.name)' also in 'grid' of an arm" : "the axis '\(axis.name)' beside '\(other.name)'",
                        expected: "one axis for a setting", subject: .key))
            }
            if let override = document.fixed.first(where: { axis.path.isAtOrUnder($0.path) }) {
                throw ExperimentError(
                    override.place, path: override.path, found: "a value for all of '\(override.path)'",
                    expected: "none: '\(axis.name)' in it is an axis of the sweep")
            }
        }
    }
}
