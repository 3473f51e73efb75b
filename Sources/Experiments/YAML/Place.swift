/// Where something of an experiment was written: in a file or on the command line.
public enum Place: Sendable, Hashable, CustomStringConvertible {
    /// A file as a whole.
    case file(String)
    /// Line and column count from 1, columns in Unicode scalars.
    case line(file: String, line: Int, column: Int)
    /// A word of the command line, `train.steps=100`.
    case commandLine(word: String)

    public var description: String {
        switch self {
        case .file(let file): file
        case .line(let file, let line, let column): "\(file):\(line):\(column)"
        case .commandLine(let word): "command line, '\(word)'"
        }
    }
}
