/// Holm's correction of p-values for the number of tests that were made.
/// Source: Holm 1979, Scandinavian Journal of Statistics 6, 65-70.
public enum Holm {
    /// Corrected values in the order of the given ones: the k-th smallest of m times m - k + 1, never below a smaller one's, at most 1.
    public static func corrected(_ values: [Double]) -> [Double] {
        var result = values
        var largest = 0.0
        let order = values.indices.sorted { values[$0] != values[$1] ? values[$0] < values[$1] : $0 < $1 }
        for (rank, index) in order.enumerated() {
            largest = max(largest, min(1, Double(values.count - rank) * values[index]))
            result[index] = largest
        }
        return result
    }
}
