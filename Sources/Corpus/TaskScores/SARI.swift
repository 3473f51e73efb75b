/// How well words were kept, deleted and added in making a text simpler: for n-grams of 1 to 4 words, each the mean over n,
///   SARI = (F of keeping + precision of deleting + F of adding) / 3
/// with 0/0 = 1, on texts in lower case and tokenized by mteval's `13a`, one reference: `sari` of Hugging Face evaluate, over 100, which TRACE uses for 20Minuten. The
/// source is the whole prompt, as there.
/// Source: Xu et al. 2016, Optimizing Statistical Machine Translation for Text Simplification, TACL 4.
enum SARI {
    static func value(source: String, _ written: String, _ expected: String) -> Double {
        let (s, c, r) = (tokens(source), tokens(written), tokens(expected))
        var (keep, delete, add) = (0.0, 0.0, 0.0)
        for n in 1...4 {
            let scores = scores(Counts(s, n), Counts(c, n), Counts(r, n))
            keep += scores.keep
            delete += scores.delete
            add += scores.add
        }
        return (keep / 4 + delete / 4 + add / 4) / 3
    }

    /// How often n-grams stand in a text, in the order in which they come first.
    private struct Counts {
        var order: [[PythonText.Word]] = []
        var count: [[PythonText.Word]: Int] = [:]

        init(_ words: [PythonText.Word], _ n: Int) {
            guard words.count >= n else { return }
            for start in 0...words.count - n { add(Array(words[start..<start + n]), 1) }
        }

        /// What `amount` leaves of each, where that is more than nothing.
        init(_ counts: Counts, _ amount: ([PythonText.Word], Int) -> Int) {
            for gram in counts.order { add(gram, amount(gram, counts[gram])) }
        }

        private mutating func add(_ gram: [PythonText.Word], _ more: Int) {
            guard more > 0 else { return }
            if count[gram] == nil { order.append(gram) }
            count[gram, default: 0] += more
        }

        subscript(_ gram: [PythonText.Word]) -> Int { count[gram] ?? 0 }
    }

    private static func scores(_ s: Counts, _ c: Counts, _ r: Counts) -> (keep: Double, delete: Double, add: Double) {
        let kept = Counts(s) { min($1, c[$0]) }
        let toKeep = Counts(s) { min($1, r[$0]) }
        var (precision, recall) = (1.0, 1.0)
        if !kept.order.isEmpty {
            precision = kept.order.reduce(0) { $0 + Double(min(kept[$1], r[$1])) / Double(kept[$1]) } / Double(kept.order.count)
        }
        if !toKeep.order.isEmpty {
            recall = Double(kept.order.reduce(0) { $0 + min(kept[$1], r[$1]) }) / Double(toKeep.order.reduce(0) { $0 + toKeep[$1] })
        }
        let keep = mean(precision, recall)

        let deleted = Counts(s) { $1 - c[$0] }
        let delete =
            deleted.order.isEmpty
            ? 1 : deleted.order.reduce(0) { $0 + Double(max(deleted[$1] - r[$1], 0)) / Double(deleted[$1]) } / Double(deleted.order.count)

        let added = c.order.filter { s[$0] == 0 }, toAdd = r.order.filter { s[$0] == 0 }
        let good = Double(added.count { r[$0] > 0 })
        return (keep, delete, mean(added.isEmpty ? 1 : good / Double(added.count), toAdd.isEmpty ? 1 : good / Double(toAdd.count)))
    }

    /// Harmonic mean; 0 of two zeros.
    private static func mean(_ precision: Double, _ recall: Double) -> Double {
        precision > 0 || recall > 0 ? 2 * precision * recall / (precision + recall) : 0
    }

    /// mteval-v13a, the language-independent part and that for Western languages. No text has one empty token.
    private static func tokens(_ text: String) -> [PythonText.Word] {
        var line = PythonText.lowercased(text)
        for (mark, value) in [("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            line = PythonText.replacing(line, mark, value)
        }
        func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
        func isPoint(_ scalar: Unicode.Scalar) -> Bool { scalar == "." || scalar == "," }
        line = [" "] + line + [" "]
        line = line.flatMap { scalar -> [Unicode.Scalar] in
            let isSign = [" "..."&", "("..."+", ":"..."@", "["..."`", "{"..."~"].contains { ($0 as ClosedRange<Unicode.Scalar>).contains(scalar) }
            return isSign || scalar == "/" ? [" ", scalar, " "] : [scalar]
        }
        line = pairs(line, where: { !isDigit($0) && isPoint($1) }) { [$0, " ", $1, " "] }
        line = pairs(line, where: { isPoint($0) && !isDigit($1) }) { [" ", $0, " ", $1] }
        line = pairs(line, where: { isDigit($0) && $1 == "-" }) { [$0, " ", $1, " "] }
        let words = PythonText.words(line)
        return words.isEmpty ? [[]] : words
    }

    /// Replaces pairs of neighbours from the left; none overlaps another.
    private static func pairs(
        _ line: [Unicode.Scalar], where matches: (Unicode.Scalar, Unicode.Scalar) -> Bool,
        by replacement: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var index = 0
        while index < line.count {
            if index + 1 < line.count, matches(line[index], line[index + 1]) {
                result += replacement(line[index], line[index + 1])
                index += 2
            } else {
                result.append(line[index])
                index += 1
            }
        }
        return result
    }
}
