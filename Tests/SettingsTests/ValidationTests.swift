import Settings
import Testing

@Suite struct ValidationTests {
    private func valid(_ value: Value, _ kind: Kind) throws -> Value { try kind.validated(value, at: Path(dotted: "a.b")) }

    private func message(_ value: Value, _ kind: Kind) -> String {
        do {
            return "accepted as \(try valid(value, kind).canonicalJSON)"
        } catch {
            return "\(error)"
        }
    }

    @Test func boolIsTrueOrFalse() throws {
        #expect(try valid(true, .bool) == true)
        #expect(message("yes", .bool) == "a.b: found \"yes\", expected true or false")
        #expect(message(1, .bool) == "a.b: found 1, expected true or false")
    }

    @Test func integerTakesWholeNumbersInEveryForm() throws {
        #expect(try valid(3, .integer(1...5)) == .integer(3))
        #expect(try valid(1e3, .positive) == .integer(1000))
        #expect(message(2.5, .positive) == "a.b: found 2.5, expected a whole number from 1 up")
        #expect(message(0, .positive) == "a.b: found 0, expected a whole number from 1 up")
        #expect(message(-1, .natural) == "a.b: found -1, expected a whole number from 0 up")
        #expect(message(6, .integer(1...5)) == "a.b: found 6, expected a whole number from 1 to 5")
        #expect(message(3_000_000_000, .positive) == "a.b: found 3000000000, expected a whole number from 1 up; the largest is 2147483647")
        #expect(message("3", .positive) == "a.b: found \"3\", expected a whole number from 1 up")
        #expect(message(1e300, .integer(.min ... .max)).hasPrefix("a.b: found 1e+300, expected a whole number"))
        #expect(message(.number(.nan), .positive) == "a.b: found nan, expected a whole number from 1 up")
    }

    @Test func numberBecomesReal() throws {
        #expect(try valid(1, .share) == .number(1))
        #expect(try valid(0.25, .share) == .number(0.25))
        guard case .number(let zero) = try valid(.number(-0.0), .share) else { throw Unexpected() }
        #expect(zero.sign == .plus)
        #expect(message(1.5, .share) == "a.b: found 1.5, expected a number from 0.0 to 1.0")
        #expect(message(0, .aboveZero) == "a.b: found 0, expected a number above 0")
        #expect(message(.number(.infinity), .number(0 ... .infinity)).hasPrefix("a.b: found inf, expected a number from 0.0"))
        #expect(message(.number(.nan), .number(0 ... .infinity)).hasPrefix("a.b: found nan, expected"))
        #expect(message(true, .share) == "a.b: found true, expected a number from 0.0 to 1.0")
    }

    @Test func stringAndChoice() throws {
        #expect(try valid("x", .string) == "x")
        #expect(message(12, .string) == "a.b: found 12, expected text")
        #expect(try valid("top", .choice(["top", "bottom"])) == "top")
        #expect(message("tpo", .choice(["top", "bottom"])) == "a.b: found \"tpo\", expected one of top, bottom; did you mean 'top'?")
        #expect(message(nil, .choice(["top"])) == "a.b: found nothing, expected one of top")
    }

    @Test func longAndManyLinedTextIsShownShortInOneLine() {
        let found = message(.string("one\ntwo " + String(repeating: "x", count: 100)), .bool)
        #expect(found.contains("\\n"))
        #expect(!found.contains("\n"))
        #expect(found.count < 110)
    }

    @Test func listChecksCountAndElements() throws {
        let kind = Kind.list(.positive, count: 1...3)
        #expect(try valid([1, 2.0], kind) == [1, 2])
        #expect(message([], kind) == "a.b: found a list of 0, expected a list of 1 to 3, each a whole number from 1 up")
        #expect(message([1, 2, 3, 4], kind).hasPrefix("a.b: found a list of 4"))
        #expect(message([1, 0], kind) == "a.b[1]: found 0, expected a whole number from 1 up")
        #expect(message([:], kind).hasPrefix("a.b: found a mapping, expected a list"))
        #expect(Kind.list(.any, count: 2...2).expectation == "a list of 2, each a value")
        #expect(Kind.list(.any, count: 2...Int.max).expectation == "a list of at least 2, each a value")
        #expect(Kind.list(.any, count: 0...2).expectation == "a list of at most 2, each a value")
        #expect(Kind.list(.any, count: 0...Int.max).expectation == "a list, each a value")
    }

    @Test func mapChecksEveryValueInOrderOfKeys() throws {
        #expect(try valid(["x": 1], .map(.share)) == ["x": 1.0])
        #expect(message(["z": 2, "y": 3], .map(.share)).hasPrefix("a.b.y: found 3"))
        #expect(message([], .map(.share)).hasPrefix("a.b: found a list of 0, expected a mapping of names"))
    }

    /// Keys that are known are checked, others are left alone, and nothing is filled in; its schema says the same.
    @Test func openMappingsCheckWhatTheyKnow() throws {
        let kind = Kind.open([.optional("match", .object(Self.train), default: .null, ""), .optional("name", .string, default: "x", "")])
        #expect(try valid(["other": [1], "match": ["steps": 2.0]], kind)["match"] == Settings(["steps": 2], fields: Self.train).value)
        #expect(try valid([:], kind) == [:] && valid(["name": nil, "match": nil], kind) == ["name": nil, "match": nil])
        #expect(message(["match": ["step": 2]], kind).hasPrefix("a.b.match.step: found an unknown key 'step'"))
        #expect(message([], kind) == "a.b: found a list of 0, expected a mapping")
        let schema = JSONSchema.schema(of: kind)
        for (value, isValid) in [(["other": 1], true), (["match": ["steps": 2]], true), ([:], true), (["name": nil], true), (["match": ["step": 2]], false), (["name": 1], false), ([], false)] as [(Value, Bool)] {
            #expect(try SchemaEvaluator.accepts(value, schema) == isValid, "\(value.canonicalJSON)")
        }
    }

