import Settings

/// A table as the experiment file describes it under `tables:`. It is checked with the file, kept in the results file and made from that.
public struct TableDefinition: Sendable, Hashable {
    public enum Interval: String, Sendable, Hashable, CaseIterable {
        case studentT = "t"
        case bootstrap
    }

    public static let fields: [Field] = [
        .optional("title", .string, default: "", "what stands above the table"),
        .optional(
            "rows", .list(.string, count: 1...20), default: .null,
            "what tells rows apart: axes of the sweep, 'strategy', or dotted paths of settings; what is not named is averaged over. Without it: the axes"),
        .optional(
            "columns", .list(.string, count: 1...200), default: .null,
            "what is shown: loss.DOMAIN, perplexity.DOMAIN, accuracy.DOMAIN, bits_per_byte.DOMAIN (or loss.*), metrics, costs. Without it: those of the table 'summary'"),
        .optional("filter", .map(.any), default: [:], "only runs in which these axes or settings have this value, or one of these"),
        .optional("order", .either([.string, .list(.string, count: 1...20)]), default: .null, "columns to sort the arms by; '-' before a name: largest first"),
        .optional("best", .bool, default: true, "the best mean of each column in bold"),
        .optional(
            "against", .either([.string, .map(.any)]), default: .null,
            "an arm that all others are compared with, pairwise by seed and order: its label, or a mapping of row names to values"),
        .optional("costs", .bool, default: true, "parameters, training FLOPs, seconds and memory in front of the other columns"),
        .optional("digits", .either([.integer(0...12), .map(.integer(0...12))]), default: 4, "decimals of means: a number, or numbers by column"),
        .optional("interval", .choice(Interval.allCases.map(\.rawValue)), default: "t", "95 % interval: Student t, or percentiles of a seeded bootstrap"),
        .optional("front", .list(.string, count: 2...2), default: .null, "two columns, learning and retention: marks the arms that no other beats in both"),
    ]

    public var name: String
    public var title = ""
    /// nil: the axes of the sweep.
    public var rows: [String]?
    /// nil: those of the table `summary`. `loss.*` stands for all columns that begin so.
    public var columns: [String]?
    /// Allowed values by axis or setting.
    public var filter: [String: [Value]] = [:]
    public var order: [(column: String, isDescending: Bool)] { orderWords.map { $0.hasPrefix("-") ? (String($0.dropFirst()), true) : ($0, false) } }
    public var orderWords: [String] = []
    public var marksBest = true
    public var against: Against?
    public var showsCosts = true
    public var digits = 4
    public var digitsByColumn: [String: Int] = [:]
    public var interval = Interval.studentT
    /// Columns of learning and of retention.
    public var front: [String]?

    /// The arm that others are compared with.
    public enum Against: Sendable, Hashable {
        case label(String)
        case values([String: Value])
    }

    public init(name: String) { self.name = name }

    /// Reads a mapping that `fields` have validated.
    public init(name: String, settings: Settings) {
        self.name = name
        func names(_ key: String) -> [String]? { settings.has(key) ? settings.list(key).compactMap(\.asString) : nil }
        title = settings.string("title")
        rows = names("rows")
        columns = names("columns")
        filter = (settings.value["filter"]?.asObject ?? [:]).mapValues { $0.asList ?? [$0] }
        orderWords = settings.value["order"]?.asString.map { [$0] } ?? names("order") ?? []
        marksBest = settings.bool("best")
        against = settings.value["against"].flatMap { value in value.asString.map(Against.label) ?? value.asObject.map(Against.values) }
        showsCosts = settings.bool("costs")
        if let number = settings.value["digits"]?.asInteger { digits = number }
        digitsByColumn = (settings.value["digits"]?.asObject ?? [:]).compactMapValues(\.asInteger)
        interval = Interval(rawValue: settings.string("interval")) ?? .studentT
        front = names("front")
    }

    /// Reads back what `json` wrote.
    public init(json: Value) throws(SettingsError) {
        guard var entries = json.asObject, let name = entries.removeValue(forKey: "name")?.asString else {
            throw SettingsError(path: Path(), found: json.summary, expected: "a table with a name")
        }
        self.init(name: name, settings: try Settings(.object(entries), fields: TableDefinition.fields))
    }

    /// The definition with its name, for the results file.
    public var json: Value {
        func list(_ names: [String]?) -> Value { names.map { .list($0.map(Value.string)) } ?? .null }
        let against: Value =
            switch self.against {
            case .label(let text): .string(text)
            case .values(let values): .object(values)
            case nil: .null
            }
        return [
            "name": .string(name), "title": .string(title), "rows": list(rows), "columns": list(columns),
            "filter": .object(filter.mapValues(Value.list)), "order": orderWords.isEmpty ? .null : list(orderWords), "best": .bool(marksBest),
            "against": against, "costs": .bool(showsCosts),
            "digits": digitsByColumn.isEmpty ? .integer(digits) : .object(digitsByColumn.mapValues(Value.integer)),
            "interval": .string(interval.rawValue), "front": list(front),
        ]
    }
}
