import Experiments

/// The runs of a file, gathered: an arm is every run that differs in nothing but its repetition (seeds, order of the tasks).
struct Arms {
    struct Arm {
        /// One a label column, nil where the arm has no such coordinate.
        var labels: [String?]
        /// Positions in the file.
        var runs: [Int]
        /// What it is called, unlike any other: `block expansion, blocks=2`.
        var title = ""
        /// Among all arms of the file: each figure draws it in the style of this place.
        var place = 0
    }

    /// A base model, or several that differ in their seed, and the arms that start from it.
    struct Base {
        var labels: [String?]
        /// One run for every base model.
        var runs: [Int]
    }

    var labelNames: [String]
    /// In the order of their first runs.
    var arms: [Arm]
    var bases: [Base]

    /// - Parameters:
    ///   - rows: what tells arms apart; nil: all axes but those of repetitions, and the strategy when there are none.
    ///   - runs: only these; nil: all.
    ///   - partsOrders: whether another order of the tasks is another arm, whatever `rows` says.
    init(_ file: PublishedFile, rows: [String]? = nil, among runs: [Int]? = nil, partsOrders: Bool = false) {
        var repetitions = TableLabels.repetitionAxes(streams: file.tasks)
        if partsOrders { repetitions.remove("stream") }
        let axes = file.columns.filter { $0.role == .axis && !repetitions.contains($0.name) }
        var labels = rows.map { $0.compactMap(file.column) } ?? (axes.isEmpty ? [file.column("strategy")].compactMap(\.self) : axes)
        if partsOrders, let order = axes.first(where: { $0.name == "stream" }), !labels.contains(order) { labels.append(order) }
        labelNames = labels.map(\.name)

        var positions: [[String?]: Int] = [:]
        arms = []
        for run in runs ?? Array(file.runs.indices) {
            let key = labels.map { $0.text(run: run) }
            if let position = positions[key] {
                arms[position].runs.append(run)
            } else {
                positions[key] = arms.count
                arms.append(Arm(labels: key, runs: [run]))
            }
        }
        for (index, title) in ArmTitles.make(arms.map(\.labels), names: labelNames).enumerated() { (arms[index].title, arms[index].place) = (title, index) }
        bases = Arms.bases(of: arms, in: file)
    }

    /// Arms share a base when any of their runs begin with the same stages.
    private static func bases(of arms: [Arm], in file: PublishedFile) -> [Base] {
        struct Family {
            var arms: [Int] = []
            var keys: [String] = []
            var runs: [Int] = []
        }
        var families: [Family?] = []
        var places: [String: Int] = [:]
        for (index, arm) in arms.enumerated() {
            let runs = file.observations(arm.runs, row: 0)
            let keys = runs.map { file.stages[$0][0] }
            let related = Set(keys.compactMap { places[$0] }).sorted()
            let first = related.first ?? families.count
            if related.isEmpty { families.append(Family()) }
            var family = families[first] ?? Family()
            for other in related.dropFirst() {
                guard let merged = families[other] else { continue }
                family.arms += merged.arms
                family.keys += merged.keys
                family.runs += merged.runs
                families[other] = nil
            }
            family.arms.append(index)
            for (key, run) in zip(keys, runs) where !family.keys.contains(key) {
                family.keys.append(key)
                family.runs.append(run)
            }
            for key in family.keys { places[key] = first }
            families[first] = family
        }
        let found = families.compactMap(\.self)
        return found.map { family in Base(labels: baseLabels(family.arms.map { arms[$0].labels }, isOnly: found.count == 1), runs: family.runs) }
    }

    /// The word `base` stands where the arms differ first; what all have in common stays when it tells bases apart.
    private static func baseLabels(_ labels: [[String?]], isOnly: Bool) -> [String?] {
        let columns = labels[0].indices
        let isCommon = columns.map { column in labels.allSatisfy { $0[column] == labels[0][column] } }
        var result = columns.map { isCommon[$0] && !isOnly ? labels[0][$0] : nil }
        if let place = columns.first(where: { !isCommon[$0] }) {
            result[place] = "base"
        } else if let place = columns.first(where: { result[$0] != nil }) ?? columns.first {
            result[place] = result[place].map { "base of \($0)" } ?? "base"
        }
        return result
    }
}

extension PublishedFile {
    /// One run for every observation among `runs`: runs that share all stages up to a row are one.
    /// - Parameter row: of the score matrix; nil: the last of each run.
    func observations(_ runs: [Int], row: Int? = nil) -> [Int] {
        distinct(runs) { stages[$0][row ?? tasks[$0].count] }
    }

    /// The same for the values of a column: runs that share all stages of the stream may have instruction stages of their own.
    func observations(_ runs: [Int], of column: String) -> [Int] { distinct(runs) { observation($0, of: column) } }

    /// The stage that measured a run's value of a column.
    func observation(_ run: Int, of column: String) -> String {
        column.hasPrefix(TableColumns.instructed) ? instructed?.stages[run] ?? "" : stages[run][tasks[run].count]
    }

    private func distinct(_ runs: [Int], _ key: (Int) -> String) -> [Int] {
        var seen: Set<String> = []
        return runs.filter { run in
            let key = key(run)
            return key.isEmpty || seen.insert(key).inserted
        }
    }
}
