import Experiments
import Testing

@Suite struct WorkerPlanTests {
    private func cost(_ operations: Double = 1e12, memory: Double = 1e6, width: Int = 96) -> StageCost {
        StageCost(operations: operations, memoryBytes: memory, hiddenSize: width)
    }

    private func plan(_ threads: Int, limit: Int? = nil, memory: Double = 1e12) -> WorkerPlan {
        WorkerPlan(threads: threads, limit: limit, memoryBytes: memory)
    }

    /// The threads of each stage that can begin, 0 for one that waits.
    private func shares(_ plan: WorkerPlan, _ ready: [StageCost], beside running: [WorkerPlan.Share]) -> [Int] {
        var shares = [Int](repeating: 0, count: ready.count)
        for (place, threads) in plan.begun(of: ready, beside: running) { shares[place] = threads }
        return shares
    }

    private func running(_ threads: [Int], width: Int = 96) -> [WorkerPlan.Share] { threads.map { .init(cost: cost(width: width), threads: $0) } }

    @Test func aLoneStageHasAllThreads() {
        for threads in [1, 2, 3, 64] {
            #expect(shares(plan(threads), [cost()], beside: []) == [threads])
            #expect(shares(plan(threads), [cost(width: 4096)], beside: []) == [threads])
            #expect(shares(plan(threads), [], beside: []) == [])
        }
    }

    /// Threads, ready stages, threads of those that run, what each gets.
    @Test(arguments: [
        (8, 2, [], [4, 4]), (8, 3, [], [3, 3, 2]), (8, 8, [], [1, 1, 1, 1, 1, 1, 1, 1]), (2, 5, [], [1, 1, 0, 0, 0]), (1, 3, [], [1, 0, 0]),
        (8, 2, [4], [2, 2]), (8, 1, [5, 1], [2]), (8, 3, [8], [0, 0, 0]), (2, 2, [1], [1, 0]), (4, 9, [1, 1, 1], [1, 0, 0, 0, 0, 0, 0, 0, 0]),
    ] as [(Int, Int, [Int], [Int])])
    func threadsAreSharedOutEvenly(threads: Int, ready: Int, taken: [Int], expected: [Int]) {
        #expect(shares(plan(threads), [StageCost](repeating: cost(), count: ready), beside: running(taken)) == expected)
    }

    @Test(arguments: [
        (8, 2, 5, [], [4, 4, 0, 0, 0]), (8, 3, 5, [4, 2], [2, 0, 0, 0, 0]), (8, 1, 3, [], [8, 0, 0]), (8, 1, 1, [8], [0]), (8, 4, 1, [], [8]),
        // More workers than threads: each has one, and none more than there are.
        (2, 3, 5, [], [1, 1, 1, 0, 0]), (2, 3, 1, [], [2]), (2, 3, 2, [2], [1, 0]), (1, 3, 3, [], [1, 1, 1]), (1, 3, 1, [], [1]),
    ] as [(Int, Int, Int, [Int], [Int])])
    func atMostSoManyWorkers(threads: Int, limit: Int, ready: Int, taken: [Int], expected: [Int]) {
        #expect(shares(plan(threads, limit: limit), [StageCost](repeating: cost(), count: ready), beside: running(taken)) == expected)
    }

    @Test func shortStagesGoFirstWhenNobodyElseWantsTheirThreads() {
        // The random base and its evaluation do not halve the threads of the base.
        #expect(shares(plan(8), [cost(0), cost()], beside: []) == [8, 0])
        #expect(shares(plan(8), [cost(), cost(1e10), cost(1e9)], beside: []) == [0, 4, 4])
        #expect(shares(plan(8), [cost(1e11), cost()], beside: running([5])) == [3, 0])
        // Not much shorter is not short; stages of no work at all are alike.
        #expect(shares(plan(8), [cost(2e11), cost()], beside: []) == [4, 4])
        #expect(shares(plan(8), [cost(0), cost(0)], beside: []) == [4, 4])
        // There is always one that takes the thread over.
        #expect(shares(plan(2), [cost(0), cost(), cost()], beside: []) == [1, 1, 0])
    }

    @Test func wideModelsHaveSeveralThreads() {
        let wide = cost(width: 1024)
        func shares(_ threads: Int, _ ready: [StageCost], beside taken: [Int] = [], limit: Int? = nil) -> [Int] {
            self.shares(plan(threads, limit: limit), ready, beside: running(taken, width: 1024))
        }
        #expect(shares(8, [wide, wide, wide]) == [4, 4, 0])
        #expect(shares(16, [wide, wide, wide]) == [6, 5, 5])
        #expect(shares(2, [wide, wide]) == [2, 0])
        #expect(shares(8, [wide], beside: [4, 2]) == [0])
        #expect(shares(8, [cost(width: 1023), cost(width: 1023), wide]) == [4, 4, 0])
        // Who says how many there are to be has them.
        #expect(shares(8, [wide, wide, wide, wide], limit: 4) == [2, 2, 2, 2])
    }

    @Test func memoryBoundsThem() {
        let (small, large) = (cost(memory: 30), cost(memory: 60))
        #expect(shares(plan(8, memory: 100), [large, large, small], beside: []) == [4, 0, 4])
        #expect(shares(plan(8, limit: 8, memory: 100), [large, large, large], beside: []) == [8, 0, 0])
        #expect(shares(plan(8, memory: 100), [small, small], beside: [.init(cost: large, threads: 2)]) == [6, 0])
        #expect(shares(plan(8, memory: 100), [large], beside: [.init(cost: large, threads: 2)]) == [0])
        // Whether one fits at all is not decided here.
        #expect(shares(plan(8, memory: 10), [large, large], beside: []) == [8, 0])
    }

    @Test func oneAfterAnother() {
        #expect(plan(1).isSerial && plan(8, limit: 1).isSerial && !plan(2).isSerial && !plan(1, limit: 2).isSerial)
    }

    /// Whatever is asked, something goes on, and no more than is there.
    @Test func threadsAndWorkersAreNeverExceeded() {
        for threads in 1...9 {
            for limit in [nil, 1, 2, 3, 12] {
                for ready in 1...7 {
                    for width in [16, 1024] {
                        let plan = plan(threads, limit: limit)
                        let costs = (0..<ready).map { cost(Double($0 % 3) * 1e12, width: width) }
                        let shares = self.shares(plan, costs, beside: [])
                        #expect(shares.count == ready && shares.allSatisfy { (0...threads).contains($0) })
                        #expect((1...(limit ?? threads)).contains(shares.count { $0 > 0 }))
                        #expect(shares.reduce(0, +) <= max(threads, limit ?? 0))
                    }
                }
            }
        }
    }
}
