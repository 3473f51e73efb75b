import Foundation
import Synchronization

/// While anybody ignores them, writing to a process that has ended is an error like others and does not end this one.
public enum BrokenPipes {
    private static let users = Mutex<(count: Int, former: (@convention(c) (Int32) -> Void)?)>((0, nil))

    /// From now on; `stopIgnoring` belongs to it. The first in brings the signal's action away, the last out brings it back.
    public static func ignore() {
        users.withLock { users in
            if users.count == 0 { users.former = signal(SIGPIPE, SIG_IGN) }
            users.count += 1
        }
    }

    public static func stopIgnoring() {
        users.withLock { users in
            users.count -= 1
            if users.count == 0 { signal(SIGPIPE, users.former) }
        }
    }
}
