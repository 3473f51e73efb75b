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
            guard let number = value.asInteger, range.contains(number) else { throw wrong() }
            return value
        case .number(let range):
            guard let number = value.asDouble, range.contains(number) else { throw wrong() }
            return .number(number)
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
                result[key] = try element.validated(entries[key]!, at: path.appending(key))
            }
            return .object(result)
        case .object(let fields):
            guard let entries = value.asObject else { throw wrong() }
            return .object(try Kind.filled(entries, fields, at: path))
        case .variant(let tag, let variants):
            guard let entries = value.asObject else { throw wrong() }
            let names = variants.map(\.name)
            guard let found = entries[tag] else {
                throw SettingsError(path: path, found: "no key '\(tag)'", expected: "'\(tag)', one of \(names.joined(separator: ", "))")
            }
            let name = try Kind.choice(names).validated(found, at: path.appending(tag)).asString!
            let variant = variants.first { $0.name == name }!
            let tagField = Field.required(tag, .choice(names), variant.help)
            return .object(try Kind.filled(entries, [tagField] + variant.fields, at: path))
        case .either(let kinds):
            for kind in kinds {
                if let result = try? kind.validated(value, at: path) { return result }
            }
            throw wrong()
        }
    }

    private static func filled(_ entries: [String: Value], _ fields: [Field], at path: Path) throws(SettingsError) -> [String: Value] {
        let keys = fields.map(\.key)
        for key in entries.keys.sorted() where !keys.contains(key) {
            throw SettingsError(
                path: path.appending(key), found: "an unknown key '\(key)'",
                expected: keys.isEmpty ? "no keys here" : "one of \(keys.sorted().joined(separator: ", "))",
                advice: nearestAdvice(to: key, among: keys))
        }
        var result: [String: Value] = [:]
        for field in fields {
            if let value = entries[field.key], !(value == .null && field.defaultValue != nil) {
                result[field.key] = try field.kind.validated(value, at: path.appending(field.key))
            } else if let value = field.defaultValue {
                // A default that is itself a mapping (`{}`) takes the defaults of its own fields.
                result[field.key] = value == .null ? .null : try field.kind.validated(value, at: path.appending(field.key))
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
            "a list" + (count.lowerBound > 0 ? " of at least \(count.lowerBound)" : "") + ", each \(element.expectation)"
        case .map(let element): "a mapping of names, each \(element.expectation)"
        case .object, .variant: "a mapping"
        case .either(let kinds): kinds.map(\.expectation).joined(separator: ", or ")
        }
    }

    private static func bounds<T: Comparable>(_ low: T, _ high: T, _ least: T, _ most: T) -> String {
        switch (low > least, high < most) {
        case (true, true): " from \(low) to \(high)"
        case (true, false): " from \(low) up"
        case (false, true): " up to \(high)"
        case (false, false): ""
        }
    }
}
