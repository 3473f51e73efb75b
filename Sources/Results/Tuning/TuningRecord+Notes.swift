import Experiments
import Settings

extension TuningRecord {
    private static let shownArms = 12

    /// What stands below the tables of the runs.
    public var notes: [String] {
        let chosen = arms.map { "\($0.title) \(text($0.chosen))" }
        var lines = [
            "\(key) is chosen for each arm: the best of \(text(values)) by \(metric) (\(isLowerBetter ? "lower" : "higher") is better) of a run with the held-out seed \(seed): "
                + "\(Self.shortened(chosen)). The \(trialCount) runs that chose are in no row and in no cost."
        ]
        if !untuned.isEmpty { lines.append("\(key) is not tuned for \(Self.shortened(untuned)).") }
        return lines + ends
    }

    /// Which choices may not be the best there is.
    var ends: [String] {
        let atEnd = arms.filter { $0.chosen == values.min() || $0.chosen == values.max() }.map(\.title)
        guard !atEnd.isEmpty else { return [] }
        return ["The \(key) chosen for \(Self.shortened(atEnd)) is at an end of the values tried: a better one may lie beyond it."]
    }

    /// How far it is, in a line.
    public var summary: String {
        let done = count(.done) + count(.diverged)
        var text = "\(key) of \(arms.count) \(arms.count == 1 ? "arm" : "arms") by \(metric) with the held-out seed \(seed): "
        if arms.allSatisfy({ !$0.chosen.isNaN }) {
            text += Self.shortened(arms.map { "\($0.title) \(self.text($0.chosen))" })
        } else {
            text += "\(done) of \(trialCount) runs done"
        }
        if count(.diverged) > 0 { text += " (\(count(.diverged)) diverged)" }
        return text
    }

    public func text(_ value: Double) -> String { TableLabels.text(.number(value)) }
    func text(_ values: [Double]) -> String { values.map(text).joined(separator: ", ") }

    private static func shortened(_ words: [String]) -> String {
        words.prefix(shownArms).joined(separator: "; ") + (words.count > shownArms ? "; and \(words.count - shownArms) more (table tuning)" : "")
    }

    /// Everything, for programs.
    ///
    /// - `isTuning`: whether the runs that choose are still at hand; then `problem` says why they cannot.
    public func json(isTuning: Bool, _ problem: TuningError? = nil) -> Value {
        func number(_ value: Double) -> Value { value.isNaN ? .null : .number(value) }
        return [
            "state": .string(!isTuning ? "chosen" : problem == nil ? "running" : "impossible"), "problem": problem.map { .string($0.problem) } ?? .null,
            "key": .string(key), "values": .list(values.map(Value.number)), "seed": .integer(seed), "metric": .string(metric),
            "arms": .list(
                arms.map { arm in
                    [
                        "arm": .string(arm.title), "chosen": number(arm.chosen), "metric": .list(arm.trials.map { number($0.metric) }),
                        "state": .list(arm.trials.map { .string($0.state.rawValue) }),
                    ]
                }),
        ]
    }
}
