/// A body of text to learn and to be measured on.
public struct Domain: Sendable, Hashable {
    public var name: String
    /// Documents, bytes as they stand.
    public var training: [[UInt8]]
    /// Documents that training never sees.
    public var heldOut: [[UInt8]]
    /// Questions that do not stand in the training text; empty for text without any.
    public var questions: [Question]

    public init(name: String, training: [[UInt8]], heldOut: [[UInt8]], questions: [Question] = []) {
        self.name = name
        self.training = training
        self.heldOut = heldOut
        self.questions = questions
    }
}

/// A domain as tokens: each document stands in the tokenizer's frame and is followed by end of text.
public struct TokenizedDomain: Sendable, Hashable {
    public var name: String
    public var training: [Int32]
    public var heldOut: [Int32]
    public var questions: [Question]

    public init(_ domain: Domain, _ tokenizer: some Tokenizer) {
        func joined(_ documents: [[UInt8]]) -> [Int32] {
            tokenizer.encode(documents: documents).flatMap { tokenizer.framed($0) }
        }
        name = domain.name
        training = joined(domain.training)
        heldOut = joined(domain.heldOut)
        questions = domain.questions
    }
}
