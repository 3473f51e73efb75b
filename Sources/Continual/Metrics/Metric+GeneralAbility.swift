extension Metric {
    /// General ability change: the mean over general tasks, which are not in the stream, of R[T] - R[0]. Divisor: their number,
    /// negative means that ability was lost. For losses: the mean of L[0] - L[T], same sign.
    /// Source: TRACE, arXiv 2310.06762.
    ///
    /// - `tasks`: the general tasks, at least one.
    /// - `before`: a cell a task, of the base; NaN where not measured.
    /// - `after`: the same after the last round.
    public static func generalAbilityChange(tasks: [String], measure: ScoreMatrix.Measure = .score, before: [Double], after: [Double])
        -> Metric
    {
        let definition =
            measure == .score
            ? "mean over general tasks of R[T] - R[0]; divisor their number; negative: lost"
            : "mean over general tasks of L[0] - L[T]; divisor their number; negative: lost"
        let scores = ScoreMatrix(tasks: tasks, measure: measure, base: before, rounds: [after])
        return Metric("general", definition, of: scores) { R in
            // What was measured after the whole stream stands in the row of round 1.
            var sum = 0.0
            for i in 1...R.taskCount { sum += R.sign * (R[1, i] - R[0, i]) }
            return sum / Double(R.taskCount)
        }
    }
}
