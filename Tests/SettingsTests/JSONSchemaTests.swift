import Kernels
import Settings
import Testing

@Suite struct JSONSchemaTests {
    static let fields: [Field] = [
        .required("name", .string, "of the experiment"),
        .optional("train", .object(ValidationTests.train), default: nil, "training"),
        .optional("strategy", ValidationTests.strategy, default: ["kind": "sequential"], "how it learns"),
        .optional("position", .either([.choice(["top", "bottom"]), .list(.integer(0...9), count: 1...2)]), default: "top", "where"),
        .optional("flags", .map(.bool), default: [:], "switches"),
        .optional("mode", .choice(["a", "b"]), default: "a", "mode"),
        .optional("note", .any, default: nil, "anything"),
    ]

    @Test func saysWhatTheFieldsSay() {
        let schema = JSONSchema.document(title: "T", description: "D", fields: Self.fields)
        #expect(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["title"] == "T")
        #expect(schema["description"] == "D")
        #expect(schema["required"] == ["name"])
        #expect(schema["additionalProperties"] == false)
        #expect(schema["properties"]?["name"] == ["type": "string", "description": "of the experiment"])
        #expect(
            schema["properties"]?["mode"] == ["type": ["string", "null"], "enum": ["a", "b", nil], "default": "a", "description": "mode"])
        #expect(schema["properties"]?["note"] == ["description": "anything"])
        let train = schema["properties"]?["train"]?["properties"]
        #expect(train?["steps"] == ["type": "integer", "minimum": 1, "maximum": 2_147_483_647, "description": "optimizer steps"])
        #expect(train?["learning_rate"] == ["type": ["number", "null"], "exclusiveMinimum": 0, "default": 1e-3, "description": "peak"])
        let forms = schema["properties"]?["strategy"]?["anyOf"]?.asList?.first?["oneOf"]?.asList
        #expect(forms?.count == 2)
        #expect(forms?.first?["properties"]?["kind"] == ["const": "lora", "description": "low-rank adapters"])
        #expect(forms?.first?["required"] == ["kind", "r"])
        #expect(forms?.first?["additionalProperties"] == false)
    }

    /// Random files of known and unknown keys: the schema and the validator agree on every one.
    @Test func acceptsWhatTheValidatorAccepts() throws {
        let schema = JSONSchema.document(title: "", description: "", fields: Self.fields)
        var random = RandomStream(seed: 3, "schema")
        var acceptedCount = 0
        for _ in 0..<4_000 {
            let value = anyFile(&random)
            let isValid = (try? Settings(value, fields: Self.fields)) != nil
            #expect(try SchemaEvaluator.accepts(value, schema) == isValid, "\(value.canonicalJSON)")
            acceptedCount += isValid ? 1 : 0
        }
        #expect((400..<3_600).contains(acceptedCount))
    }

    @Test func theEvaluatorSeesWrongValues() throws {
        #expect(try SchemaEvaluator.accepts(3, ["type": "string"]) == false)
        #expect(try SchemaEvaluator.accepts(3, ["oneOf": [["type": "integer"], ["type": "number"]]]) == false)
        #expect(throws: SchemaEvaluator.UnknownKeyword.self) { try SchemaEvaluator.accepts(3, ["pattern": "x"]) }
    }

    private func anyFile(_ random: inout RandomStream) -> Value {
        var file: Value = ["name": "x"]
        if random.below(20) == 0 { file["name"] = nil }
        for _ in 0..<random.below(4) {
            switch random.below(7) {
            case 0:
                file["train"] = anyMapping(
                    &random, ["steps", "learning_rate", "seed", "schedule", "step"], [1, 2.0, 0, 0.5, nil, ["warmup_ratio": 1], [:]])
            case 1: file["strategy"] = anyMapping(&random, ["kind", "r", "kind"], ["lora", "sequential", 4, 4.0, "x"])
            case 2: file["position"] = random.pick(["top", "tpo", [1], [1.0, 9], [10], [], [1, 2, 3], nil, 4])
            case 3: file["flags"] = anyMapping(&random, ["a", "b"], [true, false, "yes"])
            case 4: file["mode"] = random.pick(["a", "b", "c", nil, 1])
            case 5: file["note"] = random.pick([nil, 1, [[:]]])
            default: file[random.pick(["note", "nam", "mode"])] = random.pick(["a", nil])
            }
        }
        return file
    }

    private func anyMapping(_ random: inout RandomStream, _ keys: [String], _ values: [Value]) -> Value {
        if random.below(12) == 0 { return random.pick([nil, [], "text"]) }
        var mapping: Value = [:]
        for _ in 0..<random.below(4) { mapping[random.pick(keys)] = random.pick(values) }
        if mapping["steps"] == nil, random.below(3) > 0, keys.contains("steps") { mapping["steps"] = 5 }
        return mapping
    }

    @Test func aSupplierMakesUpForWhatIsMissing() throws {
        let fields: [Field] = [
            .required("name", .string, ""), .required("base", .object([.required("steps", .positive, ""), .optional("seed", .natural, default: 0, "")]), ""),
            .optional("sweep", .map(.any), default: nil, ""),
        ]
        let schema = JSONSchema.document(title: "", description: "", fields: fields, supplier: "sweep")
        let complete: Value = ["name": "a", "base": ["steps": 1]]
        let incomplete: [Value] = [[:], ["name": "a"], ["base": ["steps": 1]], ["name": "a", "base": [:]], ["name": "a", "base": ["seed": 1]]]
        for file in incomplete + [complete] {
            #expect(try SchemaEvaluator.accepts(file, schema) == (file == complete), "\(file)")
            var file = file
            file["sweep"] = nil as Value
            #expect(try SchemaEvaluator.accepts(file, schema) == (file["base"] == complete["base"] && file["name"] != nil), "\(file)")
            file["sweep"] = [:]
            #expect(try SchemaEvaluator.accepts(file, schema), "\(file)")
            file["stepz"] = 1
            #expect(try !SchemaEvaluator.accepts(file, schema))
        }
        #expect(try !SchemaEvaluator.accepts(["sweep": [:], "base": ["steps": 0]], schema))
    }
}
