import Settings

/// Reads score matrices from CSV files of any origin.
///
/// The header names the T tasks in the order in which they were trained. Each of the T rows below holds the scores after one round,
/// in order. The scores of the base may stand before them, in a row of their own: it is labelled `base`, or there are T + 1 rows.
/// ```
/// round,law,code,med        law,code,med
/// base,0.1,0.2,0.1          0.61,,
/// 1,0.61,,                  0.55,0.47,
/// 2,0.55,0.47,              0.52,0.45,0.70
/// 3,0.52,0.45,0.70
/// ```
/// - A first column of row labels is taken for one when its header is empty or one of `round`, `row`, `label`, `trained`, `after`, `task`,
///   `step`, `index`, or when a row's first cell is `base`. A label that is the name of a task must be that of its round's task.
/// - Cells are numbers with a decimal point. Empty cells, `nan` and `NA` were not measured. Quotes as in RFC 4180.
public enum MatrixCSV {
    private static let labelHeaders: Set = ["", "round", "row", "label", "trained", "after", "task", "step", "index"]
    private typealias Cell = CSVRecords.Cell

    /// The matrix in a file. Throws when it cannot be read or is not as described.
    public static func matrix(contentsOf path: String, measure: ScoreMatrix.Measure = .score) throws(CSVError) -> ScoreMatrix {
        try matrix(CSVRecords(contentsOf: path), measure)
    }

    /// The matrix in a text. `file` is what errors call it.
    public static func matrix(_ text: String, file: String, measure: ScoreMatrix.Measure = .score) throws(CSVError) -> ScoreMatrix {
        try matrix(CSVRecords(text: text, file: file), measure)
    }

    /// One row of scores, such as those of a randomly initialised or a jointly trained model: a header of the same tasks in any order and
    /// one row below it (labels as in a matrix), or one row of numbers alone, in the matrix's order.
    public static func row(contentsOf path: String, tasks: [String]) throws(CSVError) -> [Double] {
        try row(CSVRecords(contentsOf: path), tasks)
    }

    /// The same from a text. `file` is what errors call it.
    public static func row(_ text: String, file: String, tasks: [String]) throws(CSVError) -> [Double] {
        try row(CSVRecords(text: text, file: file), tasks)
    }

    private static func matrix(_ csv: CSVRecords, _ measure: ScoreMatrix.Measure) throws(CSVError) -> ScoreMatrix {
        let table = try MatrixTable(csv)
        let tasks = table.tasks
        var rows = table.rows
        guard !rows.isEmpty else { throw csv.error(table.header[0], "a header and no rows", "a row a round below it") }
        var base: [Double]?
        if rows[0].isBase || rows.count == tasks.count + 1 { base = rows.removeFirst().scores }
        if let row = rows.first(where: \.isBase) { throw csv.error(row.start, "the row of the base here", "it first") }
        guard rows.count == tasks.count else {
            throw csv.error(
                rows.last?.start ?? table.header[0], "\(rows.count) \(rows.count == 1 ? "round" : "rounds") of \(tasks.count) tasks",
                "a row a round, \(tasks.count), and before them the base's if it was measured", "cells that were not measured stay empty")
        }
        for (row, task) in zip(rows, tasks) {
            guard let label = row.label, tasks.contains(label), label != task else { continue }
            throw csv.error(
                row.start, "the round of '\(label)'", "that of '\(task)'", "columns stand in the order in which the tasks were trained")
        }
        return ScoreMatrix(tasks: tasks, measure: measure, base: base, rounds: rows.map(\.scores))
    }

    private static func row(_ csv: CSVRecords, _ tasks: [String]) throws(CSVError) -> [Double] {
        if csv.records.count == 1, let cells = csv.records.first, cells.allSatisfy({ (try? MatrixTable.score(of: $0, in: csv)) != nil }) {
            guard cells.count == tasks.count else {
                throw csv.error(
                    cells[0], "\(cells.count) scores", "\(tasks.count), one a task of the matrix (\(tasks.joined(separator: ", ")))")
            }
            return try MatrixTable.scores(of: cells, in: csv)
        }
        let table = try MatrixTable(csv)
        guard table.rows.count == 1 else {
            throw csv.error(table.rows.last?.start ?? table.header[0], "\(table.rows.count) rows", "one row below the header")
        }
        var scores: [Double] = []
        for task in tasks {
            guard let index = table.tasks.firstIndex(of: task) else {
                throw csv.error(table.header[0], "no column '\(task)'", "a column for every task of the matrix")
            }
            scores.append(table.rows[0].scores[index])
        }
        if let index = table.tasks.firstIndex(where: { !tasks.contains($0) }) {
            let name = table.tasks[index]
            throw csv.error(
                table.header[index], "a column '\(name)'", "the tasks of the matrix (\(tasks.joined(separator: ", ")))",
                nearestAdvice(to: name, among: tasks))
        }
        return scores
    }

    static func isLabelHeader(_ text: String) -> Bool { labelHeaders.contains(text.lowercased()) }
}
