import Settings

/// Documents from the bytes of files.
enum DocumentReader {
    /// A document longer than this is cut into passages.
    static let longestDocument = 64 << 10
    /// Length of a passage: at most this.
    static let passage = 16 << 10

    /// The documents of a text: each ends with a line that is exactly `<|endoftext|>` (which is not part of it), the last also
    /// without. A text without such lines is one document. Documents of white space alone are dropped, long ones cut.
    static func documents(ofText bytes: [UInt8]) -> [[UInt8]] {
        let mark = Array(endOfTextMark.utf8)
        var documents: [[UInt8]] = []
        var start = 0
        var line = 0
        while line < bytes.count {
            let lineEnd = bytes[line...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            var text = bytes[line..<lineEnd]
            if text.last == UInt8(ascii: "\r") { text.removeLast() }
            if text.elementsEqual(mark) {
                documents.append(contentsOf: passages(of: bytes[start..<line]))
                start = min(lineEnd + 1, bytes.count)
            }
            line = lineEnd + 1
        }
        return documents + passages(of: bytes[start...])
    }

    /// The documents of JSON lines: the string in `field` of the object on each line. Empty lines are skipped, documents of
    /// white space alone dropped, long ones cut.
    static func documents(ofJSONLines bytes: [UInt8], field: String, file: String) throws(CorpusError) -> [[UInt8]] {
        var documents: [[UInt8]] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard !isBlank(line) else { continue }
            let place = "\(file):\(index + 1)"
            let value: Value
            do {
                value = try Value(json: line)
            } catch {
                throw CorpusError(
                    place: "\(place):\(error.column)", found: error.found, expected: error.expected, advice: "each line must be one JSON object")
            }
            guard let entries = value.asObject else {
                throw CorpusError(place: place, found: value.summary, expected: "a JSON object", advice: "each line must be one JSON object")
            }
            guard let found = entries[field] else {
                throw CorpusError(
                    place: place, found: entries.isEmpty ? "no fields" : "only the fields \(entries.keys.sorted().joined(separator: ", "))",
                    expected: "a field '\(field)'", advice: "name the field that holds the text with 'field: NAME'")
            }
            guard let text = found.asString else {
                throw CorpusError(place: "\(place), field '\(field)'", found: found.summary, expected: "a string")
            }
            documents.append(contentsOf: passages(of: Array(text.utf8)[...]))
        }
        return documents
    }

    /// A document itself, or when it is long its passages: cut after the last line end of a passage's second half; without one
    /// after its last space; without that before the last character that fits.
    private static func passages(of document: ArraySlice<UInt8>) -> [[UInt8]] {
        guard document.count > longestDocument else { return isBlank(document) ? [] : [Array(document)] }
        var passages: [[UInt8]] = []
        var rest = document
        while rest.count > passage {
            let window = rest.prefix(passage)
            let secondHalf = window.suffix(passage / 2)
            let cut =
                (secondHalf.lastIndex(of: UInt8(ascii: "\n")) ?? secondHalf.lastIndex(of: UInt8(ascii: " "))).map { $0 + 1 }
                ?? characterStart(in: rest, before: window.endIndex)
            passages.append(Array(rest[..<cut]))
            rest = rest[cut...]
        }
        passages.append(Array(rest))
        return passages.filter { !isBlank($0[...]) }
    }

    /// The last place not after `end` at which no UTF-8 character is torn.
    private static func characterStart(in bytes: ArraySlice<UInt8>, before end: Int) -> Int {
        for place in stride(from: end, to: end - 4, by: -1) where bytes[place] & 0xC0 != 0x80 { return place }
        return end
    }

    static func isBlank(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 }
    }
}
