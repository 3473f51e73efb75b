/// A header of task names and rows of scores, with the column of labels taken off.
struct MatrixTable {
    struct Row {
        var label: String?
        var scores: [Double]
        /// Its first cell.
        var start: CSVRecords.Cell

        var isBase: Bool { label?.lowercased() == "base" }
    }

    /// The cells that name tasks.
    let header: [CSVRecords.Cell]
    let rows: [Row]

    var tasks: [String] { header.map(\.text) }

    init(_ csv: CSVRecords) throws(CSVError) {
        guard let first = csv.records.first else {
            throw CSVError(file: csv.file, found: "nothing in it", expected: "a header of task names and rows of scores")
        }
        let body = csv.records.dropFirst()
        let hasLabels = MatrixCSV.isLabelHeader(first[0].text) || body.contains { $0[0].text.lowercased() == "base" }
        header = Array(first.dropFirst(hasLabels ? 1 : 0))
        guard !header.isEmpty else { throw csv.error(first[0], "a header without tasks", "the names of the tasks") }
        for (index, cell) in header.enumerated() {
            guard !cell.text.isEmpty else { throw csv.error(cell, "an empty name", "the name of a task") }
            guard !header[..<index].contains(where: { $0.text == cell.text }) else {
                throw csv.error(cell, "the task '\(cell.text)' a second time", "each once")
            }
        }
        if header.count == 1, let separator = header[0].text.first(where: { ";\t|".contains($0) }) {
            throw csv.error(header[0], "'\(separator == "\t" ? "tab" : String(separator))' between cells", "commas")
        }
        // Tasks may be numbered, 0.53 is no name.
        if header.allSatisfy({ Double($0.text) != nil }), header.contains(where: { Int($0.text) == nil }) {
            throw csv.error(header[0], "numbers in the first line", "a header of task names")
        }

        var rows: [Row] = []
        for record in body {
            guard record.count == first.count else {
                throw csv.error(
                    record[min(record.count, first.count + 1) - 1], "a row of \(record.count) \(record.count == 1 ? "cell" : "cells")",
                    "\(first.count), as in the header",
                    record.count < first.count
                        ? "cells that were not measured stay empty between their commas" : "numbers have a decimal point")
            }
            if !hasLabels, (try? Self.score(of: record[0], in: csv)) == nil {
                throw csv.error(
                    record[0], "'\(record[0].text.prefix(40))'", "a number, or nothing where none was measured",
                    "a first column of labels has the header 'round'")
            }
            rows.append(
                Row(
                    label: hasLabels ? record[0].text : nil,
                    scores: try Self.scores(of: Array(record.dropFirst(hasLabels ? 1 : 0)), in: csv),
                    start: record[0]))
        }
        self.rows = rows
    }

    static func scores(of cells: [CSVRecords.Cell], in csv: CSVRecords) throws(CSVError) -> [Double] {
        var scores: [Double] = []
        for cell in cells { scores.append(try score(of: cell, in: csv)) }
        return scores
    }

    /// The number in a cell; NaN when it was not measured.
    static func score(of cell: CSVRecords.Cell, in csv: CSVRecords) throws(CSVError) -> Double {
        if ["", "nan", "na"].contains(cell.text.lowercased()) { return .nan }
        // Double's initialiser also takes hexadecimal and `inf`.
        guard cell.text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }), let number = Double(cell.text), number.isFinite else {
            throw csv.error(cell, "'\(cell.text.prefix(40))'", "a number, or nothing where none was measured")
        }
        return number
    }
}

extension CSVRecords {
    func error(_ cell: Cell, _ found: String, _ expected: String, _ advice: String = "") -> CSVError {
        CSVError(file: file, line: cell.line, column: cell.column, found: found, expected: expected, advice: advice)
    }
}
