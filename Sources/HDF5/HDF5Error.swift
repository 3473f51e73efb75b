import Glibc

/// A call of libhdf5 that failed, or a request that its answer does not fit.
public struct HDF5Error: Error, Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// One entry of the C library's error stack.
    public struct Frame: Sendable, Hashable {
        public var function: String
        public var file: String
        public var line: Int
        public var major: String
        public var minor: String
        public var detail: String
    }

    /// What was found and what was expected, with the object and the file in question.
    public var message: String
    /// The whole error stack, from where the error arose out to the function that was called;
    /// empty when libhdf5 itself had nothing against the call.
    public var stack: [Frame]

    init(_ message: String, stack: [Frame] = []) {
        self.message = message
        self.stack = stack
    }

    /// A call of the operating system that failed just now.
    static func ofSystem(_ task: String) -> HDF5Error {
        HDF5Error("cannot \(task): \(String(cString: strerror(errno)))")
    }

    /// The message, and the reason in the library's words where it gave one.
    public var description: String {
        guard let cause = stack.first else { return message }
        return "\(message): \(cause.detail) (\(cause.minor.isEmpty ? cause.function : cause.minor))"
    }

    /// The message and every entry of the stack on a line of its own.
    public var debugDescription: String {
        ([message] + stack.map { "  \($0.function) (\($0.file):\($0.line)): \($0.detail) [\($0.major): \($0.minor)]" })
            .joined(separator: "\n")
    }
}
