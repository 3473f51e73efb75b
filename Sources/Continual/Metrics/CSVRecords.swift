import Foundation
import Settings

/// The records of a CSV file (RFC 4180): cells between commas, quotes around cells that hold commas, quotes or line breaks, a quote
/// inside doubled. Lines end with LF or CRLF; empty lines are skipped; white space around cells without quotes is dropped.
struct CSVRecords {
    struct Cell: Hashable {
        var text: String
        /// Where it begins, from 1.
        var line: Int
        var column: Int
        var isQuoted: Bool
    }

    /// Files larger than this (bytes) are refused.
    static let maximumSize = 16 << 20

    let file: String
    private(set) var records: [[Cell]] = []

    init(contentsOf path: String) throws(CSVError) {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard exists, !isDirectory.boolValue else {
            throw CSVError(file: path, found: exists ? "a folder" : "no such file", expected: "a CSV file")
        }
        var data = Data()
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            while data.count <= Self.maximumSize, let part = try handle.read(upToCount: Self.maximumSize + 1), !part.isEmpty {
                data += part
            }
            try handle.close()
        } catch {
            throw CSVError(file: path, found: "a file that cannot be read (\(error.localizedDescription))", expected: "a readable file")
        }
        guard data.count <= Self.maximumSize else {
            throw CSVError(file: path, found: "a file of more than \(Self.maximumSize >> 20) MB", expected: "a CSV file of scores")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CSVError(file: path, found: "bytes that are not UTF-8", expected: "text in UTF-8")
        }
        try self.init(text: text, file: path)
    }

    init(text: String, file: String) throws(CSVError) {
        self.file = file
        var reader = CSVReader(text: text, file: file)
        while !reader.isAtEnd {
            let record = try reader.record()
            if record.count > 1 || record.contains(where: { $0.isQuoted || !$0.text.isEmpty }) { records.append(record) }
        }
    }
}

/// Walks over the characters of a CSV text.
private struct CSVReader {
    private let file: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    private var column = 1

    var isAtEnd: Bool { position == scalars.count }
    private var next: Unicode.Scalar? { isAtEnd ? nil : scalars[position] }
    private var isAtSpace: Bool { next == " " || next == "\t" }
    private var isAtLineEnd: Bool {
        next == "\n" || (next == "\r" && position + 1 < scalars.count && scalars[position + 1] == "\n")
    }

    init(text: String, file: String) {
        self.file = file
        scalars = Array(text.unicodeScalars.first == "\u{feff}" ? text.unicodeScalars.dropFirst() : text.unicodeScalars[...])
    }

    /// The cells up to the end of the line, which is passed.
    mutating func record() throws(CSVError) -> [CSVRecords.Cell] {
        var cells = [try cell()]
        while next == "," {
            advance()
            cells.append(try cell())
        }
        if next == "\r" { advance() }
        if next == "\n" { advance() }
        return cells
    }

    private mutating func cell() throws(CSVError) -> CSVRecords.Cell {
        while isAtSpace { advance() }
        var cell = CSVRecords.Cell(text: "", line: line, column: column, isQuoted: next == "\"")
        if cell.isQuoted {
            advance()
            cell.text = try quoted(from: cell)
            while isAtSpace { advance() }
            guard isAtEnd || next == "," || isAtLineEnd else {
                throw error("text after a closing quote", expected: "a comma or the end of the line")
            }
            return cell
        }
        while let scalar = next, scalar != ",", !isAtLineEnd {
            guard scalar != "\"" else { throw error("a quote inside of a cell", expected: "quotes around the whole cell") }
            cell.text.unicodeScalars.append(scalar)
            advance()
        }
        while let last = cell.text.unicodeScalars.last, last == " " || last == "\t" { cell.text.unicodeScalars.removeLast() }
        return cell
    }

    /// The text up to the closing quote, which is passed.
    private mutating func quoted(from cell: CSVRecords.Cell) throws(CSVError) -> String {
        var text = ""
        while let scalar = next {
            advance()
            if scalar == "\"" {
                guard next == "\"" else { return text }
                advance()
            }
            text.unicodeScalars.append(scalar)
        }
        throw CSVError(file: file, line: cell.line, column: cell.column, found: "a quote that is not closed", expected: "a closing one")
    }

    private mutating func advance() {
        (line, column) = scalars[position] == "\n" ? (line + 1, 1) : (line, column + 1)
        position += 1
    }

    private func error(_ found: String, expected: String) -> CSVError {
        CSVError(file: file, line: line, column: column, found: found, expected: expected, advice: "a quote inside of quotes is doubled")
    }
}
