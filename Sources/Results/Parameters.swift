/// Numbers of parameters in a row of a table.
enum Parameters {
    /// The number that all runs have, or their mean.
    static func cell(_ column: Column, runs: [Int]) -> Table.Cell {
        Estimate(runs.map { column.numbers[$0] }).map { .number($0.mean) } ?? .missing
    }
}
