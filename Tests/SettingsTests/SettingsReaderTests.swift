import Settings
import Testing

@Suite struct SettingsReaderTests {
    private static let fields: [Field] = [
        .required("name", .string, "a name"), .optional("train", .object([.optional("steps", .positive, default: 3, "steps"), .optional("rate", .number(0...1), default: 0.5, "rate")]), default: [:], "training"),
        .optional("seed", .natural, default: 0, "seed"), .optional("note", .string, default: .null, "a note"),
    ]

    /// The same as without memory, in whatever order, errors too.
    @Test func readsAsSettingsDo() {
        var reader = SettingsReader(fields: Self.fields)
        let values: [Value] = [
            ["name": "a"], ["name": "a", "train": ["steps": 4]], ["name": "b", "train": ["steps": 4.0]], ["name": "b", "train": ["steps": 4, "rate": 1]],
            ["name": "a", "train": nil, "seed": 1.0], ["train": [:]], ["name": "a", "train": ["steps": 0]], ["name": "a", "trane": [:]], 5,
            ["name": "a", "train": ["steps": 4]], ["name": 1], ["name": "a", "note": "x", "seed": nil], ["name": "a", "train": ["rate": 1.0]],
        ]
        func result(_ read: () throws(SettingsError) -> Settings) -> Result<Settings, SettingsError> { Result(catching: read) }
        for value in values + values.reversed() {
            let expected = result { () throws(SettingsError) in try Settings(value, fields: Self.fields) }
            #expect(result { () throws(SettingsError) in try reader.settings(value) } == expected, "\(value)")
        }
    }
}