    static let train: [Field] = [
        .required("steps", .positive, "optimizer steps"),
        .optional("learning_rate", .aboveZero, default: 1e-3, "peak"),
        .optional("seed", .natural, default: nil, "random seed"),
        .optional("schedule", .object([.optional("warmup_ratio", .share, default: 0.06, "share of the steps")]), default: [:], "shape"),
    ]

    @Test func objectFillsInDefaultsAlsoOfInnerMappings() throws {
        let expected: Value = ["steps": 5, "learning_rate": 1e-3, "seed": nil, "schedule": ["warmup_ratio": 0.06]]
        #expect(try valid(["steps": 5], .object(Self.train)) == expected)
        #expect(try valid(["steps": 5, "learning_rate": nil, "schedule": nil], .object(Self.train)) == expected)
    }

    @Test func objectNamesUnknownAndMissingKeys() throws {
        #expect(
            message(["steps": 5, "learning_rat": 1], .object(Self.train))
                == "a.b.learning_rat: found an unknown key 'learning_rat', expected one of learning_rate, schedule, seed, steps; did you mean 'learning_rate'?"
        )
        #expect(
            message([:], .object(Self.train)) == "a.b: found no key 'steps', expected 'steps': a whole number from 1 up (optimizer steps)")
        #expect(message(["steps": nil], .object(Self.train)) == "a.b.steps: found nothing, expected a whole number from 1 up")
        #expect(
            message(["steps": 1, "schedule": ["warmup": 1]], .object(Self.train)).hasPrefix("a.b.schedule.warmup: found an unknown key"))
        #expect(message(["x": 1], .object([])) == "a.b.x: found an unknown key 'x', expected no keys here")
        let error = #expect(throws: SettingsError.self) { try valid(["stepz": 5], .object(Self.train)) }
        #expect(error?.subject == .key)
        let wrong = #expect(throws: SettingsError.self) { try valid(["steps": true], .object(Self.train)) }
        #expect(wrong?.subject == .value)
    }

    static let strategy = Kind.variant(
        tag: "kind",
        [
            Variant("lora", [.required("r", .positive, "rank")], "low-rank adapters"),
            Variant("sequential", [], "all weights"),
        ])

    @Test func variantTakesTheFieldsOfItsTag() throws {
        #expect(try valid(["kind": "lora", "r": 8], Self.strategy) == ["kind": "lora", "r": 8])
        #expect(
            message(["kind": "lroa"], Self.strategy) == "a.b.kind: found \"lroa\", expected one of lora, sequential; did you mean 'lora'?")
        #expect(message(["r": 8], Self.strategy) == "a.b: found no key 'kind', expected 'kind', one of lora, sequential")
        #expect(message(["kind": "sequential", "r": 8], Self.strategy).hasPrefix("a.b.r: found an unknown key 'r', expected one of kind"))
        #expect(message("lora", Self.strategy) == "a.b: found \"lora\", expected a mapping; write {kind: lora}")
        #expect(message("lroa", Self.strategy) == "a.b: found \"lroa\", expected a mapping")
        #expect(message(["kind": nil], Self.strategy).hasPrefix("a.b.kind: found nothing"))
    }

    @Test func eitherTakesTheFirstThatFits() throws {
        let kind = Kind.either([.positive, .number(0...1), .choice(["auto"])])
        #expect(try valid(3, kind) == .integer(3))
        #expect(try valid(0.5, kind) == .number(0.5))
        #expect(try valid("auto", kind) == "auto")
        #expect(message(true, kind) == "a.b: found true, expected a whole number from 1 up, or a number from 0.0 to 1.0, or one of auto")
        #expect(message("atuo", kind).hasSuffix("or one of auto; did you mean 'auto'?"))
        #expect(message(-1, kind).hasPrefix("a.b: found -1, expected a whole number from 1 up, or"))
    }

    @Test func eitherExplainsTheFormThatCameNearest() {
        let blocks = Kind.either([
            .choice(["top", "bottom"]), .list(.natural, count: 1...9), .object([.required("every", .positive, "step")]),
        ])
        #expect(message([1, -2], blocks) == "a.b[1]: found -2, expected a whole number from 0 up")
        #expect(message(["evry": 2], blocks).hasPrefix("a.b.evry: found an unknown key 'evry'"))
        #expect(message([:], blocks).hasPrefix("a.b: found no key 'every'"))
        #expect(message([], blocks).hasPrefix("a.b: found a list of 0, expected one of top, bottom, or a list of 1 to 9"))
        let forms = Kind.either([Self.strategy, .object([.required("steps", .object(Self.train), "x")])])
        #expect(message(["steps": ["steps": 0]], forms).hasPrefix("a.b.steps.steps: found 0"))
    }

    @Test func anyTakesAnything() throws {
        #expect(try valid([1, "x", ["y": nil]], .any) == [1, "x", ["y": nil]])
    }
}

struct Unexpected: Error {}
