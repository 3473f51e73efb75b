/// 1 when the answer is the expected one, character for character, and not empty; else 0. Nothing is trimmed or folded.
/// Source: `caculate_accuracy` of TRACE, used for C-STANCE, FOMC and NumGLUE.
enum ExactMatch {
    static func value(_ written: String, _ expected: String) -> Double {
        // Code points, as in Python: Swift's == would take equivalent sequences for equal.
        !written.isEmpty && written.unicodeScalars.elementsEqual(expected.unicodeScalars) ? 1 : 0
    }
}
