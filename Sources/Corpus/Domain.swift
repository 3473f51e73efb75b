/// A body of text to learn and to be measured on.
public struct Domain: Sendable, Hashable {
    public var name: String
    /// Documents, bytes as they stand.
    public var training: [[UInt8]]
    /// Documents that training never sees.
    public var heldOut: [[UInt8]]
    /// Questions that do not stand in the training text; empty for text without any.
    public var questions: [Question]
    /// What the documents are, where they are prompts with answers: a document is the text of one.
    public private(set) var examples: ExampleSet?

    public init(name: String, training: [[UInt8]], heldOut: [[UInt8]], questions: [Question] = []) {
        self.name = name
        self.training = training
        self.heldOut = heldOut
        self.questions = questions
    }

    public init(name: String, examples: ExampleSet) {
        self.name = name
        training = examples.training.map { Array($0.text.utf8) }
        heldOut = examples.heldOut.map { Array($0.text.utf8) }
        questions = []
        self.examples = examples
    }
}

/// A domain as tokens: each document or example stands in the tokenizer's frame and is followed by end of text.
public struct TokenizedDomain: Sendable, Hashable {
    public var name: String
    public var training: TrainingTokens
    /// Running text; empty where there are examples.
    public var heldOut: [Int32]
    public var questions: [Question]
    /// Held-out prompts with answers, and how they are asked.
    public var tasks: [TokenizedExample] = []
    public var examples: ExampleSet?

    public init(_ domain: Domain, _ tokenizer: some Tokenizer) {
        func joined(_ documents: [[UInt8]]) -> [Int32] {
            tokenizer.encode(documents: documents).flatMap { tokenizer.framed($0) }
        }
        name = domain.name
        questions = domain.questions
        guard let examples = domain.examples else {
            training = TrainingTokens(joined(domain.training))
            heldOut = joined(domain.heldOut)
            return
        }
        func tokenized(_ all: [Example]) -> [TokenizedExample] {
            all.map { TokenizedExample($0, answersOnly: examples.answersOnly, tokenizer) }
        }
        training = TrainingTokens(tokenized(examples.training), isPacked: examples.isPacked, tokenizer)
        heldOut = []
        tasks = tokenized(examples.heldOut)
        self.examples = examples
    }
}
