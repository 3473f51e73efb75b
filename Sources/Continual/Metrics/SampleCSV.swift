/// Reads samples from CSV files: a header of names, and a row for each repetition. Cells are numbers with a decimal point; empty cells,
/// `nan` and `NA` were not measured. Quotes as in RFC 4180.
public enum SampleCSV {
    /// The columns of a file, NaN where not measured. Throws when it cannot be read or is not as described.
    public static func samples(contentsOf path: String) throws(CSVError) -> [(name: String, values: [Double])] {
        try samples(CSVRecords(contentsOf: path))
    }

    /// The same from a text. `file` is what errors call it.
    public static func samples(_ text: String, file: String) throws(CSVError) -> [(name: String, values: [Double])] {
        try samples(CSVRecords(text: text, file: file))
    }

    private static func samples(_ csv: CSVRecords) throws(CSVError) -> [(name: String, values: [Double])] {
        guard let header = csv.records.first else { throw CSVError(file: csv.file, found: "nothing in it", expected: "a header and rows of numbers") }
        for (index, cell) in header.enumerated() {
            guard !cell.text.isEmpty else { throw csv.error(cell, "an empty name", "a name for each column") }
            guard !header[..<index].contains(where: { $0.text == cell.text }) else { throw csv.error(cell, "'\(cell.text)' a second time", "each name once") }
        }
        var values = [[Double]](repeating: [], count: header.count)
        for record in csv.records.dropFirst() {
            guard record.count == header.count else {
                throw csv.error(record[0], "\(record.count) cells", "\(header.count), one a name of the header", "cells that were not measured stay empty")
            }
            for (column, cell) in record.enumerated() { values[column].append(try MatrixTable.score(of: cell, in: csv)) }
        }
        return zip(header, values).map { ($0.text, $1) }
    }
}
