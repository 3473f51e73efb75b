/// R[t][i]: the score (or loss) on task i after training round t. T tasks, rounds t = 0...T, tasks i = 1...T, as in the formulas; round
/// 0 is the base before any task, round t ends with task t trained.
public struct ScoreMatrix: Sendable, Hashable {
    public enum Measure: Sendable, Hashable {
        /// Higher is better.
        case score
        /// Nats a token, lower is better. Differences turn their sign, so that negative transfer still means forgetting.
        case loss
    }

    /// The names of the tasks in the order in which they were trained.
    public let tasks: [String]
    public let measure: Measure
    /// T + 1 rows of T cells, the base first; NaN where nothing was measured.
    public let rows: [[Double]]

    public var taskCount: Int { tasks.count }

    /// - `base`: T cells, or nil when the base was not measured.
    /// - `rounds`: at most T rows of T cells, the rows of rounds 1, 2, ...; missing ones and NaN cells count as not measured.
    ///
    /// Traps when there is no task or a row has another number of cells.
    public init(tasks: [String], measure: Measure = .score, base: [Double]? = nil, rounds: [[Double]]) {
        precondition(!tasks.isEmpty, "a score matrix needs a task")
        precondition(rounds.count <= tasks.count, "\(rounds.count) rounds of \(tasks.count) tasks")
        let unmeasured = [Double](repeating: .nan, count: tasks.count)
        let rows = [base ?? unmeasured] + rounds + Array(repeating: unmeasured, count: tasks.count - rounds.count)
        precondition(rows.allSatisfy { $0.count == tasks.count }, "a row of a score matrix has a cell a task")
        self.tasks = tasks
        self.measure = measure
        self.rows = rows
    }

    /// R[round][task], round from 0 to T, task from 1 to T; nil where nothing was measured.
    public subscript(round: Int, task: Int) -> Double? {
        let cell = rows[round][task - 1]
        return cell.isNaN ? nil : cell
    }
}
