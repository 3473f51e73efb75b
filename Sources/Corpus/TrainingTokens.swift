/// What batches are cut from: running text, or examples that stay whole.
public struct TrainingTokens: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        /// Every token counts.
        case text([Int32])
        case examples([TokenizedExample], layout: Layout)
    }

    /// How examples stand in a sequence.
    struct Layout: Sendable, Hashable {
        /// Before the first example and before every other one.
        var beginning: [Int32], between: [Int32]
        /// What fills the rest.
        var padding: Int32
        var isPacked: Bool
    }

    let form: Form

    private init(form: Form) { self.form = form }

    public init(_ text: [Int32]) { form = .text(text) }

    /// Examples that are learned by the tokens of their answers.
    public init(_ examples: [TokenizedExample], isPacked: Bool, _ tokenizer: some Tokenizer) {
        form = .examples(
            examples,
            layout: Layout(
                beginning: tokenizer.beginning, between: tokenizer.frame.before, padding: tokenizer.endOfText, isPacked: isPacked))
    }

    /// Tokens of text, or of all examples together.
    public var count: Int {
        switch form {
        case .text(let tokens): tokens.count
        case .examples(let examples, _): examples.reduce(0) { $0 + $1.tokens.count }
        }
    }

    /// Why no sequence of so many tokens can be made of it; nil where one can.
    public func shortage(sequenceLength: Int) -> (found: String, expected: String)? {
        switch form {
        case .text(let tokens):
            tokens.count > sequenceLength
                ? nil : ("\(tokens.count) tokens", "at least \(sequenceLength + 1), one sequence of \(sequenceLength) and the token after it")
        case .examples(let examples, let layout):
            examples.isEmpty ? ("no examples", "at least one")
                : sequenceLength <= layout.beginning.count ? ("sequences of \(sequenceLength) tokens", "room for more than the beginning of a text") : nil
        }
    }

    /// With every example cut to what a sequence holds.
    func fitted(sequenceLength: Int) -> TrainingTokens {
        guard case .examples(let examples, let layout) = form else { return self }
        let room = sequenceLength + 1 - layout.beginning.count
        return TrainingTokens(form: .examples(examples.map { $0.tokens.count > room ? $0.fitted(room).example : $0 }, layout: layout))
    }

    /// Examples that do not fit whole into a sequence; nil for text.
    public func cuts(sequenceLength: Int) -> ExampleCuts? {
        guard case .examples(let examples, let layout) = form else { return nil }
        return ExampleCuts(examples, room: sequenceLength + 1 - layout.beginning.count)
    }
}
