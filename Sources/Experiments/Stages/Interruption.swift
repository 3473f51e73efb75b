import Synchronization

/// A wish to stop, from a signal or from another process. Whoever works looks at it between steps.
public final class Interruption: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    public var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// False when it was requested before. May be called by a signal handler.
    @discardableResult
    public func request() -> Bool { !flag.exchange(true, ordering: .relaxed) }

    /// Throws when a stop is wanted.
    func check() throws(Interrupted) { if isRequested { throw Interrupted() } }
}

/// Work was stopped because that was wanted. What is done is kept, and a stage that was trained goes on at the next run.
public struct Interrupted: Error, Sendable, Hashable, CustomStringConvertible {
    public init() {}
    public var description: String { "stopped by a signal; the next run goes on where it stopped" }
}
