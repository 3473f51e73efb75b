import Settings

/// What a plot shows. The words are those of the experiment file.
public enum PlotKind: String, Sendable, Hashable, CaseIterable {
    case curves, blocks, stream, forgetting, gap, drift, front, axis, scores

    public var help: String {
        switch self {
        case .curves: "training loss along the stream, a line an arm, bands over seeds"
        case .blocks: "training loss for each number of new blocks (figure 5 of LLaMA Pro)"
        case .stream: "held-out loss on every domain after every task"
        case .forgetting: "rise of held-out loss on what was known, after every task"
        case .gap: "held-out loss on what was known while tasks are learned, between their borders"
        case .drift: "how far each layer has gone from the base: representations, weights, rank"
        case .front: "learning against retention, a point an arm with 95 % intervals"
        case .axis: "metrics against a numeric axis of the sweep"
        case .scores: "score matrices, a heat map an arm"
        }
    }
}

/// A figure as the experiment file describes it under `plots:`. It is checked with the file, kept in the results file and drawn from that.
public struct PlotDefinition: Sendable, Hashable {
    /// What a heat map shows.
    public enum Measure: String, Sendable, Hashable, CaseIterable {
        case loss
        case bitsPerByte = "bits_per_byte"
        case accuracy
    }

    /// What curves are of: the tasks of the stream, or the stage behind it that tunes on prompts with answers.
    public enum Stage: String, Sendable, Hashable, CaseIterable { case stream, instruction }

    /// Numbers of the runs that `axis` can name beside axes and settings: what the method costs.
    public static let sizes = ["parameters.added", "parameters.trained", "cost.flops"]

    public static let settingsKind = Kind.variant(tag: "kind", PlotKind.allCases.map { Variant($0.rawValue, fields(of: $0), $0.help) })

    private static func fields(of kind: PlotKind) -> [Field] {
        let title = Field.optional("title", .string, default: "", "what stands below the figure")
        let filter = Field.optional(
            "filter", .map(.any), default: [:], "only runs in which these axes or settings have this value, or one of these")
        let arms = Field.optional(
            "arms", .list(.string, count: 1...20), default: .null,
            "what tells arms apart: axes of the sweep, 'strategy', or paths of settings; what is not named is averaged over. Without it: the axes")
        let domains = Field.optional("domains", .list(.string, count: 1...50), default: .null, "the domains that are shown. Without it: all")
        let interval = Field.optional(
            "interval", .choice(TableDefinition.Interval.allCases.map(\.rawValue)), default: "t",
            "95 % interval: Student t, or percentiles of a seeded bootstrap")
        switch kind {
        case .curves:
            let stage = Field.optional(
                "stage", .choice(Stage.allCases.map(\.rawValue)), default: "stream", "the tasks of the stream, or the instruction stage behind it")
            return [title, filter, arms, stage]
        case .blocks: return [title, filter]
        case .stream: return [title, filter, arms, domains, interval]
        case .forgetting, .gap, .drift: return [title, filter, arms, interval]
        case .front:
            let metrics = Field.optional(
                "metrics", .list(.string, count: 2...2), default: .null, "two columns: learning to the right, retention upwards")
            return [title, filter, arms, metrics, interval]
        case .axis:
            return [
                title, filter,
                .required("axis", .string, "axis of the sweep or setting with numbers as values, or one of \(sizes.joined(separator: ", "))"),
                .optional("metrics", .list(.string, count: 1...8), default: .null, "columns, a panel each. Without it: the main metrics"), arms,
                interval,
            ]
        case .scores:
            let measure = Field.optional(
                "measure", .choice(Measure.allCases.map(\.rawValue)), default: "loss", "what is measured on held-out documents or questions")
            return [title, filter, arms, domains, measure]
        }
    }

    public var name: String
    public var kind: PlotKind
    public var title = ""
    /// Allowed values by axis or setting.
    public var filter: [String: [Value]] = [:]
    /// What tells arms apart; nil: the axes of the sweep.
    public var arms: [String]?
    /// nil: all.
    public var domains: [String]?
    /// nil: the main metrics.
    public var metrics: [String]?
    /// Of the kind `axis`, and only of that.
    public var axis: String?
    public var measure = Measure.loss
    public var stage = Stage.stream
    public var interval = TableDefinition.Interval.studentT

    public init(name: String, _ kind: PlotKind) { (self.name, self.kind) = (name, kind) }

    /// Reads a mapping that `settingsKind` has validated.
    init(name: String, settings: Settings) {
        func names(_ key: String) -> [String]? { settings.has(key) ? settings.list(key).compactMap(\.asString) : nil }
        func text(_ key: String) -> String? { settings.has(key) ? settings.string(key) : nil }
        self.init(name: name, PlotKind(rawValue: settings.string("kind")) ?? .curves)
        title = settings.string("title")
        filter = (settings.value["filter"]?.asObject ?? [:]).mapValues { $0.asList ?? [$0] }
        (arms, domains, metrics, axis) = (names("arms"), names("domains"), names("metrics"), text("axis"))
        measure = text("measure").flatMap(Measure.init) ?? .loss
        stage = text("stage").flatMap(Stage.init) ?? .stream
        interval = text("interval").flatMap(TableDefinition.Interval.init) ?? .studentT
    }

    /// Reads back what `json` wrote.
    public init(json: Value) throws(SettingsError) {
        guard var entries = json.asObject, let name = entries.removeValue(forKey: "name")?.asString else {
            throw SettingsError(path: Path(), found: json.summary, expected: "a plot with a name")
        }
        self.init(name: name, settings: Settings(validated: try Self.settingsKind.validated(.object(entries), at: Path())))
    }

    /// The definition with its name, for the results file.
    public var json: Value {
        func list(_ names: [String]?) -> Value { names.map { .list($0.map(Value.string)) } ?? .null }
        let all: [String: Value] = [
            "title": .string(title), "filter": .object(filter.mapValues(Value.list)), "arms": list(arms), "domains": list(domains),
            "metrics": list(metrics), "axis": axis.map { .string($0) } ?? .null, "measure": .string(measure.rawValue),
            "interval": .string(interval.rawValue), "stage": .string(stage.rawValue),
        ]
        let known = Set(Self.fields(of: kind).map(\.key))
        return .object(all.filter { known.contains($0.key) }.merging(["name": .string(name), "kind": .string(kind.rawValue)]) { $1 })
    }

    /// Axes and settings that it names: the results file has a column of each.
    public var labels: [String] { (arms ?? []) + filter.keys.sorted() + [axis].compactMap(\.self).filter { !Self.sizes.contains($0) } }
}
