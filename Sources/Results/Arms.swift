/// The runs of a file, gathered: an arm is every run that differs in nothing but its seed.
struct Arms {
    /// The axis over which means are taken.
    static let seedAxis = "seed"

    struct Arm {
        /// One a label column, nil where the arm has no such coordinate.
        var labels: [String?]
        /// Positions in the file.
        var runs: [Int]
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

    init(_ file: PublishedFile) {
        let axes = file.columns.filter { $0.role == .axis && $0.name != Arms.seedAxis }
        // Without an axis there is one arm, and its strategy names it.
        let labels = axes.isEmpty ? file.columns.filter { $0.role == .label } : axes
        labelNames = labels.map(\.name)

        var positions: [[String?]: Int] = [:]
        arms = []
        for run in file.runs.indices {
            let key = labels.map { $0.text(run: run) }
            if let position = positions[key] {
                arms[position].runs.append(run)
            } else {
                positions[key] = arms.count
                arms.append(Arm(labels: key, runs: [run]))
            }
        }
        bases = Arms.bases(of: arms, in: file)
    }

    /// Arms share a base when any of their runs have the same first row, bit for bit: a stage is trained once.
    private static func bases(of arms: [Arm], in file: PublishedFile) -> [Base] {
        struct Family {
            var arms: [Int]
            var rows: [[UInt64]]
            var runs: [Int]
        }
        var families: [Family] = []
        for (index, arm) in arms.enumerated() {
            var family = Family(arms: [index], rows: [], runs: [])
            for run in arm.runs {
                let row = firstRow(of: run, in: file)
                if !family.rows.contains(row) {
                    family.rows.append(row)
                    family.runs.append(run)
                }
            }
            let related = families.indices.filter { families[$0].rows.contains { family.rows.contains($0) } }
            guard let first = related.first else {
                families.append(family)
                continue
            }
            for other in related.dropFirst().map({ families[$0] }) + [family] {
                families[first].arms += other.arms
                for (row, run) in zip(other.rows, other.runs) where !families[first].rows.contains(row) {
                    families[first].rows.append(row)
                    families[first].runs.append(run)
                }
            }
            for position in related.dropFirst().reversed() { families.remove(at: position) }
        }
        return families.map { family in
            Base(labels: baseLabels(family.arms.map { arms[$0].labels }, isOnly: families.count == 1), runs: family.runs)
        }
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

    private static func firstRow(of run: Int, in file: PublishedFile) -> [UInt64] {
        let parameters = file.column("parameters.base")?.numbers[run] ?? 0
        return ([parameters] + file.losses[run: run, row: 0] + file.scores[run: run, row: 0]).map { $0.isNaN ? .max : $0.bitPattern }
    }
}
