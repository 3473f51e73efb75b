/// A validated mapping with its defaults filled in, read by key. Reading a key that its fields do not declare, or as a
/// type that they do not give it, is a mistake in the program and traps.
public struct Settings: Sendable, Hashable {
    public let value: Value

    /// Validates `value` against `fields` and fills in the defaults.
    public init(_ value: Value, fields: [Field]) throws(SettingsError) {
        self.value = try Kind.object(fields).validated(value, at: Path())
    }

    /// Wraps a mapping that has been validated already.
    public init(validated value: Value) {
        precondition(value.asObject != nil, "settings are a mapping")
        self.value = value
    }

    public func has(_ key: String) -> Bool { value[key].map { $0 != .null } ?? false }
    public func integer(_ key: String) -> Int { read(key, \.asInteger) }
    public func number(_ key: String) -> Double { read(key, \.asDouble) }
    public func string(_ key: String) -> String { read(key, \.asString) }
    public func bool(_ key: String) -> Bool { read(key, \.asBool) }
    public func list(_ key: String) -> [Value] { read(key, \.asList) }
    public func settings(_ key: String) -> Settings { Settings(validated: .object(read(key, \.asObject))) }

    private func read<T>(_ key: String, _ form: KeyPath<Value, T?>) -> T {
        guard let value = value[key], let result = value[keyPath: form] else {
            preconditionFailure("no setting '\(key)' as \(T.self)")
        }
        return result
    }
}
