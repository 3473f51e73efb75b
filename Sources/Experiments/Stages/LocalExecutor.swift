import Foundation
import Kernels

/// Runs the stages of an experiment in this process, one after another with all threads. What is done is not done again, and what
/// another run works on is waited for.
public struct LocalExecutor {
    private let store: StageStore
    private let worker: StageWorker
    private let report: (StageEvent) -> Void

    public init(
        store: StageStore, compute: Compute, interruption: Interruption = Interruption(), saveSeconds: Double = 5, report: @escaping (StageEvent) -> Void
    ) {
        self.store = store
        self.report = report
        worker = StageWorker(store: store, compute: compute, interruption: interruption, saveSeconds: saveSeconds, report: report)
    }

    /// Works through the graph. A stage that fails stops only what needs it; the messages of those that failed are returned.
    /// Throws before anything is trained when the memory does not suffice or the data cannot be used, when the results
    /// folder cannot be written, and `Interrupted`.
    public func run(_ graph: StageGraph) throws -> [String] {
        try graph.withdrawDamaged(store, products: true) { report(.damaged($0, $1)) }
        try graph.checkMemory(store)
        try worker.prepare(graph)
        var failures: [String] = []
        var left = graph.stages.filter { store.state($0.key) != .done }
        var told: Set<String> = []
        while !left.isEmpty {
            var (isHeld, hasProgress) = (false, false)
            var later: [Stage] = []
            for stage in left {
                try worker.interruption.check()
                if stage.models.contains(where: { store.state($0) != .done }) {
                    later.append(stage)
                    continue
                }
                do {
                    switch try worker.run(stage) {
                    case .done: hasProgress = true
                    case .held(let holder):
                        if told.insert(stage.key).inserted { report(.note(stage, "waits for \(holder)")) }
                        isHeld = true
                        later.append(stage)
                    }
                } catch let error as StoreError { throw error } catch let error as Interrupted { throw error } catch {
                    failures.append("\(stage.title): \(error)")
                }
            }
            left = later
            // What is left needs a stage that failed.
            guard isHeld || hasProgress else { break }
            if !hasProgress { usleep(100_000) }
        }
        return failures
    }
}

extension StageGraph {
    /// Throws when a stage that is still to be done needs more memory than this machine has.
    func checkMemory(_ store: StageStore) throws {
        let available = Double(ProcessInfo.processInfo.physicalMemory)
        for (stage, cost) in zip(stages, try costs()) where cost.memoryBytes > available && store.state(stage.key) != .done {
            throw MemoryError(stage: stage.title, neededBytes: cost.memoryBytes, availableBytes: available)
        }
    }
}

/// How far a run has come.
public enum RunState: Sendable, Hashable {
    case pending
    /// Some stages are done.
    case partial(done: Int, of: Int)
    case failed(String)
    case done
}

extension StageGraph.Chain {
    /// Whether the base is measured and, where the strategy trains, its training has begun.
    public func hasBegun(in store: StageStore) throws -> Bool {
        guard let base = rows[0], store.state(base) == .done else { return false }
        return try phases.isEmpty || phases.contains { try !StageRecords(store, $0.key).parameters.isEmpty }
    }

    public func state(in store: StageStore) -> RunState {
        let states = stages.map { store.state($0.key) }
        for state in states { if case .failed(let message) = state { return .failed(message) } }
        let done = states.count { $0 == .done }
        if done == states.count { return .done }
        return done == 0 && !states.contains(.begun) ? .pending : .partial(done: done, of: states.count)
    }
}
