/// A record that cannot be published: what was found, what was expected and what to do.
public struct PublishError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The run in question, nil when it is the set of all runs.
    public var run: String?
    public var found: String
    public var expected: String
    public var advice: String

    init(run: String? = nil, found: String, expected: String, advice: String = "") {
        self.run = run
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    public var description: String {
        (run.map { "run '\($0)': " } ?? "") + "found \(found), expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)")
    }
}
