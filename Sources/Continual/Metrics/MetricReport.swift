import Settings

/// All metrics of a score matrix, for people and for programs.
public struct MetricReport: Sendable, Hashable {
    public let metrics: [Metric]

    /// - `random`: the scores of a randomly initialised model, a cell a task (FWT needs them).
    /// - `joint`: the scores of the jointly trained model, a cell a task (intransigence needs them).
    public init(_ scores: ScoreMatrix, random: [Double]? = nil, joint: [Double]? = nil) {
        metrics = [
            .op(scores), .bwt(scores), .fwt(scores, random: random), .forgetting(scores), .intransigence(scores, joint: joint), .la(scores),
            .aia(scores),
        ]
    }

    /// An object with the metrics' names as keys, null for one that is missing, and `reasons`: why, by name.
    public var json: Value {
        var object: Value = [:]
        var reasons: Value = [:]
        for metric in metrics {
            object[metric.name] = metric.value.map(Value.number) ?? .null
            if let reason = metric.reason { reasons[metric.name] = .string(reason) }
        }
        object["reasons"] = reasons
        return object
    }

    /// Lines of name, value with four decimals (or `-`) and definition (or why there is no value).
    public var table: String {
        let cells = metrics.map { ($0.name, $0.value.map(Self.fourDecimals) ?? "-", $0.reason ?? $0.definition) }
        let nameWidth = cells.map(\.0.count).max() ?? 0
        let valueWidth = cells.map(\.1.count).max() ?? 0
        return cells.map { name, value, note in
            name + String(repeating: " ", count: nameWidth - name.count + 2 + valueWidth - value.count) + value + "  " + note + "\n"
        }.joined()
    }

    /// Rounded half to even; numbers too large for it in their shortest form.
    private static func fourDecimals(_ value: Double) -> String {
        guard abs(value) < 1e11 else { return "\(value)" }
        let scaled = Int((abs(value) * 1e4).rounded(.toNearestOrEven))
        let decimals = String(scaled % 10_000)
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return "\(sign)\(scaled / 10_000).\(String(repeating: "0", count: 4 - decimals.count))\(decimals)"
    }
}
