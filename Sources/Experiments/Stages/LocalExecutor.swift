import Foundation
import Kernels

/// Runs the stages of an experiment in this process, one after another with all threads. What is done is not done again.
public struct LocalExecutor {
    private let store: StageStore
    private let worker: StageWorker

    public init(store: StageStore, compute: Compute, report: @escaping (StageEvent) -> Void) {
        self.store = store
        worker = StageWorker(store: store, compute: compute, report: report)
    }

    /// Works through the graph. A stage that fails stops only what needs it; the messages of those that failed are returned.
    /// Throws before anything is trained when the memory does not suffice or the data cannot be used, and when the results
    /// folder cannot be written.
    public func run(_ graph: StageGraph) throws -> [String] {
        try graph.checkMemory(store)
        try worker.prepare(graph)
        var failures: [String] = []
        for stage in graph.stages where store.state(stage.key) != .done {
            if let parent = stage.parent, store.state(parent) != .done { continue }
            do { try worker.run(stage) } catch let error as StoreError { throw error } catch {
                failures.append("\(stage.title): \(error)")
            }
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
