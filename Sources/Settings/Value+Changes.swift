extension Value {
    /// Puts a value at a path. Mappings that are missing on the way are made; a list is entered only at an index it has.
    ///
    /// Throws at the place on the way that is neither a mapping nor missing, or at an index out of range.
    public mutating func set(_ value: Value, at path: Path) throws(SettingsError) {
        try set(value, at: path.steps[...], from: Path())
    }

    private mutating func set(_ value: Value, at steps: ArraySlice<Path.Step>, from outer: Path) throws(SettingsError) {
        guard let step = steps.first else {
            self = value
            return
        }
        switch (step, self) {
        case (.key(let key), .object(var entries)):
            // Taken out while it is changed, so that it is changed in place.
            var inner = entries.removeValue(forKey: key) ?? .null
            try inner.set(value, at: steps.dropFirst(), from: outer.appending(key))
            entries[key] = inner
            self = .object(entries)
        case (.key(let key), .null):
            var inner = Value.null
            try inner.set(value, at: steps.dropFirst(), from: outer.appending(key))
            self = .object([key: inner])
        case (.index(let index), .list(var items)):
            guard items.indices.contains(index) else {
                throw SettingsError(
                    path: outer, found: "index \(index) of \(summary)",
                    expected: items.isEmpty ? "no index: the list is empty" : "an index from 0 to \(items.count - 1)")
            }
            try items[index].set(value, at: steps.dropFirst(), from: outer.appending(index))
            self = .list(items)
        case (.key(let key), _):
            throw SettingsError(path: outer, found: summary, expected: "a mapping with a key '\(key)'")
        case (.index(let index), _):
            throw SettingsError(path: outer, found: summary, expected: "a list with an index \(index)")
        }
    }

    /// This value with another laid over it: mappings are merged key by key, anything else is replaced.
    ///
    /// A mapping that names another `kind` than the one beneath it replaces it whole: the settings of one kind mean nothing to
    /// another.
    public func merged(with upper: Value) -> Value {
        guard case .object(var entries) = self, case .object(let changes) = upper, !upper.replacesWhole(self) else { return upper }
        for (key, change) in changes {
            entries[key] = entries[key].map { $0.merged(with: change) } ?? change
        }
        return .object(entries)
    }

    /// Whether merging puts this value in the place of `lower` instead of adding to it.
    public func replacesWhole(_ lower: Value) -> Bool {
        guard asObject != nil, lower.asObject != nil else { return true }
        guard let kind = self["kind"], let lowerKind = lower["kind"] else { return false }
        return kind != lowerKind
    }
}
