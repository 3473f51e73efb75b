import Synchronization

/// Student's t distribution.
public enum StudentT {
    private static let known = Mutex<[Int: Double]>([:])

    /// t(n-1) of a 95 % interval over `count` values. A table asks for the same few over and over, so they are kept.
    static func factor95(count: Int) -> Double {
        known.withLock { known in
            if let factor = known[count] { return factor }
            let factor = quantile(upperTail: (1 - Estimate.level) / 2, degreesOfFreedom: Double(count - 1))
            known[count] = factor
            return factor
        }
    }

    /// P(T > t) for t >= 0.
    /// - `degreesOfFreedom`: from 1 to 10,000.
    public static func upperTail(_ t: Double, degreesOfFreedom: Double) -> Double {
        precondition(t >= 0 && degreesOfFreedom >= 1, "the t distribution at \(t) with \(degreesOfFreedom) degrees of freedom")
        let square = t * t
        let sum = degreesOfFreedom + square
        return IncompleteBeta.regularized(x: degreesOfFreedom / sum, y: square / sum, a: degreesOfFreedom / 2, b: 0.5) / 2
    }

    /// The t that is exceeded with the probability `upperTail`: 0.025 gives the factor of a 95 % interval.
    ///
    /// Relative error: at most 1e-10 for tails from 1e-9 to 0.45.
    /// - `degreesOfFreedom`: from 1 to 10,000.
    public static func quantile(upperTail tail: Double, degreesOfFreedom: Double) -> Double {
        precondition(tail >= 1e-12 && tail < 0.5, "a t quantile with the tail \(tail)")
        var (low, high) = (0.0, 1.0)
        while upperTail(high, degreesOfFreedom: degreesOfFreedom) > tail { (low, high) = (high, high * 2) }
        // Halving until no number lies between: the tail falls strictly, so this ends at the nearest number.
        while true {
            let middle = low + (high - low) / 2
            guard middle > low, middle < high else { return middle }
            if upperTail(middle, degreesOfFreedom: degreesOfFreedom) > tail { low = middle } else { high = middle }
        }
    }
}
