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

    /// Stages of a model of this width get `threadsOfWideModel`, or all there are: many beside each other would take too much memory. Up to width 512
    /// processes of one thread train 4 to 14 % faster together than one of two threads (`Benchmarks/run --only sharing`).
    static let wideModel = 1024
    static let threadsOfWideModel = 4
    /// A stage is short beside one that has more than this times its operations.
    static let shortness = 8.0

    /// Whether stages always run one after another.
    public var isSerial: Bool { (limit ?? threads) == 1 }

    /// The stages that begin now, by their places among those that can, and the threads of each.
    public func begun(of ready: some RandomAccessCollection<StageCost>, beside running: some Collection<Share>) -> [(place: Int, threads: Int)] {
        let free = max(threads, limit ?? 0) - running.reduce(0) { $0 + $1.threads }
        var chosen = fitting(ready, beside: running, places: min(free, (limit ?? threads) - running.count))
        if chosen.count == ready.count { chosen = withoutLong(chosen) }
        if limit == nil {
            while let widest = chosen.map({ $0.cost.hiddenSize }).max(), widest >= Self.wideModel,
                free / chosen.count < min(Self.threadsOfWideModel, threads)
            { chosen.removeLast() }
        }
        return chosen.enumerated().map { index, stage in
            (stage.place, min(threads, free / chosen.count + (index < free % chosen.count ? 1 : 0)))
        }
    }

    private typealias Candidate = (place: Int, cost: StageCost)

    /// The first stages that there is a place for, and memory.
    private func fitting(_ ready: some RandomAccessCollection<StageCost>, beside running: some Collection<Share>, places: Int) -> [Candidate] {
        guard places > 0 else { return [] }
        var left = memoryBytes - running.reduce(0) { $0 + $1.cost.memoryBytes }
        var chosen: [Candidate] = []
        for (place, cost) in ready.enumerated() {
            // One stage may always run: whether the machine can hold it is checked before.
            guard cost.memoryBytes <= left || (running.isEmpty && chosen.isEmpty) else { continue }
            left -= cost.memoryBytes
            chosen.append((place, cost))
            if chosen.count == places { break }
        }
        return chosen
    }

    /// When all can begin at once, the short ones go first: a long one beside them would be left with its part of the
    /// threads, and theirs would lie idle as soon as they end.
    private func withoutLong(_ chosen: [Candidate]) -> [Candidate] {
        let longest = chosen.map(\.cost.operations).max() ?? 0
        let short = chosen.filter { $0.cost.operations * Self.shortness < longest }
        return short.isEmpty ? chosen : short
    }
}
