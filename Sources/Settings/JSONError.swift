/// Text that is not JSON: where, what stands there and what was expected.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counted from 1, columns in characters (Unicode scalars).
    public var line: Int
    public var column: Int
    public var found: String
    public var expected: String

    public var description: String { "line \(line), column \(column): found \(found), expected \(expected)" }
}
