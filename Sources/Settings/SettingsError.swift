/// A setting that cannot be used: where it stands, what was found, what was expected and what to do.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Whether the value at the path is wrong or the key itself: a reader of files points at the one or the other.
    public enum Subject: Sendable, Hashable {
        case value
        case key
    }

    public var path: Path
    public var found: String
    public var expected: String
    public var advice: String
    public var subject: Subject

    public init(path: Path, found: String, expected: String, advice: String = "", subject: Subject = .value) {
        self.path = path
        self.found = found
        self.expected = expected
        self.advice = advice
        self.subject = subject
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
