import Experiments

/// A count in which the arms of a table differ, or in which some were made to agree.
struct MatchedArms {
    /// `trained parameters (54272 to 492384)`; nil when arms differ in it no more than matches leave them to.
    let difference: String?
    /// `Matched in trained parameters: lora with block expansion (196000 to 196992).`
    let notes: [String]

    /// - Parameters:
    ///   - column: of the summary, with the count.
    ///   - text: of a count.
    init(_ measure: ArmMatch.Measure, _ column: String, _ file: PublishedFile, _ arms: [Arms.Arm], _ text: (Double) -> String) {
        guard let counts = file.column(column)?.numbers else {
            (difference, notes) = (nil, [])
            return
        }
        let runs = arms.flatMap(\.runs).filter { counts[$0] > 0 }
        let names = runs.map { file.column("arm")?.text(run: $0) ?? "" }
        func range(_ values: [Double]) -> String? {
            guard let least = values.min(), let most = values.max() else { return nil }
            return least < most ? "\(text(least)) to \(text(most))" : text(least)
        }
        // The arm that others came near to, or else the first of these, stands for all of them.
        var standIns: [String: String] = [:]
        var notes: [String] = []
        let matches = file.experiment.matches.filter { $0.by == measure }
        for reference in SummaryColumns.firstSeen(matches.map(\.to)) {
            let matched = matches.filter { $0.to == reference && names.contains($0.arm) }.map(\.arm)
            let shown = matched + (names.contains(reference) ? [reference] : [])
            guard let first = shown.last else { continue }
            for name in shown { standIns[name] = first }
            guard shown.count > 1 else { continue }
            let values = zip(runs, names).filter { shown.contains($1) }.map { counts[$0.0] }
            notes.append("Matched in \(measure.text): \(shown.dropLast().joined(separator: ", ")) with \(first) (\(range(values) ?? "")).")
        }
        self.notes = notes
        let standing = zip(runs, names).filter { standIns[$1] == nil || standIns[$1] == $1 }.map { counts[$0.0] }
        difference = Set(standing).count > 1 ? range(runs.map { counts[$0] }).map { "\(measure.text) (\($0))" } : nil
    }
}
