/// The arms that no other arm beats: none is at least as good in both of two measures and better in one.
public enum ParetoFront {
    /// Whether each point is on the front; higher is better in both. A point with NaN is not, and beats nothing.
    public static func isOnFront(_ points: [(Double, Double)]) -> [Bool] {
        points.map { point in
            !point.0.isNaN && !point.1.isNaN
                && !points.contains { $0.0 >= point.0 && $0.1 >= point.1 && ($0.0 > point.0 || $0.1 > point.1) }
        }
    }
}
