/// The runs of two arms, paired by seed and order of the tasks.
///
/// What else differs within an arm is averaged first, so that a seed and order counts once. Pairs of the same observations are one: an arm that
/// trains nothing has one for all seeds.
struct PairedRuns {
    /// Runs of the first and of the second arm for each pair.
    private var pairs: [(first: [Int], second: [Int])] = []

    /// - Parameter column: whose values are compared.
    init(_ first: [Int], _ second: [Int], of column: String, in file: PublishedFile) {
        let seeds = ["seed", "base.seed"].compactMap(file.column)
        func byRepetition(_ runs: [Int]) -> (keys: [[String]], runs: [[String]: [Int]]) {
            var keys: [[String]] = [], found: [[String]: [Int]] = [:]
            for run in runs {
                let key = seeds.map { $0.text(run: run) ?? "" } + file.tasks[run]
                if found[key] == nil { keys.append(key) }
                found[key, default: []].append(run)
            }
            return (keys, found.mapValues { file.observations($0, of: column) })
        }
        let (keys, firsts) = byRepetition(first)
        let seconds = byRepetition(second).runs
        var known: Set<[String]> = []
        for key in keys {
            guard let first = firsts[key], let second = seconds[key] else { continue }
            let observations = (first + second).map { file.observation($0, of: column) }
            if observations.contains("") || known.insert(observations).inserted { pairs.append((first, second)) }
        }
    }

    /// The values of both arms for each pair, NaN where one has none.
    func values(_ column: [Double]) -> [(Double, Double)] {
        func mean(_ runs: [Int]) -> Double { Estimate(runs.map { column[$0] })?.mean ?? .nan }
        return pairs.map { (mean($0.first), mean($0.second)) }
    }
}
