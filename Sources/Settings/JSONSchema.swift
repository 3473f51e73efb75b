/// JSON Schema (draft 2020-12) of a list of fields, for editors: it accepts what `Kind.validated` accepts, and nothing else.
public enum JSONSchema {
    /// The schema of a whole file.
    ///
    /// - `supplier`: a key whose value can supply what is missing elsewhere (the sweep of an experiment): in a file that has it,
    ///   no setting is required.
    public static func document(title: String, description: String, fields: [Field], supplier: String? = nil) -> Value {
        var schema = schema(of: .object(fields))
        if let supplier {
            schema = relaxed(schema)
            schema["if"] = ["properties": .object([supplier: ["type": "null"]])]
            schema["then"] = requirements(of: fields)
        }
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = .string(title)
        schema["description"] = .string(description)
        return schema
    }

    /// Without `required`, in the mapping and in those that stand in it.
    private static func relaxed(_ schema: Value) -> Value {
        guard schema["properties"] != nil else { return schema }
        var schema = schema
        schema["required"] = nil
        schema["properties"] = schema["properties"]?.asObject.map { .object($0.mapValues(relaxed)) }
        return schema
    }

    /// What `relaxed` leaves out.
    private static func requirements(of fields: [Field]) -> Value {
        var requirements: Value = [:]
        var inner: Value = [:]
        for field in fields {
            guard case .object(let fields) = field.kind else { continue }
            let requirements = self.requirements(of: fields)
            if requirements != [:] { inner[field.key] = requirements }
        }
        if inner != [:] { requirements["properties"] = inner }
        let required = required(fields)
        if !required.isEmpty { requirements["required"] = .list(required) }
        return requirements
    }

    private static func required(_ fields: [Field]) -> [Value] {
        fields.filter { $0.defaultValue == nil }.map(\.key).sorted().map(Value.string)
    }

    /// The schema of what may stand at a key.
    public static func schema(of kind: Kind) -> Value {
        switch kind {
        case .any: return [:]
        case .bool: return ["type": "boolean"]
        case .string: return ["type": "string"]
        case .choice(let names): return ["type": "string", "enum": .list(names.map(Value.string))]
        case .integer(let range):
            var schema: Value = ["type": "integer"]
            if range.lowerBound > .min { schema["minimum"] = .integer(range.lowerBound) }
            if range.upperBound < .max { schema["maximum"] = .integer(range.upperBound) }
            return schema
        case .number(let range):
            var schema: Value = ["type": "number"]
            if range.lowerBound == .leastNonzeroMagnitude {
                schema["exclusiveMinimum"] = 0
            } else if range.lowerBound > -.greatestFiniteMagnitude {
                schema["minimum"] = .number(range.lowerBound)
            }
            if range.upperBound < .greatestFiniteMagnitude { schema["maximum"] = .number(range.upperBound) }
            return schema
        case .list(let element, let count):
            var schema: Value = ["type": "array", "items": self.schema(of: element)]
            if count.lowerBound > 0 { schema["minItems"] = .integer(count.lowerBound) }
            if count.upperBound < .max { schema["maxItems"] = .integer(count.upperBound) }
            return schema
        case .map(let element): return ["type": "object", "additionalProperties": schema(of: element)]
        case .object(let fields): return object(fields)
        case .open(let fields):
            return ["type": "object", "properties": .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.key, property($0)) }))]
        case .variant(let tag, let variants):
            return ["oneOf": .list(variants.map { form(tag: tag, $0) })]
        case .either(let kinds): return ["anyOf": .list(kinds.map(schema))]
        }
    }

    private static func object(_ fields: [Field]) -> Value {
        var properties: Value = [:]
        for field in fields { properties[field.key] = property(field) }
        var schema: Value = ["type": "object", "properties": properties, "additionalProperties": false]
        let required = required(fields)
        if !required.isEmpty { schema["required"] = .list(required) }
        return schema
    }

    private static func form(tag: String, _ variant: Variant) -> Value {
        var schema = object([.required(tag, .choice([variant.name]), variant.help)] + variant.fields)
        schema["title"] = .string(variant.name)
        schema["description"] = .string(variant.help)
        if var properties = schema["properties"] {
            properties[tag] = ["const": .string(variant.name), "description": .string(variant.help)]
            schema["properties"] = properties
        }
        return schema
    }

    private static func property(_ field: Field) -> Value {
        var schema = schema(of: field.kind)
        if let value = field.defaultValue {
            schema = allowingNull(schema)
            if value != .null { schema["default"] = value }
        }
        schema["description"] = .string(field.help)
        return schema
    }

    /// A key that may be left out may also stand there with nothing after it.
    private static func allowingNull(_ schema: Value) -> Value {
        var schema = schema
        if let names = schema["enum"]?.asList {
            schema["enum"] = .list(names + [.null])
        }
        if let type = schema["type"] {
            schema["type"] = [type, "null"]
            return schema
        }
        if let forms = schema["anyOf"]?.asList {
            schema["anyOf"] = .list(forms + [["type": "null"]])
            return schema
        }
        return schema == [:] ? schema : ["anyOf": [schema, ["type": "null"]]]
    }
}
