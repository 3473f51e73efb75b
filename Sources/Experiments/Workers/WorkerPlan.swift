/// How the threads of a run are given to the stages that can begin.
///
/// Stages that are alone get all threads, many get one each. What it says reaches no result, only the time that they take.
public struct WorkerPlan: Sendable, Hashable {
    /// A stage that is going on, and the threads that it has.
    public struct Share: Sendable, Hashable {
        public var cost: StageCost
        public var threads: Int

        public init(cost: StageCost, threads: Int) { (self.cost, self.threads) = (cost, threads) }
    }

    /// Threads of the whole run.
    public var threads: Int
    /// Most workers at once; nil: as many as there are threads. Above the number of threads each worker still has one.
    public var limit: Int?
    /// Memory of the machine in bytes.
    public var memoryBytes: Double

    public init(threads: Int, limit: Int? = nil, memoryBytes: Double) {
        precondition(threads >= 1 && limit ?? 1 >= 1, "a run has a thread and a worker")
        (self.threads, self.limit, self.memoryBytes) = (threads, limit, memoryBytes)
    }

    /// A model of this width uses threads of its own well: its stages get `threadsOfWideModel`, or all there are.
    static let wideModel = 512
    static let threadsOfWideModel = 4
    /// A stage is short beside one that has more than this times its operations.
    static let shortness = 8.0

    /// Whether stages always run one after another.
    public var isSerial: Bool { (limit ?? threads) == 1 }

    /// The threads of each stage that can begin, in their order; 0 for one that waits.
    public func shares(of ready: [StageCost], beside running: [Share]) -> [Int] {
        let free = max(threads, limit ?? 0) - running.reduce(0) { $0 + $1.threads }
        var chosen = fitting(ready, beside: running, places: min(free, (limit ?? threads) - running.count))
        if chosen.count == ready.count { chosen = withoutLong(chosen, ready) }
        if limit == nil {
            while let widest = chosen.map({ ready[$0].hiddenSize }).max(), widest >= Self.wideModel,
                free / chosen.count < min(Self.threadsOfWideModel, threads)
            { chosen.removeLast() }
        }
        var shares = [Int](repeating: 0, count: ready.count)
        for (place, index) in chosen.enumerated() {
            shares[index] = min(threads, free / chosen.count + (place < free % chosen.count ? 1 : 0))
        }
        return shares
    }

    /// The first stages that there is a place for, and memory.
    private func fitting(_ ready: [StageCost], beside running: [Share], places: Int) -> [Int] {
        var left = memoryBytes - running.reduce(0) { $0 + $1.cost.memoryBytes }
        var chosen: [Int] = []
        for (index, cost) in ready.enumerated() where chosen.count < places {
            // One stage may always run: whether the machine can hold it is checked before.
            guard cost.memoryBytes <= left || (running.isEmpty && chosen.isEmpty) else { continue }
            left -= cost.memoryBytes
            chosen.append(index)
        }
        return chosen
    }

    /// When all can begin at once, the short ones go first: a long one beside them would be left with its part of the
    /// threads, and theirs would lie idle as soon as they end.
    private func withoutLong(_ chosen: [Int], _ ready: [StageCost]) -> [Int] {
        let longest = chosen.map { ready[$0].operations }.max() ?? 0
        let short = chosen.filter { ready[$0].operations * Self.shortness < longest }
        return short.isEmpty ? chosen : short
    }
}
