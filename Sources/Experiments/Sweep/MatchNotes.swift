import Settings

extension [Run] {
    /// What matches chose, a line a choice: `lora: strategy.r = 37 chosen so that ...`. Where the choice follows a coordinate, that is named too.
    public var matchNotes: [String] {
        var lines: [String] = []
        let matched = filter { $0.matched != nil }
        var arms: [String] = []
        for run in matched { if let arm = run.matched?.match.arm, !arms.contains(arm) { arms.append(arm) } }
        for arm in arms {
            let runs = matched.filter { $0.matched?.match.arm == arm }
            let names = runs[0].axes.map(\.name).filter { runs.choiceFollows($0) }
            var found: [String] = []
            var seen: Set<String> = []
            for run in runs {
                guard let choice = run.matched else { continue }
                let place = run.axes.filter { names.contains($0.name) }.map { "\($0.name)=\(TableLabels.text($0.value))" }.joined(separator: ", ")
                let line = "\(arm)\(place.isEmpty ? "" : " (\(place))"): \(choice.text)."
                if seen.insert(line).inserted { found.append(line) }
            }
            lines += found.prefix(8)
            if found.count > 8 { lines.append("\(arm): \(found.count - 8) more choices; the resolved configuration of each run has its own.") }
        }
        return lines
    }

    /// Whether runs that differ in one coordinate alone have different choices.
    private func choiceFollows(_ name: String) -> Bool {
        var choices: [[SweepPoint.Axis]: MatchedSetting] = [:]
        for run in self {
            guard let choice = run.matched else { continue }
            let rest = run.axes.filter { $0.name != name }
            if let other = choices[rest], other != choice { return true }
            choices[rest] = choice
        }
        return false
    }
}
