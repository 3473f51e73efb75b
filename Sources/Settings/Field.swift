/// One key of a mapping in an experiment file: what may stand there, what it means, and what holds when it is left out.
/// The same list of fields validates the file, fills in defaults and makes the JSON Schema.
public struct Field: Sendable {
    public var key: String
    public var kind: Kind
    /// nil: the key must be given. `.null`: it may be left out and then reads as null.
    public var defaultValue: Value?
    public var help: String

    public init(key: String, kind: Kind, defaultValue: Value?, help: String) {
        self.key = key
        self.kind = kind
        self.defaultValue = defaultValue
        self.help = help
    }

    public static func required(_ key: String, _ kind: Kind, _ help: String) -> Field {
        Field(key: key, kind: kind, defaultValue: nil, help: help)
    }

    public static func optional(_ key: String, _ kind: Kind, default value: Value, _ help: String) -> Field {
        Field(key: key, kind: kind, defaultValue: value, help: help)
    }
}

/// What may stand at a key.
public indirect enum Kind: Sendable {
    case bool
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case string
    case choice([String])
    case list(Kind, count: ClosedRange<Int>)
    /// A mapping with keys of the user's choice, all values of one kind.
    case map(Kind)
    case object([Field])
    /// A mapping with these keys, each of which may be left out, and any others, which are checked elsewhere. Nothing is filled in.
    case open([Field])
    /// A mapping whose key `tag` says which fields the rest has.
    case variant(tag: String, [Variant])
    /// The first kind that fits. `integer` stands before `number` when the two are to stay apart.
    case either([Kind])
    /// Anything: checked elsewhere.
    case any

    public static var positive: Kind { .integer(1...Int(Int32.max)) }
    public static var natural: Kind { .integer(0...Int(Int32.max)) }
    /// A number above 0.
    public static var aboveZero: Kind { .number(.leastNonzeroMagnitude ... .greatestFiniteMagnitude) }
    public static var share: Kind { .number(0...1) }
}

/// One form of a tagged mapping: `kind: lora` with the fields of LoRA.
public struct Variant: Sendable {
    public var name: String
    public var fields: [Field]
    public var help: String

    public init(_ name: String, _ fields: [Field], _ help: String) {
        self.name = name
        self.fields = fields
        self.help = help
    }
}
