import Settings

/// Decides whether a value satisfies a JSON Schema made of the keywords that `JSONSchema` writes; any other keyword is refused,
/// so that a new one cannot pass unseen.
enum SchemaEvaluator {
    struct UnknownKeyword: Error { var name: String }

    private static let annotations: Set = ["$schema", "title", "description", "default"]

    static func accepts(_ value: Value, _ schema: Value) throws -> Bool {
        for (keyword, rule) in schema.asObject ?? [:] {
            switch keyword {
            case "type":
                let names = rule.asList ?? [rule]
                if !names.contains(where: { isOfType(value, $0.asString ?? "") }) { return false }
            case "enum": if rule.asList?.contains(value) != true { return false }
            case "const": if rule != value { return false }
            case "minimum": if let number = value.asDouble, let bound = rule.asDouble, number < bound { return false }
            case "maximum": if let number = value.asDouble, let bound = rule.asDouble, number > bound { return false }
            case "exclusiveMinimum": if let number = value.asDouble, let bound = rule.asDouble, number <= bound { return false }
            case "minItems": if let items = value.asList, let bound = rule.asInteger, items.count < bound { return false }
            case "maxItems": if let items = value.asList, let bound = rule.asInteger, items.count > bound { return false }
            case "items": for item in value.asList ?? [] { if try !accepts(item, rule) { return false } }
            case "required":
                if let entries = value.asObject, rule.asList?.contains(where: { entries[$0.asString ?? ""] == nil }) == true {
                    return false
                }
            case "properties":
                for (key, inner) in value.asObject ?? [:] { if let schema = rule[key], try !accepts(inner, schema) { return false } }
            case "additionalProperties":
                for (key, inner) in value.asObject ?? [:] where schema["properties"]?[key] == nil {
                    if rule == false { return false }
                    if try !accepts(inner, rule) { return false }
                }
            case "oneOf": if try (rule.asList ?? []).count(where: { try accepts(value, $0) }) != 1 { return false }
            case "anyOf": if try !(rule.asList ?? []).contains(where: { try accepts(value, $0) }) { return false }
            case "if": if try accepts(value, rule), let then = schema["then"], try !accepts(value, then) { return false }
            case "then": continue
            default: if !annotations.contains(keyword) { throw UnknownKeyword(name: keyword) }
            }
        }
        return true
    }

    private static func isOfType(_ value: Value, _ name: String) -> Bool {
        switch (value, name) {
        case (.null, "null"), (.bool, "boolean"), (.string, "string"), (.list, "array"), (.object, "object"), (.integer, "integer"),
            (.integer, "number"), (.number, "number"):
            true
        case (.number(let number), "integer"): number == number.rounded()
        default: false
        }
    }
}
