import Settings
import Training

/// The records of a stage's journal: how they are written, and read back.
public struct StageRecords: Sendable {
    /// Numbers of weights: `base`, `added`, `trained`; empty for stages that train nothing.
    public private(set) var parameters: [String: Int] = [:]
    public private(set) var curve: [CurvePoint] = []
    /// What was measured, with the steps done by then; an evaluation stage has one, at step 0.
    public private(set) var evaluations: [(step: Int, results: [DomainResult])] = []
    /// What the strategy saw on the way, by name.
    public private(set) var retention: [String: Double] = [:]
    /// How far the model has gone from its base, of an evaluation stage that measures it; NaN where a value was not finite.
    public private(set) var drift: Drift?
    /// Lines that were torn or altered and are left out.
    public private(set) var damagedLines = 0

    /// Reads a stage's journal, finished or not; empty when there is none yet.
    public init(_ store: StageStore, _ key: String) throws(StoreError) {
        guard store.state(key) != .pending, let (records, damaged) = try? Journal.read(store.journal(key)) else { return }
        damagedLines = damaged
        for record in records {
            switch record["record"]?.asString {
            case "parameters": for name in ["base", "added", "trained"] { parameters[name] = record[name]?.asInteger }
            case "curve": if let point = StageRecords.point(record) { curve.append(point) }
            case "retention": retention = (record["values"]?.asObject ?? [:]).compactMapValues(\.asDouble)
            case "drift": drift = StageRecords.drift(record)
            case "evaluation": evaluations.append((record["step"]?.asInteger ?? 0, StageRecords.results(record)))
            default: continue
            }
        }
    }

    static func parameters(base: Int, added: Int, trained: Int) -> Value {
        ["record": "parameters", "base": .integer(base), "added": .integer(added), "trained": .integer(trained)]
    }

    /// Values are finite.
    static func retention(_ values: [String: Double]) -> Value { ["record": "retention", "values": .object(values.mapValues { .number($0) })] }

    static func curve(_ point: CurvePoint) -> Value {
        [
            "record": "curve", "step": .integer(point.step), "loss": .number(point.loss), "learning_rate": .number(point.learningRate),
            "gradient_norm": .number(point.gradientNorm), "tokens": .integer(point.tokens), "seconds": .number(point.seconds),
        ]
    }

    static func point(_ record: Value) -> CurvePoint? {
        guard let step = record["step"]?.asInteger, let loss = record["loss"]?.asDouble, let rate = record["learning_rate"]?.asDouble,
            let norm = record["gradient_norm"]?.asDouble, let tokens = record["tokens"]?.asInteger, let seconds = record["seconds"]?.asDouble
        else { return nil }
        return CurvePoint(step: step, loss: loss, learningRate: rate, gradientNorm: norm, tokens: tokens, seconds: seconds)
    }

    /// A loss that is not finite has no JSON form: it is written as null and read back as NaN.
    static func evaluation(step: Int, _ results: [DomainResult]) -> Value {
        [
            "record": "evaluation", "step": .integer(step),
            "domains": .list(
                results.map { ["loss": number($0.loss), "bits_per_byte": number($0.bitsPerByte), "accuracy": number($0.accuracy)] }),
        ]
    }

    static func drift(_ drift: Drift) -> Value {
        [
            "record": "drift", "cross_entropy": number(drift.crossEntropy), "base_entropy": number(drift.baseEntropy),
            "layers": .list(
                drift.layers.map { ["weights": number($0.weights), "alignment": number($0.alignment), "rank": number($0.rank)] }),
        ]
    }

    private static func drift(_ record: Value) -> Drift {
        func value(_ name: String, _ object: Value = record) -> Double { object[name]?.asDouble ?? .nan }
        return Drift(
            crossEntropy: value("cross_entropy"), baseEntropy: value("base_entropy"),
            layers: (record["layers"]?.asList ?? []).map { .init(weights: value("weights", $0), alignment: value("alignment", $0), rank: value("rank", $0)) })
    }

    private static func number(_ value: Double?) -> Value { value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null }

    private static func results(_ record: Value) -> [DomainResult] {
        (record["domains"]?.asList ?? []).map {
            DomainResult(loss: $0["loss"]?.asDouble ?? .nan, bitsPerByte: $0["bits_per_byte"]?.asDouble ?? .nan, accuracy: $0["accuracy"]?.asDouble)
        }
    }
}
