/// The cells of a score matrix as a formula reads them: a missing one reads as 0 and is noted.
struct MetricCells {
    private let scores: ScoreMatrix
    private let random: [Double]?
    private let joint: [Double]?
    /// What was asked for and is not there, in words, each once.
    private(set) var missing: [String] = []

    /// T.
    var taskCount: Int { scores.taskCount }
    /// 1 for scores, -1 for losses: turns a difference so that higher is better.
    var sign: Double { scores.measure == .loss ? -1 : 1 }

    init(scores: ScoreMatrix, random: [Double]?, joint: [Double]?) {
        self.scores = scores
        self.random = random
        self.joint = joint
    }

    /// R[t][i].
    subscript(round: Int, task: Int) -> Double {
        mutating get {
            read(scores[round, task], "the \(noun) on '\(scores.tasks[task - 1])' \(round == 0 ? "of the base" : "after round \(round)")")
        }
    }

    /// R[t][i] where the formula can do without it.
    func ifMeasured(_ round: Int, _ task: Int) -> Double? { scores[round, task] }

    /// b[i], the randomly initialised model on task i.
    mutating func random(_ task: Int) -> Double { read(random, task, "a randomly initialised model") }

    /// a[i], the jointly trained model on task i.
    mutating func joint(_ task: Int) -> Double { read(joint, task, "a jointly trained model") }

    private var noun: String { scores.measure == .loss ? "loss" : "score" }

    private mutating func read(_ row: [Double]?, _ task: Int, _ model: String) -> Double {
        guard let row else { return read(nil, "the \(noun == "loss" ? "losses" : "scores") of \(model)") }
        precondition(row.count == taskCount, "a row has a cell a task")
        return read(row[task - 1], "the \(noun) of \(model) on '\(scores.tasks[task - 1])'")
    }

    private mutating func read(_ cell: Double?, _ what: String) -> Double {
        if let cell, !cell.isNaN { return cell }
        if !missing.contains(what) { missing.append(what) }
        return 0
    }
}
