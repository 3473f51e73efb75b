import Foundation
import Synchronization
import Testing

@testable import Experiments

@Suite struct StageLockTests {
    private let folder: TemporaryFolder
    private var path: String { folder.file("key") }
    private let elsewhere = ProcessIdentity(host: "node7", machine: "another boot", process: 12, start: 34)

    init() throws { folder = try TemporaryFolder() }

    private final class Clock: Sendable {
        let seconds = Mutex(0.0)
        func pass(_ seconds: Double) { self.seconds.withLock { $0 += seconds } }
        var watch: LockWatch { LockWatch(patience: 90) { self.seconds.withLock { $0 } } }
    }

    private func taken(_ attempt: StageLock.Attempt) -> StageLock? { if case .taken(let lock) = attempt { lock } else { nil } }
    private func holder(_ attempt: StageLock.Attempt) -> StageLock.Holder? { if case .held(let holder) = attempt { holder } else { nil } }

    /// Leaves the lock of a process behind that cannot release it.
    private func leave(_ identity: ProcessIdentity, at path: String) throws {
        let lock = try #require(try StageLock.create(path + "-left", identity, interval: 1000))
        try FileManager.default.moveItem(atPath: path + "-left", toPath: path)
        lock.release()
    }

    private var gone: ProcessIdentity {
        get throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/true")
            try process.run()
            process.waitUntilExit()
            return ProcessIdentity(host: "here", machine: ProcessIdentity.current.machine, process: Int(process.processIdentifier), start: 1)
        }
    }

    @Test func oneProcessHasIt() throws {
        let watch = LockWatch()
        let lock = try #require(taken(StageLock.take(path, watch)))
        #expect(lock.isHeld)
        let other = try #require(holder(StageLock.take(path, watch)))
        #expect(other.process == Int(getpid()) && other.host == ProcessInfo.processInfo.hostName && !other.since.isEmpty)
        #expect("\(other)" == "process \(getpid()) on \(other.host), since \(other.since)")
        #expect(try folder.names() == ["key"])
        lock.release()
        lock.release()
        #expect(try !lock.isHeld && folder.names().isEmpty)
        // Letting go of it gives it back.
        do { _ = try #require(taken(StageLock.take(path, watch))) }
        #expect(try folder.names().isEmpty && StageLock.holder(path) == nil)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/stat")))
    func theLockOfADeadProcessIsTakenAtOnce() throws {
        var reused = ProcessIdentity.current
        reused.start += 1
        for identity in [try gone, reused] {
            try leave(identity, at: path)
            let lock = try #require(taken(StageLock.take(path, LockWatch())))
            #expect(try lock.isHeld && folder.names() == ["key"])
            lock.release()
        }
        // Who died while it removed such a lock is in nobody's way.
        try leave(gone, at: path)
        let token = try #require(StageLock.holder(path)?.token)
        try leave(gone, at: path + "-" + token)
        let lock = try #require(taken(StageLock.take(path, LockWatch())))
        #expect(try lock.isHeld && folder.names() == ["key"])
    }

    /// Its beats are counted by the clock of whoever watches; what its own clock says, and the dates of files, count for nothing.
    @Test(arguments: ["1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
    func aHolderElsewhereIsAliveWhileItBeats(since: String) throws {
        let clock = Clock()
        let watch = clock.watch
        func write(beat: Int) throws {
            let digits = String(repeating: "0", count: 12 - String(beat).count) + String(beat)
            try folder.write(
                "key", digits + " {\"host\":\"node7\",\"machine\":\"another boot\",\"process\":12,\"since\":\"\(since)\",\"start\":34,\"token\":\"t\"}\n")
            try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: path)
        }
        for beat in 0..<20 {
            try write(beat: beat)
            #expect(try holder(StageLock.take(path, watch))?.description == "process 12 on node7, since \(since)", "beat \(beat)")
            clock.pass(80)
        }
        try write(beat: 20)
        #expect(try holder(StageLock.take(path, watch)) != nil)
        clock.pass(90)
        #expect(try holder(StageLock.take(path, watch)) != nil)
        clock.pass(1)
        // Who looks for the first time has seen nothing yet.
        #expect(try holder(StageLock.take(path, clock.watch)) != nil)
        // Unless it has the word of who has.
        let told = clock.watch
        guard case .dead(let dead) = try watch.look(at: path) else {
            Issue.record("not dead")
            return
        }
        told.believe(dead: dead.token)
        #expect(try taken(StageLock.take(path, told)) != nil)
    }

    @Test func holdersBeat() throws {
        let lock = try #require(try StageLock.create(path, elsewhere, interval: 0.01))
        let clock = Clock()
        let watch = clock.watch
        let first = try #require(StageLock.holder(path)).beat
        let deadline = ContinuousClock.now + .seconds(20)
        while try #require(StageLock.holder(path)).beat < first + 3 {
            #expect(ContinuousClock.now < deadline)
            usleep(5000)
        }
        #expect(try holder(StageLock.take(path, watch)) != nil)
        lock.release()
        #expect(try taken(StageLock.take(path, watch)) != nil)
    }

    @Test func whoLosesALockNoticesAndTouchesNothing() throws {
        let lock = try #require(try StageLock.create(path, elsewhere, interval: 1000))
        let clock = Clock()
        let watch = clock.watch
        #expect(try holder(StageLock.take(path, watch)) != nil)
        clock.pass(100)
        let other = try #require(taken(StageLock.take(path, watch)))
        #expect(!lock.isHeld && other.isHeld)
        lock.release()
        #expect(other.isHeld)
    }

    @Test(arguments: ["", "x", "000000000000 {\"host\":\"a\"", "\u{0}\u{0}\u{0}"])
    func aDamagedLockIsWaitedForAsOneFromElsewhere(content: String) throws {
        try folder.write("key", content)
        let clock = Clock()
        let watch = clock.watch
        #expect(try holder(StageLock.take(path, watch))?.description == "process 0 on an unknown host, since an unknown time")
        clock.pass(91)
        let lock = try #require(taken(StageLock.take(path, watch)))
        #expect(try lock.isHeld && folder.names() == ["key"])
    }

    /// Many at once, again and again: one gets a free lock, and one a dead one.
    @Test func onlyOneOfManyGetsIt() throws {
        let identity = try gone
        let winners = Mutex<[StageLock]>([])
        let errors = Mutex<[String]>([])
        for round in 0..<40 {
            if round % 2 == 1 { try leave(identity, at: path) }
            let path = path
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                do {
                    if case .taken(let lock) = try StageLock.take(path, LockWatch()) { winners.withLock { $0.append(lock) } }
                } catch {
                    errors.withLock { $0.append("\(error)") }
                }
            }
            let locks = winners.withLock { locks in
                defer { locks = [] }
                return locks
            }
            #expect(locks.count == 1 && locks.first?.isHeld == true, "round \(round)")
            locks.forEach { $0.release() }
        }
        #expect(errors.withLock { $0 } == [])
        #expect(try folder.names().isEmpty)
    }

    @Test func aFolderThatIsNotThere() throws {
        let error = #expect(throws: StoreError.self) { try StageLock.take(folder.file("none/key"), LockWatch()) }
        #expect(error?.problem == "cannot be made: No such file or directory")
    }
}
