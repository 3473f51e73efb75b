/// A prompt and the answer to be learned, or a conversation with an answer in every turn.
public struct Example: Sendable, Hashable {
    /// A piece of its text.
    public struct Segment: Sendable, Hashable {
        public var text: String
        /// Written by whoever answers: what is learned, unless the loss counts everything.
        public var isAnswer: Bool
        /// A mark of the template, in which special tokens may be spelled; what comes from the data is text and nothing else.
        public var isMark: Bool

        public init(_ text: String, isAnswer: Bool = false, isMark: Bool = false) { (self.text, self.isAnswer, self.isMark) = (text, isAnswer, isMark) }
    }

    /// In their order; the last answer is the one that is asked for.
    public var segments: [Segment]
    /// The last answer, without marks.
    public var answer: String
    /// The mark behind the answers of a chat; empty where the end of the text is their end.
    public var answerEnd = ""
    /// Answers of which one is right, where the data names them.
    public var choices: [String] = []

    public init(prompt: String, answer: String) {
        segments = [Segment(prompt), Segment(answer, isAnswer: true)]
        self.answer = answer
    }

    init(_ question: Question) {
        self.init(prompt: question.prompt, answer: question.answer)
        choices = question.choices
    }

    /// - `answer`: what the last answer of the segments says, without the mark that ends it.
    public init(segments: [Segment], answer: String, answerEnd: String = "") {
        (self.segments, self.answer, self.answerEnd) = (segments, answer, answerEnd)
    }

    /// Everything before the last answer.
    public var prompt: String { segments[..<lastAnswer].map(\.text).joined() }

    /// Everything before the last answer but marks: two prompts of the same words are the same, whatever the template.
    var question: String { segments[..<lastAnswer].filter { !$0.isMark }.map(\.text).joined(separator: "\u{0}") }

    /// The text as a whole.
    public var text: String { segments.map(\.text).joined() }

    /// The same with another last answer.
    public func answered(_ answer: String) -> Example {
        var copy = self
        copy.answer = answer
        if let place = segments.indices.last(where: { $0 >= lastAnswer && !segments[$0].isMark }) { copy.segments[place].text = answer }
        return copy
    }

    /// Index of the first segment of the last answer.
    var lastAnswer: Int {
        var index = segments.count
        while index > 0, !segments[index - 1].isAnswer { index -= 1 }
        while index > 0, segments[index - 1].isAnswer { index -= 1 }
        return index
    }
}

/// The examples of a domain, and how they are learned and asked.
public struct ExampleSet: Sendable, Hashable {
    public var training: [Example]
    /// Examples that training never sees.
    public var heldOut: [Example]
    /// Whether the loss counts the answers alone, their ends included, or every token.
    public var answersOnly: Bool
    /// Whether several examples share a sequence. A token then sees the examples before its own in the sequence.
    public var isPacked: Bool
    public var score: TaskScore
    /// Tokens of an answer at most; nil: as many as the longest held-out answer has, and its end.
    public var maxNewTokens: Int?

    public init(
        training: [Example], heldOut: [Example], answersOnly: Bool = true, isPacked: Bool = true, score: TaskScore = .exactMatch, maxNewTokens: Int? = nil
    ) {
        (self.training, self.heldOut, self.answersOnly, self.isPacked) = (training, heldOut, answersOnly, isPacked)
        (self.score, self.maxNewTokens) = (score, maxNewTokens)
    }

    /// What the answer of each example is one of, with `mostLikely`: what the example names, or else every answer among the held-out ones, in the order in
    /// which they come first.
    public func choices(of examples: [Example]) -> [[String]] {
        let all = heldOutAnswers
        return examples.map { $0.choices.isEmpty ? all : $0.choices }
    }

    /// Distinct answers of the held-out examples.
    var heldOutAnswers: [String] {
        var known: Set<String> = []
        return heldOut.map(\.answer).filter { known.insert($0).inserted }
    }

    /// Tokens of an answer at most, when the longest held-out one has so many, its end included.
    public func answerLimit(longest: Int) -> Int { maxNewTokens ?? score.tokenLimit ?? min(128, longest) }
}
