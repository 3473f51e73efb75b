/// One number about a stream of tasks, or the reason why there is none.
public struct Metric: Sendable, Hashable {
    /// `BWT`, or `BWT_loss` when it was computed from losses.
    public let name: String
    public let value: Double?
    /// What is missing when there is no value.
    public let reason: String?
    /// The formula with its divisor, and what its sign means.
    public let definition: String

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
