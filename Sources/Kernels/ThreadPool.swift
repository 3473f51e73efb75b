internal import CProcessor
import Foundation
import Synchronization

/// Work that is cut into numbered pieces. A structure rather than a closure: handing it to the threads allocates nothing.
protocol PieceWork {
    /// `thread` is below the pool's `threadCount` and belongs to one call at a time, for scratch memory.
    func run(_ piece: Int, _ thread: Int)
}

/// Threads that stay alive and share out numbered pieces of work. Which thread takes a piece changes from run to run, so a
/// piece must not depend on it; the cut into pieces must not depend on the number of threads. Then the bits do not either.
///
/// A round waits for its pieces, not for the threads: one that the system does not let run takes no piece and is not waited
/// for, so that other work on the machine costs its share and no more. One caller at a time.
final class ThreadPool: @unchecked Sendable {
    let threadCount: Int

    /// Round (24 bits), pieces of the round (20), next piece to be taken (20) in one word, so that a piece is taken from the
    /// round that is going on or not at all.
    private let state = Atomic<UInt64>(0)
    private let completed = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let isEnding = Atomic<Bool>(false)
    private let condition = NSCondition()
    private var round: UInt64 = 0
    /// The work of the round. Read only by who has taken a piece: it is not replaced before all pieces are completed.
    private var work: UnsafeRawPointer?
    private var call: ((UnsafeRawPointer, Int, Int) -> Void)?

    init(threadCount: Int) {
        precondition(threadCount >= 1, "a pool of \(threadCount) threads")
        self.threadCount = threadCount
        for index in 1..<max(threadCount, 1) {
            let thread = Thread { [self] in work(index) }
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Ends the threads. Using the pool afterwards traps, ending it again does nothing.
    func end() {
        isEnding.store(true, ordering: .sequentiallyConsistent)
        wake()
    }

    /// Runs each piece in 0..<count once, and returns when all are done. At most 2^20 - 1 pieces.
    func forEach<Work: PieceWork>(_ count: Int, _ work: Work) {
        precondition(!isEnding.load(ordering: .relaxed), "a pool that has ended has no threads")
        precondition(count < 1 << 20, "\(count) pieces")
        guard threadCount > 1, count > 1 else {
            for piece in 0..<count { work.run(piece, 0) }
            return
        }
        withUnsafePointer(to: work) { pointer in
            self.work = UnsafeRawPointer(pointer)
            call = { $0.assumingMemoryBound(to: Work.self).pointee.run($1, $2) }
            completed.store(0, ordering: .relaxed)
            round = (round + 1) & 0xFF_FFFF
            state.store(round << 40 | UInt64(count) << 20, ordering: .sequentiallyConsistent)
            wake()
            while let piece = takePiece() { run(piece, 0) }
            var turns = 0
            while completed.load(ordering: .acquiring) < count { rest(&turns) }
            self.work = nil
        }
    }

    private func takePiece() -> Int? {
        var seen = state.load(ordering: .acquiring)
        while true {
            let next = seen & 0xF_FFFF
            guard next < seen >> 20 & 0xF_FFFF else { return nil }
            let (exchanged, original) = state.weakCompareExchange(expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            if exchanged { return Int(next) }
            seen = original
        }
    }

    private var hasPieces: Bool {
        let seen = state.load(ordering: .sequentiallyConsistent)
        return seen & 0xF_FFFF < seen >> 20 & 0xF_FFFF
    }

    private func run(_ piece: Int, _ thread: Int) {
        if let work, let call { call(work, piece, thread) }
        completed.add(1, ordering: .releasing)
    }

    private func work(_ thread: Int) {
        var turns = 0
        while !isEnding.load(ordering: .relaxed) {
            if let piece = takePiece() {
                run(piece, thread)
                turns = 0
            } else if turns < 3000 {
                // The next round of a training step comes soon.
                rest(&turns)
            } else {
                sleep()
                turns = 0
            }
        }
    }

    /// One turn of a wait that is likely to be short. After some microseconds other threads go first: the one that is waited for
    /// may be among them.
    private func rest(_ turns: inout Int) {
        turns += 1
        if turns < 1000 { cprocessor_pause() } else { sched_yield() }
    }

    private func sleep() {
        condition.lock()
        sleepers.add(1, ordering: .sequentiallyConsistent)
        while !hasPieces, !isEnding.load(ordering: .sequentiallyConsistent) { condition.wait() }
        sleepers.subtract(1, ordering: .sequentiallyConsistent)
        condition.unlock()
    }

    private func wake() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }
}
