/// Validates many mappings against the same fields. What stands at a key is validated once, however many mappings have it there: the runs of
/// a sweep differ in little.
public struct SettingsReader {
    private let fields: [Field]
    private var known: [String: [Value: Value]] = [:]
    /// What the mapping before had at each key: mostly the same storage, which is seen at a glance.
    private var last: [String: (given: Value, validated: Value)] = [:]

    public init(fields: [Field]) { self.fields = fields }

    /// The same as `Settings(value, fields: fields)`.
    public mutating func settings(_ value: Value) throws(SettingsError) -> Settings {
        guard let entries = value.asObject else { return try Settings(value, fields: fields) }
        var (known, last) = (known, last)
        // The copies are the only ones while they change.
        (self.known, self.last) = ([:], [:])
        defer { (self.known, self.last) = (known, last) }
        let filled = try Kind.filled(entries, fields, at: Path()) { field, value throws(SettingsError) in
            if let last = last[field.key], last.given == value { return last.validated }
            let validated: Value
            if let former = known[field.key]?[value] { validated = former } else {
                validated = try field.kind.validated(value, at: Path().appending(field.key))
                known[field.key, default: [:]][value] = validated
            }
            last[field.key] = (value, validated)
            return validated
        }
        return Settings(validated: .object(filled))
    }
}
