/// A CSV file that cannot be used: `FILE:LINE:COLUMN: found X, expected Y; advice`.
public struct CSVError: Error, Sendable, Hashable, CustomStringConvertible {
    public var file: String
    /// Counted from 1, columns in characters (Unicode scalars); nil when the error is about the file as a whole.
    public var line: Int?
    public var column: Int?
    public var found: String
    public var expected: String
    public var advice: String = ""

    public var description: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
        return "\(place): found \(found), expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)")
    }
}
