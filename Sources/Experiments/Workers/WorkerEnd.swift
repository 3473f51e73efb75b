import Foundation

/// How a worker process ended.
public struct WorkerEnd: Sendable, Hashable, CustomStringConvertible {
    public enum Cause: Sendable, Hashable {
        case status(Int32)
        case signal(Int32)
    }

    public var cause: Cause
    /// The last lines of its standard error.
    public var lastWords: [String]

    public init(_ cause: Cause, lastWords: [String] = []) { (self.cause, self.lastWords) = (cause, lastWords) }

    public var description: String {
        let what =
            switch cause {
            case .status(let status): "ended with exit status \(status)"
            case .signal(SIGKILL): "was ended by SIGKILL (the system sends it when memory runs out)"
            case .signal(let number): "was ended by \(Self.signalNames[number] ?? "signal \(number)")"
            }
        return lastWords.isEmpty ? what : "\(what); its last words: \(lastWords.joined(separator: " / "))"
    }

    private static let signalNames: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS",
        SIGFPE: "SIGFPE", SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ",
    ]
}
