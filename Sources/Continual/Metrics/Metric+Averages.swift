extension Metric {
    /// Overall performance, also called average accuracy: OP = (1/T) sum_i R[T][i]. Divisor T.
    /// Source: Wang et al. 2023 (TRACE, arXiv 2310.06762); Lopez-Paz & Ranzato 2017 (GEM, arXiv 1706.08840).
    public static func op(_ scores: ScoreMatrix) -> Metric {
        Metric("OP", "mean over tasks i of R[T][i]; divisor T", of: scores) { R in
            let T = R.taskCount
            var sum = 0.0
            for i in 1...T { sum += R[T, i] }
            return sum / Double(T)
        }
    }

    /// Average incremental accuracy: AIA = (1/T) sum_t (1/t) sum_{i<=t} R[t][i]. Divisors t within a round and T over rounds.
    /// Source: surveys of continual learning.
    public static func aia(_ scores: ScoreMatrix) -> Metric {
        Metric("AIA", "mean over rounds t of the mean over i <= t of R[t][i]; divisors t, T", of: scores) { R in
            let T = R.taskCount
            var sum = 0.0
            for t in 1...T {
                var round = 0.0
                for i in 1...t { round += R[t, i] }
                sum += round / Double(t)
            }
            return sum / Double(T)
        }
    }

    /// Learning accuracy: LA = (1/T) sum_i R[i][i]. Divisor T.
    /// Source: Riemer et al. 2019 (MER, arXiv 1810.11910).
    public static func la(_ scores: ScoreMatrix) -> Metric {
        Metric("LA", "mean over tasks i of R[i][i]; divisor T", of: scores) { R in
            let T = R.taskCount
            var sum = 0.0
            for i in 1...T { sum += R[i, i] }
            return sum / Double(T)
        }
    }
}
