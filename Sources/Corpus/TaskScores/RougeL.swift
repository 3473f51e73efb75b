/// The F of ROUGE-L over sentences, as the Python package `rouge` 1.0.1 has it and TRACE uses it (MeetingBank), with the expected answer as hypothesis:
///   U = the set of all words that stand in a longest common subsequence of a written and an expected sentence
///   r = |U| / |W|,  p = |U| / |E|,  F = 2 p r / (p + r + 1e-8)
/// with W and E the sets of words of the two. Sentences end at ".", words at white space; a sentence of white space alone has one empty word. 0 when
/// one of the two has no sentence (the package throws). Words that stand several times count once, so this is not the F of Lin 2004 nor that of `rouge-score`.
/// Source: Lin 2004, ROUGE, section 3.2 (union of longest common subsequences).
enum RougeL {
    static func value(_ written: String, _ expected: String) -> Double {
        let (w, e) = (sentences(written), sentences(expected))
        guard !w.isEmpty, !e.isEmpty else { return 0 }
        var union: Set<PythonText.Word> = []
        for own in w { for other in e { union.formUnion(commonSubsequence(own, other)) } }
        let r = Double(union.count) / Double(Set(w.joined()).count), p = Double(union.count) / Double(Set(e.joined()).count)
        return 2 * ((p * r) / (p + r + 1e-8))
    }

    private static func sentences(_ text: String) -> [[PythonText.Word]] {
        text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: true).map {
            let words = PythonText.words($0)
            return words.isEmpty ? [[]] : words
        }
    }

    /// Of several longest ones that which drops words of `y` first, from the end.
    private static func commonSubsequence(_ x: [PythonText.Word], _ y: [PythonText.Word]) -> [PythonText.Word] {
        let row = y.count + 1
        var lengths = [Int32](repeating: 0, count: (x.count + 1) * row)
        for i in 1...x.count {
            for j in 1...y.count {
                lengths[i * row + j] =
                    x[i - 1] == y[j - 1] ? lengths[(i - 1) * row + j - 1] + 1 : max(lengths[(i - 1) * row + j], lengths[i * row + j - 1])
            }
        }
        var (i, j) = (x.count, y.count)
        var words: [PythonText.Word] = []
        while i > 0, j > 0 {
            if x[i - 1] == y[j - 1] {
                words.append(x[i - 1])
                (i, j) = (i - 1, j - 1)
            } else if lengths[(i - 1) * row + j] > lengths[i * row + j - 1] {
                i -= 1
            } else {
                j -= 1
            }
        }
        return words
    }
}
