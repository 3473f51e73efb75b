import Settings

/// Where every value and every key of a document was written, and the order of the keys, which `Value` does not keep.
public struct SourceMap: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        /// nil for the root and for elements of a list.
        var key: Place?
        var value: Place
        /// The keys of a mapping in the order of the file.
        var keys: [String] = []
    }

    private var entries: [Path: Entry] = [:]

    /// The place of the value (or the key) at a path, or of its nearest ancestor that has one.
    public func place(of path: Path, _ subject: SettingsError.Subject = .value) -> Place? {
        if let entry = entries[path] { return subject == .key ? entry.key ?? entry.value : entry.value }
        return path.parent.flatMap { place(of: $0) }
    }

    /// The keys of the mapping at a path, in the order of the file; empty when there is none.
    public func keys(at path: Path) -> [String] { entries[path]?.keys ?? [] }

    mutating func record(_ path: Path, key: Place?, value: Place) {
        entries[path] = Entry(key: key, value: value)
    }

    mutating func record(keys: [String], at path: Path) { entries[path]?.keys = keys }

    /// What stands at a path and under it comes from `place` now; so do the mappings made on the way to it.
    mutating func replace(_ path: Path, with value: Value, from place: Place) {
        entries = entries.filter { !$0.key.isAtOrUnder(path) }
        fill(path, value, from: place)
        var inner = path
        while let step = inner.steps.last, case .key(let key) = step, let outer = inner.parent {
            if entries[outer] == nil { record(outer, key: place, value: place) }
            if entries[outer]?.keys.contains(key) == false { entries[outer]?.keys.append(key) }
            inner = outer
        }
    }

    private mutating func fill(_ path: Path, _ value: Value, from place: Place) {
        record(path, key: place, value: place)
        guard let inner = value.asObject else { return }
        // A mapping that is not from a file has no order of its own.
        record(keys: inner.keys.sorted(), at: path)
        for (key, value) in inner { fill(path.appending(key), value, from: place) }
    }
}
