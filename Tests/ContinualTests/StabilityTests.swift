import Continual
import Testing

/// Metrics of what happens inside tasks, worked by hand.
@Suite struct StabilityTests {
    /// Domains: the base's, then three tasks. Losses.
    private let losses = Trajectory(
        measure: .loss,
        phases: [
            .init(learned: [1], inside: [[3.5, 4, 5, 5], [3.25, 2, 5, 5]], end: [3.125, 1, 5, 5]),
            .init(learned: [2], inside: [[4, 3, 3, 5]], end: [3.5, 2, 1.5, 5]),
            .init(learned: [3], inside: [[3, 1.5, 2.5, 4], [3.75, 2.5, 2, 3]], end: [4, 2.25, 1.75, 2]),
        ])

    private func near(_ metric: Metric, _ value: Double) -> Bool { metric.value.map { abs($0 - value) < 1e-12 } ?? false }

    @Test func gapOfLosses() {
        // Task 1: 3.5 - 3.125 on the base's. Task 2: 4 - 3.5, and 3 - 2 on task 1. Task 3: 0 (the end is worst), 2.5 - 2.25, 2.5 - 1.75.
        let gap = Metric.stabilityGap(losses)
        #expect(near(gap, (0.375 + 0.5 + 1 + 0 + 0.25 + 0.75) / 6) && gap.name == "stability_gap_loss")
        #expect(!near(gap, 0) && !near(gap, (0.375 + 0.5 + 1 + 0.25 + 0.75) / 5))
    }

    @Test func worstOfLosses() {
        // Task 1 behind its training: 3, 2, 1.5, 2.5, 2.25; task 2: 2.5, 2, 1.75.
        #expect(near(.worst(losses), (3 + 2.5) / 2))
        #expect(near(.worstCase(losses), 2.0 / 3 + 2.0 / 3 * 2.75))
    }

    /// The same turned round: the scores of De Lange et al.
    @Test func scores() {
        func turned(_ row: [Double]) -> [Double] { row.map { 10 - $0 } }
        let scores = Trajectory(measure: .score, phases: losses.phases.map { .init(learned: $0.learned, inside: $0.inside.map(turned), end: turned($0.end)) })
        #expect(near(.stabilityGap(scores), (0.375 + 0.5 + 1 + 0 + 0.25 + 0.75) / 6) && Metric.stabilityGap(scores).name == "stability_gap")
        #expect(near(.worst(scores), 10 - 2.75))
        #expect(near(.worstCase(scores), 8.0 / 3 + 2.0 / 3 * 7.25))
    }

    /// A domain without questions is left out; one whose value is missing somewhere leaves no number.
    @Test func whatIsNotMeasured() {
        func without(_ domain: Int, from first: Int) -> Trajectory {
            var changed = losses
            for phase in first..<3 {
                changed.phases[phase].end[domain] = .nan
                for row in changed.phases[phase].inside.indices { changed.phases[phase].inside[row][domain] = .nan }
            }
            return changed
        }
        #expect(near(.stabilityGap(without(0, from: 0)), (1 + 0.25 + 0.75) / 3))
        #expect(Metric.stabilityGap(without(0, from: 2)).value == nil && near(.worst(without(0, from: 2)), 2.75))
        #expect(Metric.worst(without(1, from: 1)).value == nil && Metric.worstCase(without(1, from: 1)).value == nil)
    }

    @Test func whatItNeeds() {
        var ends = losses
        for phase in 0..<3 { ends.phases[phase].inside = [] }
        #expect(Metric.stabilityGap(ends).reason == "needs evaluations inside tasks (train.eval_steps)" && Metric.worst(ends).value == nil)
        // Joint training learns all at once: only the base's domains are known before.
        let joint = Trajectory(measure: .loss, phases: [.init(learned: [1, 2, 3], inside: [[3.5, 4, 4, 4]], end: [3, 2, 2, 2])])
        #expect(near(.stabilityGap(joint), 0.5) && Metric.worst(joint).value == nil)
        let unknown = Trajectory(measure: .loss, phases: [.init(learned: [0], inside: [[3]], end: [2])])
        #expect(Metric.stabilityGap(unknown).reason == "needs a domain that is known before a task")
        #expect(Metric.stability(losses).map(\.name) == Metric.stabilityNames.map { $0 + "_loss" })
        #expect(Metric.stabilityNames.map { Metric.isLowerBetter($0) } == [true, false, false] && Metric.stabilityNames.map { Metric.isLowerBetter($0 + "_loss") } == [true, true, true])
        for name in Metric.stabilityNames { #expect(Metric.definitions[name] != nil && Metric.definitions[name + "_loss"] != nil) }
    }
}
