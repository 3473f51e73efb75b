/// A setting that cannot be used: where it stands, what was found, what was expected and what to do.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    public var path: Path
    public var found: String
    public var expected: String
    public var advice: String

    public init(path: Path, found: String, expected: String, advice: String = "") {
        self.path = path
        self.found = found
        self.expected = expected
        self.advice = advice
    }

    public var description: String {
        let place = path.steps.isEmpty ? "" : "\(path): "
        return "\(place)found \(found), expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)")
    }

    /// The same error, its path seen from further out.
    public func under(_ outer: Path) -> SettingsError {
        var copy = self
        copy.path = outer.appending(path)
        return copy
    }
}
