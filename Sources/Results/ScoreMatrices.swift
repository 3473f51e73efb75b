/// A value for every run, row of the stream (0 = base) and domain; NaN where there is none.
public struct ScoreMatrices: Sendable, Hashable {
    public let runCount: Int
    /// Rows: tasks of the longest stream and one for the base.
    public let rowCount: Int
    public let domainCount: Int
    /// Row-major: run, row, domain.
    public let values: [Double]

    /// nil when the number of values does not fit.
    init?(_ values: [Double], shape: [Int]) {
        guard shape.count == 3, values.count == shape.reduce(1, *) else { return nil }
        (runCount, rowCount, domainCount) = (shape[0], shape[1], shape[2])
        self.values = values
    }

    /// The values of a run after `row` tasks, one a domain.
    public subscript(run run: Int, row row: Int) -> ArraySlice<Double> {
        precondition((0..<runCount).contains(run) && (0..<rowCount).contains(row), "no row \(row) of run \(run)")
        let start = (run * rowCount + row) * domainCount
        return values[start..<start + domainCount]
    }

    public subscript(run run: Int, row row: Int, domain domain: Int) -> Double {
        precondition((0..<domainCount).contains(domain), "no domain \(domain)")
        return self[run: run, row: row][(run * rowCount + row) * domainCount + domain]
    }
}
