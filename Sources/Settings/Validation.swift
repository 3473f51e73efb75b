extension Kind {
    /// The value with its defaults filled in and its numbers in one form, or the first thing that is wrong with it.
    public func validated(_ value: Value, at path: Path) throws(SettingsError) -> Value {
        func wrong(_ advice: String = "") -> SettingsError {
            SettingsError(path: path, found: value.summary, expected: expectation, advice: advice)
        }
        switch self {
        case .any: return value
        case .bool:
            guard value.asBool != nil else { throw wrong() }
            return value
        case .integer(let range):
            // 1e3 and 1000.0 are whole numbers too.
            guard let number = value.asInteger ?? value.asDouble.flatMap({ Int(exactly: $0) }) else { throw wrong() }
            guard range.contains(number) else {
                throw wrong(number > range.upperBound && range.upperBound == Int(Int32.max) ? "the largest is \(range.upperBound)" : "")
            }
            return .integer(number)
        case .number(let range):
            guard let number = value.asDouble, number.isFinite, range.contains(number) else { throw wrong() }
            // Adding zero turns -0.0 into 0.0: equal settings give equal bytes.
            return .number(number + 0)
        case .string:
            guard value.asString != nil else { throw wrong() }
            return value
        case .choice(let names):
            guard let name = value.asString else { throw wrong() }
            guard names.contains(name) else { throw wrong(nearestAdvice(to: name, among: names)) }
            return value
        case .list(let element, let count):
            guard let items = value.asList, count.contains(items.count) else { throw wrong() }
            var result: [Value] = []
            for (index, item) in items.enumerated() {
                result.append(try element.validated(item, at: path.appending(index)))
            }
            return .list(result)
        case .map(let element):
            guard let entries = value.asObject else { throw wrong() }
            var result: [String: Value] = [:]
            for key in entries.keys.sorted() {
                result[key] = try element.validated(entries[key, default: .null], at: path.appending(key))
            }
            return .object(result)
        case .object(let fields):
            guard let entries = value.asObject else { throw wrong() }
            return .object(try Kind.filled(entries, fields, at: path))
        case .open(let fields):
            guard var entries = value.asObject else { throw wrong() }
            for field in fields {
                guard let given = entries[field.key], given != .null else { continue }
                entries[field.key] = try field.kind.validated(given, at: path.appending(field.key))
            }
            return .object(entries)
        case .variant(let tag, let variants):
            let names = variants.map(\.name)
            guard let entries = value.asObject else {
                throw wrong(value.asString.map { names.contains($0) ? "write {\(tag): \($0)}" : "" } ?? "")
            }
            guard let found = entries[tag] else {
                throw SettingsError(path: path, found: "no key '\(tag)'", expected: "'\(tag)', one of \(names.joined(separator: ", "))")
            }
            _ = try Kind.choice(names).validated(found, at: path.appending(tag))
            guard let variant = variants.first(where: { .string($0.name) == found }) else { throw wrong() }
            let tagField = Field.required(tag, .choice(names), variant.help)
            return .object(try Kind.filled(entries, [tagField] + variant.fields, at: path))
        case .either(let kinds):
            // The form that came nearest explains best: one whose shape is the value's and that failed deepest inside it.
            var nearest: SettingsError?
            for kind in kinds {
                do {
                    return try kind.validated(value, at: path)
                } catch where kind.hasShape(of: value) {
                    let isDeeper = error.path.steps.count > nearest?.path.steps.count ?? -1
                    if isDeeper || (nearest?.advice == "" && error.path == nearest?.path) { nearest = error }
                } catch {}
            }
            guard let nearest else { throw wrong() }
            if nearest.path != path || value.asObject != nil { throw nearest }
            throw wrong(nearest.advice)
        }
    }

    /// Whether a value is of the outer form that this kind asks for, whatever it holds.
    private func hasShape(of value: Value) -> Bool {
        switch self {
        case .any: true
        case .bool: value.asBool != nil
        case .integer, .number: value.asDouble != nil
        case .string, .choice: value.asString != nil
        case .list: value.asList != nil
        case .map, .object, .open, .variant: value.asObject != nil
        case .either(let kinds): kinds.contains { $0.hasShape(of: value) }
        }
    }

    private static func filled(_ entries: [String: Value], _ fields: [Field], at path: Path) throws(SettingsError) -> [String: Value] {
        try filled(entries, fields, at: path) { field, value throws(SettingsError) in
            try field.kind.validated(value, at: path.appending(field.key))
        }
    }

    /// The entries with defaults for those that are left out, each as `validated` makes it.
    static func filled(
        _ entries: [String: Value], _ fields: [Field], at path: Path, validated: (Field, Value) throws(SettingsError) -> Value
    ) throws(SettingsError) -> [String: Value] {
        let keys = fields.map(\.key)
        for key in entries.keys.sorted() where !keys.contains(key) {
            throw SettingsError(
                path: path.appending(key), found: "an unknown key '\(key)'",
                expected: keys.isEmpty ? "no keys here" : "one of \(keys.sorted().joined(separator: ", "))",
                advice: nearestAdvice(to: key, among: keys), subject: .key)
        }
        var result: [String: Value] = [:]
        for field in fields {
            if let value = entries[field.key], !(value == .null && field.defaultValue != nil) {
                result[field.key] = try validated(field, value)
            } else if let value = field.defaultValue {
                // A default that is itself a mapping (`{}`) takes the defaults of its own fields.
                result[field.key] = value == .null ? .null : try validated(field, value)
            } else {
                throw SettingsError(
                    path: path, found: "no key '\(field.key)'", expected: "'\(field.key)': \(field.kind.expectation) (\(field.help))")
            }
        }
        return result
    }

    /// What may stand here, in words.
    public var expectation: String {
        switch self {
        case .any: "a value"
        case .bool: "true or false"
        case .integer(let range): "a whole number" + Kind.bounds(range.lowerBound, range.upperBound, Int(Int32.min), Int(Int32.max))
        case .number(let range):
            "a number" + Kind.bounds(range.lowerBound, range.upperBound, -Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude)
        case .string: "text"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        case .list(let element, let count):
            "a list" + Kind.size(count) + ", each \(element.expectation)"
        case .map(let element): "a mapping of names, each \(element.expectation)"
        case .object, .open, .variant: "a mapping"
        case .either(let kinds): kinds.map(\.expectation).joined(separator: ", or ")
        }
    }

    private static func bounds<T: Comparable>(_ low: T, _ high: T, _ least: T, _ most: T) -> String {
        if let low = low as? Double, low == .leastNonzeroMagnitude { return " above 0" + (high < most ? " up to \(high)" : "") }
        return switch (low > least, high < most) {
        case (true, true): " from \(low) to \(high)"
        case (true, false): " from \(low) up"
        case (false, true): " up to \(high)"
        case (false, false): ""
        }
    }

    private static func size(_ count: ClosedRange<Int>) -> String {
        switch (count.lowerBound, count.upperBound) {
        case (let low, let high) where low == high: " of \(low)"
        case (0, .max): ""
        case (let low, .max): " of at least \(low)"
        case (0, let high): " of at most \(high)"
        case (let low, let high): " of \(low) to \(high)"
        }
    }
}
