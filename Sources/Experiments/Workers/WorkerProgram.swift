/// How a worker process is started: a program that hands each line of its standard input to a `WorkerSession` and ends with its
/// standard input.
public struct WorkerProgram: Sendable, Hashable {
    public var path: String
    public var arguments: [String]

    public init(path: String, arguments: [String]) { (self.path, self.arguments) = (path, arguments) }
}
