import Foundation

/// Writing to a process that has ended: an error like others, where the system would end this program instead (SIGPIPE).
public enum BrokenPipe {
    /// Call it before a process is started that gets input. It holds for the whole program and for good: another thread may be writing
    /// to another process when this one is through.
    public static func becomesError() { _ = ignored }

    private static let ignored: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
}
