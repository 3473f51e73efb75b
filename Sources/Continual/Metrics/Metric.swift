/// One number about a stream of tasks, or the reason why there is none.
public struct Metric: Sendable, Hashable {
    /// `BWT`, or `BWT_loss` when it was computed from losses.
    public let name: String
    public let value: Double?
    /// What is missing when there is no value.
    public let reason: String?
    /// The formula with its divisor, and what its sign means.
    public let definition: String

    /// The names of all metrics of a stream, as `MetricReport` has them and the change on general tasks; of losses with `_loss` behind.
    public static let names = ["OP", "BWT", "FWT", "forgetting", "intransigence", "LA", "AIA", "general"]

    /// What each metric is, by its name: the formula with its divisor. R[t][i] is the score (of losses L[t][i]) on task i after t tasks, 0 the base.
    public static let definitions: [String: String] = {
        let metrics = [ScoreMatrix.Measure.score, .loss].flatMap { measure in
            MetricReport(ScoreMatrix(tasks: ["a", "b"], measure: measure, base: nil, rounds: [[0, 0], [0, 0]])).metrics
                + [.generalAbilityChange(tasks: ["a"], measure: measure, before: [0], after: [0])] + stability(Trajectory(measure: measure, phases: []))
        }
        return Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.definition) })
    }()

    /// Whether lower values of a metric are better; nil for a name that is none. Mean losses turn with the measure, differences do not.
    public static func isLowerBetter(_ name: String) -> Bool? {
        let isLoss = name.hasSuffix("_loss")
        switch isLoss ? String(name.dropLast(5)) : name {
        case "OP", "LA", "AIA", "worst", "worst_case": return isLoss
        case "BWT", "FWT", "general": return false
        case "forgetting", "intransigence", "stability_gap": return true
        default: return nil
        }
    }

    init(name: String, value: Double?, reason: String?, definition: String) {
        (self.name, self.value, self.reason, self.definition) = (name, value, reason, definition)
    }

    /// Computes a metric and notes every cell that it needs and does not find.
    ///
    /// - Parameters:
    ///   - minimumTaskCount: 2 where the formula divides by T - 1.
    ///   - compute: gets cells that stand for missing ones with 0; its result is dropped when one was missing.
    init(
        _ name: String, _ definition: String, of scores: ScoreMatrix, random: [Double]? = nil, joint: [Double]? = nil,
        minimumTaskCount: Int = 1,
        _ compute: (inout MetricCells) -> Double
    ) {
        self.name = scores.measure == .loss ? "\(name)_loss" : name
        self.definition = definition
        guard scores.taskCount >= minimumTaskCount else {
            (value, reason) = (nil, "needs at least \(minimumTaskCount) tasks")
            return
        }
        var cells = MetricCells(scores: scores, random: random, joint: joint)
        let result = compute(&cells)
        if let first = cells.missing.first {
            let more = cells.missing.count - 1
            (value, reason) = (nil, "needs \(first)" + (more > 0 ? " and \(more) more" : ""))
        } else if !result.isFinite {
            (value, reason) = (nil, "the cells are too large or not finite")
        } else {
            (value, reason) = (result, nil)
        }
    }
}
