/// How an answer that a model wrote is held against the right one. Every score is from 0 to 1, and the score of a task is the mean over its questions.
///
/// The scores are those of the TRACE benchmark (Wang et al. 2023, arXiv 2310.06762, and its evaluation code): like there, an empty answer has 0, but for SARI.
public enum TaskScore: String, Sendable, Hashable, CaseIterable {
    case exactMatch = "exact-match"
    case firstCharacter = "first-character"
    case rougeL = "rouge-l"
    case editSimilarity = "edit-similarity"
    case sari
    /// Nothing is written: the answer is the one of several that the model finds most likely.
    case mostLikely = "most-likely"

    /// - Parameters:
    ///   - written: what the model wrote, without the token that ended it.
    ///   - expected: the answer of the data.
    ///   - prompt: the text before; only SARI looks at it.
    public func value(written: String, expected: String, prompt: String) -> Double {
        switch self {
        case .exactMatch, .mostLikely: ExactMatch.value(written, expected)
        case .firstCharacter: FirstCharacter.value(written, expected)
        case .rougeL: RougeL.value(written, expected)
        case .editSimilarity: EditSimilarity.value(written, expected)
        case .sari: SARI.value(source: prompt, written, expected)
        }
    }

    /// Whether a question is right or wrong and nothing between, so that the mean is an accuracy.
    public var isAccuracy: Bool { self == .exactMatch || self == .firstCharacter || self == .mostLikely }

    /// Tokens that the answer needs at most; nil: all of it counts.
    var tokenLimit: Int? { self == .firstCharacter ? 4 : nil }

    /// What TRACE measures its tasks by, under the names of their folders.
    public static let ofTrace: [String: TaskScore] = [
        "C-STANCE": .exactMatch, "FOMC": .exactMatch, "MeetingBank": .rougeL, "Py150": .editSimilarity, "ScienceQA": .firstCharacter,
        "NumGLUE-cm": .exactMatch, "NumGLUE-ds": .exactMatch, "20Minuten": .sari,
    ]
}
