/// Text as Python's `str` sees it: code points, its white space, its lower case. The reference scores are made of them.
enum PythonText {
    /// `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || ("\u{1c}"..."\u{1f}").contains(scalar) }

    /// Code points: Swift's strings are equal when they are equivalent, Python's are not.
    typealias Word = [Unicode.Scalar]

    /// `str.split()`.
    static func words(_ text: some Collection<Unicode.Scalar>) -> [Word] { text.split(whereSeparator: isSpace).map { Array($0) } }

    /// `str.replace`.
    static func replacing(_ text: [Unicode.Scalar], _ mark: [Unicode.Scalar], _ value: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < text.count {
            if text[index...].starts(with: mark) {
                result += value
                index += mark.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    static func replacing(_ text: [Unicode.Scalar], _ mark: String, _ value: String) -> [Unicode.Scalar] {
        replacing(text, Array(mark.unicodeScalars), Array(value.unicodeScalars))
    }

    /// `str.lower()`, with the small sigma of word ends.
    static func lowercased(_ text: String) -> [Unicode.Scalar] {
        let all = Array(text.unicodeScalars)
        return all.indices.flatMap { index -> [Unicode.Scalar] in
            guard all[index] == "\u{3a3}" else { return Array(all[index].properties.lowercaseMapping.unicodeScalars) }
            let before = all[..<index].last { !$0.properties.isCaseIgnorable }, after = all[(index + 1)...].first { !$0.properties.isCaseIgnorable }
            let isEnd = before?.properties.isCased == true && after?.properties.isCased != true
            return [isEnd ? "\u{3c2}" : "\u{3c3}"]
        }
    }
}
