/// Text, a tokenizer file or a data source that cannot be used: where, what was found, what was expected and what to do.
public struct CorpusError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A file, a file and line (`train.jsonl:12`), or the name of a domain.
    public var place: String
    public var found: String
    public var expected: String
    public var advice: String

    public init(place: String, found: String, expected: String, advice: String = "") {
        self.place = place
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    public var description: String {
        "\(place): found \(found), expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)")
    }
}
