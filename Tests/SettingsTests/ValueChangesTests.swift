import Settings
import Testing

@Suite struct ValueChangesTests {
    @Test func setReplacesAndMakesMappings() throws {
        var value: Value = ["a": ["b": 1]]
        try value.set(2, at: Path(dotted: "a.b"))
        try value.set(3, at: Path(dotted: "a.c.d"))
        #expect(value == ["a": ["b": 2, "c": ["d": 3]]])
        try value.set([4], at: Path(dotted: "a"))
        try value.set(5, at: Path(dotted: "a").appending(0))
        #expect(value == ["a": [5]])
        try value.set("root", at: Path())
        #expect(value == "root")
    }

    @Test func setSaysWhatStandsInTheWay() {
        var value: Value = ["a": [1], "s": "x"]
        let before = value
        func message(_ path: String) -> String? {
            #expect(throws: SettingsError.self) { try value.set(0, at: Path(parsing: path) ?? Path()) }?.description
        }
        #expect(message("s.t") == "s: found \"x\", expected a mapping with a key 't'")
        #expect(message("a[1]") == "a: found index 1 of a list of 1, expected an index from 0 to 0")
        #expect(message("a.b") == "a: found a list of 1, expected a mapping with a key 'b'")
        #expect(message("s[0]") == "s: found \"x\", expected a list with an index 0")
        #expect(message("n[0]") == "n: found nothing, expected a list with an index 0")
        #expect(value == before)
    }

    @Test func mergeIsDeepAndReplacesListsAndScalars() {
        let lower: Value = ["a": ["b": 1, "c": [1, 2]], "d": 1]
        #expect(lower.merged(with: ["a": ["c": [3]], "e": 2]) == ["a": ["b": 1, "c": [3]], "d": 1, "e": 2])
        #expect(lower.merged(with: ["a": 5]) == ["a": 5, "d": 1])
        #expect(lower.merged(with: ["d": ["x": 1]]) == ["a": ["b": 1, "c": [1, 2]], "d": ["x": 1]])
        #expect(lower.merged(with: ["d": nil]) == ["a": ["b": 1, "c": [1, 2]], "d": nil])
    }

    @Test func anotherKindReplacesTheMappingWhole() {
        let lower: Value = ["strategy": ["kind": "lora", "r": 8]]
        #expect(lower.merged(with: ["strategy": ["kind": "frozen"]]) == ["strategy": ["kind": "frozen"]])
        #expect(lower.merged(with: ["strategy": ["kind": "lora", "r": 4]]) == ["strategy": ["kind": "lora", "r": 4]])
        #expect(lower.merged(with: ["strategy": ["lora_alpha": 4]]) == ["strategy": ["kind": "lora", "r": 8, "lora_alpha": 4]])
    }
}
