/// An example as tokens, its end included; the beginning of a text is put before it where it stands.
public struct TokenizedExample: Sendable, Hashable {
    public var tokens: [Int32]
    /// Of each token, whether its loss counts.
    public var isScored: [Bool]
    /// Tokens before the last answer.
    public var promptCount: Int

    public init(tokens: [Int32], isScored: [Bool], promptCount: Int) {
        precondition(tokens.count == isScored.count && (0..<tokens.count).contains(promptCount), "an example with an answer")
        (self.tokens, self.isScored, self.promptCount) = (tokens, isScored, promptCount)
    }

    /// - `answersOnly`: whether the loss counts answers alone.
    public init(_ example: Example, answersOnly: Bool, _ tokenizer: some Tokenizer) {
        (tokens, isScored, promptCount) = ([], [], 0)
        for (index, segment) in example.segments.enumerated() {
            if index == example.lastAnswer { promptCount = tokens.count }
            let ids = segment.isMark ? tokenizer.encode(marked: segment.text) : tokenizer.encode(segment.text)
            tokens += ids
            isScored += ids.map { _ in segment.isAnswer || !answersOnly }
        }
        let end = tokenizer.framed([]).dropFirst(tokenizer.frame.before.count)
        tokens += end
        isScored += end.map { _ in true }
    }

    /// What an example loses that is longer than a sequence.
    public struct Cut: Sendable, Hashable {
        /// Tokens at the beginning of the prompt, and at the end of the answer.
        public var prompt = 0, answer = 0
    }

    /// The example in at most `room` tokens: the prompt loses its beginning; an answer that is longer than half the room loses its end before the
    /// prompt loses more than the other half.
    public func fitted(_ room: Int) -> (example: TokenizedExample, cut: Cut) {
        let answerCount = tokens.count - promptCount
        let kept = min(answerCount, max(room - promptCount, (room + 1) / 2))
        let prompt = min(promptCount, room - kept)
        let range = promptCount - prompt..<promptCount + kept
        return (
            TokenizedExample(tokens: Array(tokens[range]), isScored: Array(isScored[range]), promptCount: prompt),
            Cut(prompt: promptCount - prompt, answer: answerCount - kept)
        )
    }
}

/// How many of some examples do not fit whole.
public struct ExampleCuts: Sendable, Hashable {
    public var examples = 0
    /// Examples whose prompt loses its beginning, and whose answer loses its end.
    public var prompts = 0, answers = 0

    public init(_ examples: [TokenizedExample], room: Int) {
        self.examples = examples.count
        for example in examples where example.tokens.count > room {
            let cut = example.fitted(room).cut
            prompts += cut.prompt > 0 ? 1 : 0
            answers += cut.answer > 0 ? 1 : 0
        }
    }

    public var isNone: Bool { prompts == 0 && answers == 0 }
}
