import Foundation
import Synchronization

/// What one process has seen of the locks of others, by its own clock, which cannot be set back.
public final class LockWatch: Sendable {
    /// What a look at a lock shows.
    public enum Sight: Sendable {
        case free
        case held(StageLock.Holder)
        case dead(StageLock.Holder)
    }

    /// Seconds without a beat after which a holder on another machine counts as dead: nine beats.
    public let patience: Double
    private let now: @Sendable () -> Double
    /// What each lock looked like, and since when.
    private let seen = Mutex<[String: (content: Data, since: Double)]>([:])
    private let dead = Mutex<Set<String>>([])

    public convenience init(patience: Double = 90) {
        let start = ContinuousClock.now
        self.init(patience: patience) { (ContinuousClock.now - start) / .seconds(1) }
    }

    init(patience: Double, now: @escaping @Sendable () -> Double) { (self.patience, self.now) = (patience, now) }

    /// Takes the word of another process of this run that the holder with this token is dead.
    func believe(dead token: String) { dead.withLock { _ = $0.insert(token) } }

    /// To be asked again and again: that a holder on another machine is dead is seen by looking twice, `patience` apart.
    public func look(at path: String) throws(StoreError) -> Sight {
        guard let (holder, content) = try StageLock.read(path) else { return .free }
        if dead.withLock({ $0.contains(holder.token) }) { return .dead(holder) }
        if let isAlive = holder.identity.isAlive { return isAlive ? .held(holder) : .dead(holder) }
        let now = now()
        let isDead = seen.withLock { seen in
            if let sight = seen[path], sight.content == content { return now - sight.since > patience }
            seen[path] = (content, now)
            return false
        }
        return isDead ? .dead(holder) : .held(holder)
    }
}
