/// Columns for the terminal: the first ones, and the last if it is text, to the left, numbers to the right.
struct TextTable {
    var header: [String]
    var rows: [[String]]
    var leftCount = 2
    var lastIsText = false

    var text: String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column < leftCount || (lastIsText && column == header.count - 1) ? cell + padding : padding + cell
            }.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
