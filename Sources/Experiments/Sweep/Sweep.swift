import Settings

/// The runs that an experiment stands for: arms (partial experiments merged into the root) times the axes of grids.
///
/// ```yaml
/// sweep:
///   arms:
///     - {strategy: {kind: sequential}}
///     - {name: expanded, strategy: {kind: block-expansion}, grid: {strategy.blocks: [1, 2, 4]}}
///   grid: {seed: [0, 1, 2]}
///   sample: {count: 5, seed: 0}   # random search: so many of them; all without it
/// ```
public struct Sweep: Sendable {
    public static let maximumRunCount = 100_000

    /// As the file has them; one without a label where it has none.
    let arms: [Arm]
    /// In their order: arms outermost, then the arm's own grid, then the global grid, the last axis fastest.
    public let points: [SweepPoint]
    /// The points of all arms and grids.
    public let gridCount: Int
    /// What was drawn of them; nil: nothing, `points` are all there are.
    public let sample: SweepSample?

    /// The fields of `sweep`; what an arm may set is validated with the run that it makes.
    public static let fields: [Field] = [
        .optional(
            "arms", .list(.open(armFields), count: 1...1_000), default: nil, "partial experiments, each merged into the root; with a name, axes and a match of its own"),
        .optional(
            "grid", .map(.list(.any, count: 1...Int.max)), default: [:], "axes: the dotted path of a setting and the list of its values"),
        .optional(
            "sample", .either([.positive, .object(SweepSample.fields)]), default: .null,
            "random search: so many points of the whole, none twice, or {count, seed}; without it all are run"),
    ]

    /// What an arm has beside settings of a run.
    static let armFields: [Field] = [
        .optional("name", .string, default: .null, "what tables call the arm (default: its strategy's kind, and what tells it apart)"),
        .optional("grid", .map(.list(.any, count: 1...Int.max)), default: .null, "axes of this arm alone"),
        .optional("match", .object(ArmMatch.fields), default: .null, "a whole number that is chosen so that the arm comes near to another one in size or cost"),
    ]

    /// A setting and the values that it takes.
    struct Axis {
        var name: String
        var path: Path
        var values: [Value]
        /// Where in the document the values stand.
        var source: Path
    }

    struct Arm {
        var label: String?
        var changes: Value
        var source: Path
        var axes: [Axis]
        var request: MatchRequest?

        var pointCount: Int { Sweep.product(axes[...]) }
    }

    /// Expands the sweep of a document.
    ///
    /// Throws at anything but lists of distinct values for axes, at an axis that another one or the command line overwrites, at a sample of
    /// more than there is, and when two runs come out equal.
    public init(_ document: ExperimentDocument) throws(ExperimentError) {
        let root = Path(dotted: "sweep")
        var section = document.value["sweep"] ?? .null
        if section == .null { section = [:] }
        do {
            // Grids and names are read below, with better advice than their kinds can give.
            let shape = Self.fields.map { field in
                let kind: Kind =
                    switch field.key {
                    case "grid": .any
                    case "arms": .list(.open(Self.armFields.filter { $0.key == "match" }), count: 1...1_000)
                    default: field.kind
                    }
                return Field(key: field.key, kind: kind, defaultValue: field.defaultValue, help: field.help)
            }
            section = try Kind.object(shape).validated(section, at: root)
        } catch {
            throw document.located(error)
        }
        let globalAxes = try Self.axes(section["grid"], at: root.appending("grid"), in: document)
        arms = try Self.arms(section["arms"]?.asList, at: root.appending("arms"), globalAxes, in: document)

        var total = 0
        for arm in arms {
            let sum = total.addingReportingOverflow(arm.pointCount)
            total = sum.overflow ? Int.max : sum.partialValue
        }
        gridCount = total
        do { sample = try SweepSample(section["sample"], of: total, at: root.appending("sample")) } catch { throw document.located(error) }
        guard sample?.count ?? total <= Self.maximumRunCount else {
            throw document.located(
                SettingsError(
                    path: root, found: "more than \(Self.maximumRunCount) runs", expected: "fewer",
                    advice: "shorten an axis, or draw some of them with sweep.sample"))
        }

        let places = sample?.places(of: total)
        var points: [SweepPoint] = []
        var known: [Value: SweepPoint] = [:]
        var first = 0
        for arm in arms {
            let behind = first + arm.pointCount
            let chosen = places.map { places in places.filter { (first..<behind).contains($0) }[...] }
            let start = points.count
            try Self.append(arm.axes[...], from: Self.start(of: arm, in: document), first: first, chosen: chosen, in: document, to: &points)
            for index in points.indices[start...] { points[index].request = arm.request }
            // What a match chooses may tell runs apart: they are compared when it has.
            for point in points[start...] where arm.request == nil {
                if let equal = known.updateValue(point, forKey: point.root) {
                    throw document.located(
                        SettingsError(
                            path: arm.source, found: "the run '\(point.label)' that is the same as '\(equal.label)'",
                            expected: "runs that differ"))
                }
            }
            first = behind
        }
        self.points = points
    }

