extension Metric {
    /// Backward transfer: BWT = (1/(T-1)) sum_{i<T} (R[T][i] - R[i][i]). Divisor T - 1, negative means forgetting.
    /// For losses: BWT_loss = (1/(T-1)) sum_{i<T} (L[i][i] - L[T][i]), same sign.
    /// Source: GEM, arXiv 1706.08840 (its code divides by T; TRACE's published figures by T - 1). With it, OP = LA + BWT (T-1)/T.
    public static func bwt(_ scores: ScoreMatrix) -> Metric {
        let definition =
            scores.measure == .score
            ? "mean over i < T of R[T][i] - R[i][i]; divisor T-1; negative: forgetting"
            : "mean over i < T of L[i][i] - L[T][i]; divisor T-1; negative: forgetting"
        return Metric("BWT", definition, of: scores, minimumTaskCount: 2) { R in
            let T = R.taskCount
            var sum = 0.0
            for i in 1..<T { sum += R.sign * (R[T, i] - R[i, i]) }
            return sum / Double(T - 1)
        }
    }

    /// Forward transfer: FWT = (1/(T-1)) sum_{i>=2} (R[i-1][i] - b[i]), b the scores of a randomly initialised model. Divisor T - 1,
    /// positive means that earlier tasks help. For losses: (1/(T-1)) sum_{i>=2} (b[i] - L[i-1][i]), same sign.
    /// Source: GEM, arXiv 1706.08840; Mammoth's code agrees.
    ///
    /// - `random`: T cells, NaN where not measured.
    public static func fwt(_ scores: ScoreMatrix, random: [Double]?) -> Metric {
        let definition =
            scores.measure == .score
            ? "mean over i >= 2 of R[i-1][i] - b[i], b of a random model; divisor T-1; positive: earlier tasks help"
            : "mean over i >= 2 of b[i] - L[i-1][i], b of a random model; divisor T-1; positive: earlier tasks help"
        return Metric("FWT", definition, of: scores, random: random, minimumTaskCount: 2) { R in
            let T = R.taskCount
            var sum = 0.0
            for i in 2...T { sum += R.sign * (R[i - 1, i] - R.random(i)) }
            return sum / Double(T - 1)
        }
    }
}
