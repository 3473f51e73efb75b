/// 1 when the first character (code point) of the answer is that of the expected one; else 0, and 0 when one is empty.
/// Source: the accuracy of TRACE's ScienceQA, whose answers are a letter, a line end and the reasons; the reasons do not count.
enum FirstCharacter {
    static func value(_ written: String, _ expected: String) -> Double {
        guard let first = written.unicodeScalars.first, let right = expected.unicodeScalars.first else { return 0 }
        return first == right ? 1 : 0
    }
}