    /// An arm before its axes.
    static func start(of arm: Arm, in document: ExperimentDocument) throws(ExperimentError) -> SweepPoint {
        var start = SweepPoint(axes: arm.label.map { [.init(name: "arm", value: .string($0))] } ?? [], root: document.value)
        for key in ExperimentDocument.sectionsOutsideRuns { start.root[key] = nil }
        start.merge(arm.changes, from: arm.source)
        for override in document.fixed {
            do {
                try start.set(override.values[0], at: override.path, from: override.path, key: override.path)
            } catch {
                throw ExperimentError(override.place, error)
            }
        }
        return start
    }

    /// Appends the points that the axes make of one point: those whose places in the whole sweep are `chosen`, or all. The first of them
    /// has the place `first`.
    private static func append(
        _ axes: ArraySlice<Axis>, from point: SweepPoint, first: Int, chosen: ArraySlice<Int>?, in document: ExperimentDocument,
        to points: inout [SweepPoint]
    ) throws(ExperimentError) {
        guard let axis = axes.first else {
            points.append(point)
            return
        }
        let inner = axes.dropFirst()
        let count = Self.product(inner)
        var rest = chosen
        for index in axis.values.indices {
            let start = first + index * count
            let part = rest.map { $0.prefix { $0 < start + count } }
            if let part {
                rest = rest?.dropFirst(part.count)
                if part.isEmpty { continue }
            }
            try append(inner, from: setting(axis, index, in: point, document), first: start, chosen: part, in: document, to: &points)
        }
    }

    /// A point with the value of an axis at a place of its list.
    static func setting(_ axis: Axis, _ index: Int, in point: SweepPoint, _ document: ExperimentDocument) throws(ExperimentError) -> SweepPoint {
        var point = point
        point.axes.append(.init(name: axis.name, value: axis.values[index]))
        do {
            try point.set(axis.values[index], at: axis.path, from: axis.source.appending(index), key: axis.source)
            // What the command line set inside of an axis's value.
            for override in document.fixed where override.path.isAtOrUnder(axis.path) {
                try point.set(override.values[0], at: override.path, from: override.path, key: override.path)
            }
        } catch {
            throw document.located(
                SettingsError(path: axis.source, found: "an axis into \(error.found) ('\(error.path)')", expected: error.expected))
        }
        return point
    }

    /// The points of some axes together; `Int.max` where they cannot be counted.
    private static func product(_ axes: ArraySlice<Axis>) -> Int {
        var count = 1
        for axis in axes {
            let product = count.multipliedReportingOverflow(by: axis.values.count)
            count = product.overflow ? Int.max : product.partialValue
        }
        return count
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
            changes["match"] = nil
            named.append(ArmLabels.Arm(name: name, settings: settings(changes, at: source, under: Path(), in: document)))
            arms.append(Arm(label: "", changes: changes, source: source, axes: axes))
        }
        for (index, label) in ArmLabels.labels(of: named).enumerated() { arms[index].label = label }
        for (index, value) in values.enumerated() { arms[index].request = try request(value["match"], of: index, in: arms, document) }
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
    static func isSame(_ a: Value, _ b: Value) -> Bool {
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
