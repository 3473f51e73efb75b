/// How much of two texts agrees: `fuzz.ratio` of fuzzywuzzy 0.18.0 over Levenshtein, as TRACE uses it for Py150, over 100:
///   round(100 (1 - d / (n + m))) / 100,   d = n + m - 2 (length of the longest common subsequence of code points)
/// rounded half to even; 0 when one is empty. Before that the marks of Py150 for literals are taken away, as TRACE does: `<NUM_LIT>` is 0,
/// `<STR_LIT>` and `<CHAR_LIT>` nothing, `<STR_LIT:x>` x.
/// Source: Lu et al. 2021, CodeXGLUE, arXiv 2102.04664 (edit similarity of code completion).
enum EditSimilarity {
    static func value(_ written: String, _ expected: String) -> Double {
        let (a, b) = (withoutMarks(written), withoutMarks(expected))
        guard !a.isEmpty, !b.isEmpty else { return 0 }
        let total = Double(a.count + b.count)
        let ratio = 1 - (total - 2 * Double(commonLength(a, b))) / total
        return (100 * ratio).rounded(.toNearestOrEven) / 100
    }

    private static func commonLength(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var lengths = [Int](repeating: 0, count: b.count + 1)
        for x in a {
            var diagonal = 0
            for j in b.indices {
                let above = lengths[j + 1]
                lengths[j + 1] = x == b[j] ? diagonal + 1 : max(above, lengths[j])
                diagonal = above
            }
        }
        return lengths[b.count]
    }

    private static func withoutMarks(_ text: String) -> [Unicode.Scalar] {
        var code = Array(text.unicodeScalars)
        for (mark, value) in [("<NUM_LIT>", "0"), ("<STR_LIT>", ""), ("<CHAR_LIT>", "")] { code = PythonText.replacing(code, mark, value) }
        // Found in the text as it is now; what a replacement makes is not looked at again, but its equals are.
        var marks: [(mark: [Unicode.Scalar], literal: [Unicode.Scalar])] = []
        let openings = ["<STR_LIT:", "<NUM_LIT:", "<CHAR_LIT:"].map { Array($0.unicodeScalars) }
        var index = 0
        while index < code.count {
            if let opening = openings.first(where: { code[index...].starts(with: $0) }),
                let end = code[(index + opening.count)...].firstIndex(of: ">") {
                marks.append((Array(code[index...end]), Array(code[index + opening.count..<end])))
                index = end + 1
            } else {
                index += 1
            }
        }
        for (mark, literal) in marks { code = PythonText.replacing(code, mark, literal) }
        return code
    }
}
