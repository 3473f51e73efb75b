import Settings

/// What rows of a table can be told apart by: axes of the sweep, the strategy, and settings of the resolved configuration.
public enum TableLabels {
    /// Axes over which means are taken, if they are there: seeds, and the order of the tasks when every run has the same ones.
    public static func repetitionAxes(streams: some Collection<[String]>) -> Set<String> {
        let isOrder = Set(streams.map { $0.sorted() }).count <= 1
        return isOrder ? ["seed", "base.seed", "stream"] : ["seed", "base.seed"]
    }

    /// The value of a label in a run; nil or null where it has none.
    public static func value(_ name: String, axes: [(name: String, value: Value)], strategy: String, configuration: Value) -> Value? {
        if let axis = axes.first(where: { $0.name == name }) { return axis.value }
        if name == "strategy" { return .string(strategy) }
        return Path(parsing: name).flatMap { configuration[$0] }
    }

    /// How a value is shown: text as it is, whole numbers without a point.
    public static func text(_ value: Value) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): Int(exactly: number).map { String($0) } ?? "\(number)"
        default: value.canonicalJSON
        }
    }

    /// Dotted paths of all settings of a configuration.
    static func paths(_ configuration: Value, under path: String = "") -> [String] {
        guard let entries = configuration.asObject else { return [path] }
        return entries.keys.sorted().flatMap { key in paths(entries[key] ?? .null, under: path.isEmpty ? key : "\(path).\(key)") }
    }
}
