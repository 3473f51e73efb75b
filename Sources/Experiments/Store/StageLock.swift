import Foundation
import Settings
import Synchronization

/// A stage that one process works on, and no other: a file that names its holder.
///
/// It works on folders that several machines share, without the system's locks. The file appears with its content by a link, which one
/// process wins. A holder on this machine is seen to be dead at once, by its number and start. One elsewhere raises a counter in the file
/// every few seconds; when the counter has stood still for `LockWatch.patience` by the clock of whoever watches, it counts as dead. Clocks of
/// machines are not compared. The lock of a dead holder is removed by one process alone: who has the lock of that removal,
/// whose name has the holder's token.
///
/// Given back when it is released or let go.
public final class StageLock: Sendable {
    /// Who has a lock.
    public struct Holder: Sendable, Hashable, CustomStringConvertible {
        public var host: String
        public var process: Int
        /// When it took the lock, by its own clock; for people.
        public var since: String
        /// Unlike that of any other lock.
        public var token: String
        var identity: ProcessIdentity
        var beat: Int

        public var description: String { "process \(process) on \(host), since \(since)" }
    }

    public enum Attempt: Sendable {
        case taken(StageLock)
        case held(Holder)
    }

    /// How often a holder raises its counter.
    static let beatSeconds = 10.0

    public let path: String
    private let token: String
    private let descriptor: Int32
    /// Raises the counter; safe to cancel from any thread.
    private nonisolated(unsafe) let beats: DispatchSourceTimer
    private let isReleased = Atomic<Bool>(false)

    /// Takes a lock that is free or whose holder is dead. Does not wait for one that is held.
    public static func take(_ path: String, _ watch: LockWatch) throws(StoreError) -> Attempt {
        while true {
            if let lock = try create(path) { return .taken(lock) }
            switch try watch.look(at: path) {
            case .free: continue
            case .held(let holder): return .held(holder)
            case .dead(let holder):
                // Whoever has this second lock is the only one that may remove the dead holder's, which may have happened meanwhile.
                switch try take(path + "-" + holder.token, watch) {
                case .held(let other): return .held(other)
                case .taken(let removal):
                    defer { removal.release() }
                    if try read(path)?.holder.token == holder.token { unlink(path) }
                }
            }
        }
    }

    /// Who has the lock, dead or alive; nil when it is free.
    public static func holder(_ path: String) -> Holder? { (try? read(path))?.holder }

    /// Whether it is still this lock's: another process takes it when this one has stood still for too long.
    public var isHeld: Bool { !isReleased.load(ordering: .relaxed) && Self.holder(path)?.token == token }

    public func release() {
        guard !isReleased.exchange(true, ordering: .relaxed) else { return }
        beats.cancel()
        close(descriptor)
        if Self.holder(path)?.token == token { unlink(path) }
    }

    deinit { release() }

    private init(_ path: String, token: String, descriptor: Int32, interval: Double) {
        (self.path, self.token, self.descriptor) = (path, token, descriptor)
        beats = DispatchSource.makeTimerSource(queue: Self.queue)
        beats.schedule(deadline: .now() + interval, repeating: interval)
        let count = Counter()
        beats.setEventHandler {
            let digits = Array(Self.digits(count.next()).utf8)
            // The file itself, which nobody else has: a lock that was taken away is not touched.
            _ = pwrite(descriptor, digits, digits.count, 0)
            fsync(descriptor)
        }
        beats.resume()
    }

    private final class Counter: Sendable {
        private let value = Atomic<Int>(0)
        func next() -> Int { value.add(1, ordering: .relaxed).newValue }
    }

    private static let queue = DispatchQueue(label: "locks")
    private static let digitCount = 12

    private static func digits(_ beat: Int) -> String {
        let digits = String(beat)
        return String(repeating: "0", count: max(0, digitCount - digits.count)) + digits
    }

    /// Nil when there is one already.
    static func create(_ path: String, _ identity: ProcessIdentity = .current, interval: Double = beatSeconds) throws(StoreError) -> StageLock? {
        // Most often seen without making a file.
        if access(path, F_OK) == 0 { return nil }
        let token = String(UInt64.random(in: 0 ... .max), radix: 36)
        let own = path + "." + token
        let content: Value = [
            "host": .string(identity.host), "machine": .string(identity.machine), "process": .integer(identity.process), "start": .integer(identity.start),
            "since": .string(ISO8601DateFormatter().string(from: Date())), "token": .string(token),
        ]
        let bytes = Array((digits(0) + " " + content.canonicalJSON + "\n").utf8)
        let writer = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard writer >= 0 else { throw StoreError(own, "cannot be made") }
        defer { unlink(own) }
        // Closed before it appears: then all machines see what is in it.
        let written = write(writer, bytes, bytes.count)
        let reason = errno
        guard close(writer) == 0, written == bytes.count else { throw StoreError(own, "cannot be written", errorNumber: written < 0 ? reason : ENOSPC) }
        let descriptor = open(own, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError(own, "cannot be opened") }
        guard link(own, path) == 0 || isLinked(descriptor) else {
            let reason = errno
            close(descriptor)
            if reason == EEXIST { return nil }
            throw StoreError(path, "cannot be made as a link, which locks need", errorNumber: reason)
        }
        return StageLock(path, token: token, descriptor: descriptor, interval: interval)
    }

    /// Whether a link was made although the answer got lost, as can happen on a network.
    private static func isLinked(_ descriptor: Int32) -> Bool {
        let reason = errno
        defer { errno = reason }
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink == 2
    }

    /// Nil when there is none. What is damaged has a holder of whom nothing is known.
    static func read(_ path: String) throws(StoreError) -> (holder: Holder, content: Data)? {
        guard let data = FileManager.default.contents(atPath: path) else {
            guard access(path, F_OK) == 0 else { return nil }
            throw StoreError(path, "cannot be read", errorNumber: EACCES)
        }
        let json = try? Value(json: data.dropFirst(digitCount + 1))
        let identity = ProcessIdentity(
            host: json?["host"]?.asString ?? "an unknown host", machine: json?["machine"]?.asString ?? "", process: json?["process"]?.asInteger ?? 0,
            start: json?["start"]?.asInteger ?? 0)
        let holder = Holder(
            host: identity.host, process: identity.process, since: json?["since"]?.asString ?? "an unknown time", token: json?["token"]?.asString ?? Journal.checksum(Array(data)),
            identity: identity, beat: Int(String(decoding: data.prefix(digitCount), as: UTF8.self)) ?? -1)
        return (holder, data)
    }
}

/// A process has stood still for so long that another one took its stage.
struct LostLock: Error, CustomStringConvertible {
    var description: String { "this process stood still for so long that another one took the stage over" }
}
