import Experiments
import Foundation

/// What stands below a table of results: how to read it, and what a reader may mistake.
struct TableFooter {
    private let file: PublishedFile
    private let definition: TableDefinition
    private let arms: [Arms.Arm]
    private let labels: [String]

    init(_ file: PublishedFile, _ definition: TableDefinition, arms: [Arms.Arm], labels: [String]) {
        (self.file, self.definition, self.arms, self.labels) = (file, definition, arms, labels)
    }

    func lines(comparisons: [PairedComparison] = [], reference: Arms.Arm? = nil) -> [String] {
        var lines: [String] = []
        switch definition.interval {
        case .studentT: lines.append("Mean ± half the 95 % interval (Student t) over n runs; n=1 has no interval; in a base row n counts base models.")
        case .bootstrap:
            lines.append(
                "Mean [95 % interval] over n runs (percentiles of the means of \(Bootstrap.resampleCount) resamples, seed 0; all resamples up to n=5); "
                    + "n=1 has no interval; in a base row n counts base models.")
        }
        lines += TableFooter.measures
        if file.drift != nil, shows(TableColumns.drift) {
            lines.append(
                "drift: divergence of predictions from the base's own (nats a token), relative change of weights, alignment of representations with the base's "
                    + "(1: equal), effective rank of the change; the last three are means over the base's layers.")
        }
        if file.column("stability_gap_loss") != nil, definition.name != "stream", shows(TableColumns.stability) {
            lines.append(
                "stability_gap: the worst value inside a task against the one at its end, mean over tasks and what was known before each; 0: none. "
                    + "As large as evaluations inside tasks are dense enough to see it.")
        }
        if definition.columns?.contains(where: { $0.contains("perplexity.") }) == true {
            lines.append("Perplexity: exp of the mean loss, and [of the ends of its 95 % interval].")
        }
        if definition.showsCosts { lines.append(TableFooter.costs) }
        if let reference {
            lines += self.comparisons(comparisons, reference)
        } else if definition.against != nil {
            lines.append("Nothing is compared: no run of the arm under 'against' has begun.")
        }
        if let front = definition.front {
            lines.append("front: no other arm is at least as good in both \(front[0]) and \(front[1]) and better in one (means).")
        }
        return lines + confounds + file.experiment.notes
    }

    private static let measures = [
        "Loss: nats a token on held-out text, lower is better. Accuracy: share of questions answered rightly.",
        "With T tasks, BWT, FWT and forgetting are divided by T-1. Negative BWT means forgetting, for losses (sign turned) as for "
            + "scores; so does positive forgetting.",
    ]
    private static let costs =
        "Costs are those of the stream, the base's training not counted: FLOPs and memory by the sizes of model and batch, seconds as measured."

    /// Whether the table may have one of these columns; without a list of its own it has those of the summary.
    private func shows(_ columns: [String]) -> Bool {
        definition.columns?.contains { TableColumns.matching($0, in: columns) != nil } ?? true
    }

    private func comparisons(_ comparisons: [PairedComparison], _ reference: Arms.Arm) -> [String] {
        guard let least = comparisons.map(\.difference.count).min(), let most = comparisons.map(\.difference.count).max() else {
            return ["Δ: no pair of runs has the same seed and order as one of '\(reference.title)'."]
        }
        let isExact = comparisons.allSatisfy(\.test.isExact)
        let test =
            isExact ? "exact sign-flip permutation test"
            : "sign-flip permutation test (exact up to \(SignFlipTest.exactLimit) pairs, else \(SignFlipTest.resampleCount) random patterns)"
        let pairs = least == most ? "\(most)" : "\(least) to \(most)"
        let smallest = SignFlipTest.smallestP(count: most)
        var line = "Δ: difference to '\(reference.title)', paired by seed and order (\(pairs) \(most == 1 ? "pair" : "pairs")), "
            + "with its 95 % interval; "
            + "p of the two-sided \(test), by Holm over the \(comparisons.count) comparisons of the table; * p < 0.05."
        if smallest >= 0.05 {
            line += " With so few pairs no p can be below \(String(format: "%.4g", smallest)) before correction: more seeds are needed to tell arms apart."
        }
        return [line]
    }

    /// What differs between rows, or within one, beside what the rows are called by.
    private var confounds: [String] {
        var lines: [String] = []
        let merged = arms.compactMap { arm -> String? in
            let count = file.observations(arm.runs).count
            return count < arm.runs.count ? "\(arm.title): \(arm.runs.count) runs, n=\(count)" : nil
        }
        if !merged.isEmpty {
            let shown = merged.prefix(4).joined(separator: "; ") + (merged.count > 4 ? "; and \(merged.count - 4) more" : "")
            let stages = file.instructed == nil ? "all their stages are one observation" : "all stages of the stream are one observation in its columns"
            lines.append("Runs that share \(stages) (\(shown)).")
        }
        let repetitions = TableLabels.repetitionAxes(streams: file.tasks)
        let averaged = file.columns.filter { column in
            column.role == .axis && !repetitions.contains(column.name) && !labels.contains(column.name)
                && arms.contains { arm in Set(arm.runs.map { column.text(run: $0) }).count > 1 }
        }
        if !averaged.isEmpty { lines.append("Means are also over \(averaged.map(\.name).joined(separator: ", ")), which no row names.") }
        let sizes = [
            MatchedArms(.parameters, "parameters.trained", file, arms) { String(Int($0)) },
            MatchedArms(.flops, "cost.flops", file, arms) { String(format: "%.2e", $0) },
        ]
        let differences = sizes.compactMap(\.difference)
        if !differences.isEmpty {
            lines.append("Arms differ in \(differences.joined(separator: " and ")): a difference between them is not one of the method alone.")
        }
        return lines + sizes.flatMap(\.notes)
    }
}
