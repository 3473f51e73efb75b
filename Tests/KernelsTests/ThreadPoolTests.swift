@testable import Kernels
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
    /// How often each piece ran, and whether a thread's number was out of range or in use twice at once.
    final class Ledger: PieceWork, Sendable {
        let counts: Mutex<[Int]>
        let busy: Mutex<Set<Int>> = Mutex([])
        let mistakes = Atomic<Int>(0)
        let threadCount: Int

        init(pieces: Int, threadCount: Int) {
            counts = Mutex([Int](repeating: 0, count: pieces))
            self.threadCount = threadCount
        }

        func run(_ piece: Int, _ thread: Int) {
            let isFree = busy.withLock { $0.insert(thread).inserted }
            if !isFree || !(0..<threadCount).contains(thread) { mistakes.add(1, ordering: .relaxed) }
            counts.withLock { $0[piece] += 1 }
            _ = busy.withLock { $0.remove(thread) }
        }
    }

    @Test(arguments: [1, 2, 3, 5])
    func everyPieceRunsOnce(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        defer { pool.end() }
        #expect(pool.threadCount == threads)
        for pieces in [0, 1, 2, 3, 4, 7, 100, 1000] {
            let ledger = Ledger(pieces: pieces, threadCount: threads)
            pool.forEach(pieces, ledger)
            #expect(ledger.counts.withLock { $0 } == [Int](repeating: 1, count: pieces))
            #expect(ledger.mistakes.load(ordering: .relaxed) == 0)
        }
    }

    /// Round after round, with pauses in which the threads fall asleep: no round starts before the last has ended.
    @Test(arguments: [2, 3, 5])
    func manyRounds(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        defer { pool.end() }
        let rounds = 300
        let ledger = Ledger(pieces: 5, threadCount: threads)
        for round in 1...rounds {
            pool.forEach(5, ledger)
            #expect(ledger.counts.withLock { $0 } == [Int](repeating: round, count: 5))
            if round % 100 == 0 {
                var spun = 0
                for _ in 0..<2_000_000 { spun &+= 1 }
                #expect(spun == 2_000_000)
            }
        }
        #expect(ledger.mistakes.load(ordering: .relaxed) == 0)
    }

    @Test func poolsComeAndGo() {
        for round in 0..<50 {
            let pool = ThreadPool(threadCount: 3)
            let ledger = Ledger(pieces: 4, threadCount: 3)
            if round % 2 == 0 { pool.forEach(4, ledger) }
            pool.end()
            pool.end()
            #expect(ledger.counts.withLock { $0 } == [Int](repeating: round % 2 == 0 ? 1 : 0, count: 4))
        }
    }

    @Test func anEndedPoolTraps() async {
        for threads in [1, 3] {
            await #expect(processExitsWith: .failure) { [threads = threads as Int] in
                let pool = ThreadPool(threadCount: threads)
                pool.end()
                pool.forEach(4, Ledger(pieces: 4, threadCount: threads))
            }
        }
        await #expect(processExitsWith: .failure) { _ = ThreadPool(threadCount: 0) }
    }
}
