/// Why a program of the small language cannot be read or run.
public struct ProgramError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counted from 1.
    public var line: Int
    public var message: String

    public var description: String { "line \(line): \(message)" }
}
