import Settings

/// One run of a sweep: its coordinates, and the experiment with everything resolved.
public struct SweepPoint: Sendable, Hashable {
    /// A coordinate: the value that a setting has in this run.
    public struct Axis: Sendable, Hashable {
        /// `arm`, or the dotted path of the setting.
        public var name: String
        public var value: Value

        public init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// `arm` first when there are arms, then the axes of the arm's grid, then those of the global grid, each in the order of the file.
    public var axes: [Axis]
    /// The root of the experiment for this run, without `sweep`.
    public var root: Value
    /// A setting that is still to be chosen, and the one that was.
    var request: MatchRequest?
    var matched: MatchedSetting?
    /// Where a setting that does not come from the root of the file stands in the document.
    var origins: [Path: Origin] = [:]

    struct Origin: Sendable, Hashable {
        var value: Path
        var key: Path
    }

    /// `arm=lora, seed=0`; empty for the only run of an experiment without a sweep.
    public var label: String {
        axes.map { axis in "\(axis.name)=\(axis.value.asString ?? axis.value.canonicalJSON)" }.joined(separator: ", ")
    }

    /// Lays a mapping from elsewhere in the document over the root.
    mutating func merge(_ changes: Value, from source: Path) {
        record(changes, over: root, at: Path(), from: source)
        root = root.merged(with: changes)
    }

    /// Sets one value that stands at `source` in the document, under the key at `key`.
    mutating func set(_ value: Value, at path: Path, from source: Path, key: Path) throws(SettingsError) {
        // Mappings that are made on the way are as new as the value: an unknown one is the fault of the same place.
        var outermost = path
        while let outer = outermost.parent, !outer.steps.isEmpty, root[outer] == nil { outermost = outer }
        try root.set(value, at: path)
        origins = origins.filter { !$0.key.isAtOrUnder(outermost) }
        origins[outermost] = Origin(value: source, key: key)
    }

    private mutating func record(_ changes: Value, over lower: Value?, at path: Path, from source: Path) {
        guard let lower, let entries = changes.asObject, !changes.replacesWhole(lower) else {
            origins = origins.filter { !$0.key.isAtOrUnder(path) }
            origins[path] = Origin(value: source, key: source)
            return
        }
        for (key, change) in entries { record(change, over: lower[key], at: path.appending(key), from: source.appending(key)) }
    }

    /// Where in the document the setting at a path of this run stands.
    func source(of path: Path, _ subject: SettingsError.Subject) -> Path {
        var outer: Path? = path
        while let known = outer {
            if let origin = origins[known] {
                let start = known == path && subject == .key ? origin.key : origin.value
                return Path(start.steps + path.steps.dropFirst(known.steps.count))
            }
            outer = known.parent
        }
        return path
    }
}
