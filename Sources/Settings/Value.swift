/// A value of an experiment file, a recipe or a journal record: JSON with whole numbers and real numbers told apart.
public indirect enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list([Value])
    case object([String: Value])
}

extension Value: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: Value...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
    public init(nilLiteral: ()) { self = .null }
}

extension Value {
    /// The value at a key of an object, or nil.
    public subscript(key: String) -> Value? {
        get {
            guard case .object(let entries) = self else { return nil }
            return entries[key]
        }
        set {
            guard case .object(var entries) = self else { preconditionFailure("a key set on \(summary)") }
            entries[key] = newValue
            self = .object(entries)
        }
    }

    /// The value at a path, or nil.
    public subscript(path: Path) -> Value? {
        var value = self
        for step in path.steps {
            switch (step, value) {
            case (.key(let key), .object(let entries)):
                guard let next = entries[key] else { return nil }
                value = next
            case (.index(let index), .list(let items)):
                guard items.indices.contains(index) else { return nil }
                value = items[index]
            default: return nil
            }
        }
        return value
    }

    /// A whole or a real number as Double, else nil.
    public var asDouble: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    public var asInteger: Int? { if case .integer(let value) = self { value } else { nil } }
    public var asString: String? { if case .string(let value) = self { value } else { nil } }
    public var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var asList: [Value]? { if case .list(let value) = self { value } else { nil } }
    public var asObject: [String: Value]? { if case .object(let value) = self { value } else { nil } }

    /// Short form for error messages, always one line: `"text"`, `3`, `a list of 2`, `a mapping`.
    public var summary: String {
        switch self {
        case .null: "nothing"
        case .number(let value): "\(value)"
        case .bool, .integer: canonicalJSON
        case .string(let text): Value.string(text.count > 60 ? "\(text.prefix(57))..." : text).canonicalJSON
        case .list(let items): "a list of \(items.count)"
        case .object: "a mapping"
        }
    }
}
