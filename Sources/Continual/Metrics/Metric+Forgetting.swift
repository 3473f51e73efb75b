extension Metric {
    /// Forgetting: F = (1/(T-1)) sum_{j<T} (max_{1<=l<T} R[l][j] - R[T][j]). Divisor T - 1, positive means forgetting.
    /// For losses: (1/(T-1)) sum_{j<T} (L[T][j] - min_{1<=l<T} L[l][j]), same sign.
    ///
    /// The rounds before task j was trained (l < j) count where they were measured and are not needed; the base (l = 0) never counts.
    /// With `includingLast` the best is taken over l <= T, so that no task counts below 0.
    /// Source: Chaudhry et al. 2018 (RWalk, arXiv 1801.10112); l <= T is Mammoth's form.
    public static func forgetting(_ scores: ScoreMatrix, includingLast: Bool = false) -> Metric {
        let bound = includingLast ? "l <= T" : "l < T"
        let definition =
            scores.measure == .score
            ? "mean over j < T of max over \(bound) of R[l][j], minus R[T][j]; divisor T-1; positive: forgetting"
            : "mean over j < T of L[T][j] minus min over \(bound) of L[l][j]; divisor T-1; positive: forgetting"
        return Metric(includingLast ? "forgetting_all" : "forgetting", definition, of: scores, minimumTaskCount: 2) { R in
            let T = R.taskCount
            var sum = 0.0
            for j in 1..<T {
                var best = R.sign * R[j, j]
                for l in 1...(includingLast ? T : T - 1) {
                    let cell = l < j ? R.ifMeasured(l, j) : R[l, j]
                    if let cell { best = max(best, R.sign * cell) }
                }
                sum += best - R.sign * R[T, j]
            }
            return sum / Double(T - 1)
        }
    }

    /// Intransigence: I = (1/T) sum_k (a[k] - R[k][k]), a the scores of the jointly trained model. Divisor T, positive means that
    /// the stream learnt its tasks worse than joint training. For losses: (1/T) sum_k (L[k][k] - a[k]), same sign.
    /// Source: RWalk, arXiv 1801.10112.
    ///
    /// - `joint`: T cells, NaN where not measured.
    public static func intransigence(_ scores: ScoreMatrix, joint: [Double]?) -> Metric {
        let definition =
            scores.measure == .score
            ? "mean over k of a[k] - R[k][k], a of joint training; divisor T; positive: learnt worse"
            : "mean over k of L[k][k] - a[k], a of joint training; divisor T; positive: learnt worse"
        return Metric("intransigence", definition, of: scores, joint: joint) { R in
            let T = R.taskCount
            var sum = 0.0
            for k in 1...T { sum += R.sign * (R.joint(k) - R[k, k]) }
            return sum / Double(T)
        }
    }
}
