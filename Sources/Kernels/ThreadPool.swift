internal import CProcessor
import Foundation
import Synchronization

/// Threads that stay alive and share out numbered pieces of work. Which thread takes a piece changes from run to run, so a
/// piece must not depend on it; the cut into pieces must not depend on the number of threads. Then the bits do not either.
///
/// One caller at a time.
public final class ThreadPool: @unchecked Sendable {
    public let threadCount: Int

    private let generation = Atomic<Int>(0)
    private let nextPiece = Atomic<Int>(0)
    private let busy = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let condition = NSCondition()
    private var pieceCount = 0
    private var isEnding = false
    private var body: ((Int, Int) -> Void)?

    public init(threadCount: Int) {
        precondition(threadCount >= 1, "a pool of \(threadCount) threads")
        self.threadCount = threadCount
        for index in 1..<max(threadCount, 1) {
            let thread = Thread { [self] in work(index) }
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Ends the threads. Using the pool afterwards traps, ending it again does nothing.
    public func end() {
        guard !isEnding else { return }
        isEnding = true
        wake()
    }

    /// Calls `body(piece, thread)` once for each piece in 0..<count, and returns when all are done. `thread` is below
    /// `threadCount` and belongs to one call at a time, for scratch memory.
    public func forEach(_ count: Int, _ body: (_ piece: Int, _ thread: Int) -> Void) {
        precondition(!isEnding, "a pool that has ended has no threads")
        guard threadCount > 1, count > 1 else {
            for piece in 0..<count { body(piece, 0) }
            return
        }
        withoutActuallyEscaping(body) { escaping in
            self.body = escaping
            pieceCount = count
            nextPiece.store(0, ordering: .relaxed)
            busy.store(threadCount - 1, ordering: .relaxed)
            wake()
            take(0)
            var turns = 0
            while busy.load(ordering: .acquiring) > 0 { rest(&turns) }
            self.body = nil
        }
    }

    private func wake() {
        generation.add(1, ordering: .sequentiallyConsistent)
        if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
            condition.lock()
            condition.broadcast()
            condition.unlock()
        }
    }

    private func take(_ thread: Int) {
        guard let body else { return }
        while true {
            let piece = nextPiece.add(1, ordering: .relaxed).oldValue
            guard piece < pieceCount else { return }
            body(piece, thread)
        }
    }

    private func work(_ index: Int) {
        var seen = 0
        while true {
            waitForWork(after: seen)
            seen += 1
            if isEnding { return }
            take(index)
            busy.subtract(1, ordering: .releasing)
        }
    }

    /// One turn of a wait that is likely to be short. After some microseconds other threads go first: with more threads than
    /// processors the one that is waited for may be among them.
    private func rest(_ turns: inout Int) {
        turns += 1
        if turns < 1000 { cprocessor_pause() } else { sched_yield() }
    }

    /// Waits awake for a while, because the next piece of a training step comes soon, then asleep.
    private func waitForWork(after seen: Int) {
        var turns = 0
        while turns < 5000 {
            if generation.load(ordering: .acquiring) > seen { return }
            rest(&turns)
        }
        condition.lock()
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while generation.load(ordering: .sequentiallyConsistent) <= seen { condition.wait() }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }
}
