import Foundation
import Kernels

/// Runs the stages of an experiment as jobs of Slurm, on a results folder that its nodes share. What is done is not done again, and what
/// is in the queue is not submitted again.
///
/// There is no daemon: this process submits, looks at the folder and the queue from time to time, and submits again what was lost. Jobs go on
/// when it ends, and another one finds them.
public struct SlurmExecutor {
    public enum End: Sendable, Hashable {
        /// Nothing is left that could be done; the messages of the stages that failed.
        case ended(failures: [String])
        /// These arrays go on in Slurm; so many jobs wait until there is room for them.
        case left(arrays: [Int], unsubmitted: Int)
    }

    private let store: StageStore
    private let settings: SlurmSettings
    private let program: String
    private let compute: Compute
    private let interruption: Interruption
    private let report: (StageEvent) -> Void
    private let note: (String) -> Void

    /// - `store`: its folder is given by a full path.
    /// - `program`: full path of the program, as the nodes see it too; it has the command `work --results DIR --orders FILE --task N`.
    /// - `note`: gets lines for people: what is submitted, what waits.
    public init(
        store: StageStore, settings: SlurmSettings, program: String, compute: Compute, interruption: Interruption = Interruption(),
        report: @escaping (StageEvent) -> Void, note: @escaping (String) -> Void
    ) {
        (self.store, self.settings, self.program, self.compute) = (store, settings, program, compute)
        (self.interruption, self.report, self.note) = (interruption, report, note)
    }

    /// Works through the graph until nothing is left or a stop is wanted, or, with `submitOnly`, submits what there is room for. Throws before
    /// anything is submitted when the data cannot be used, and when Slurm does not take the jobs.
    public nonisolated(nonsending) func run(
        _ graph: StageGraph, of experiment: Experiment, family: String, submitOnly: Bool = false
    ) async throws -> End {
        try graph.withdrawDamaged(store, products: true) { report(.damaged($0, $1)) }
        try StageWorker(store: store, compute: compute, interruption: interruption, report: report).prepare(graph)
        let lock = try await lock(experiment.name)
        defer { lock.release() }
        let coordinator = try SlurmCoordinator(graph, name: experiment.name, family: family, store: store, settings: settings, program: program, report: report, note: note)
        try await coordinator.adopt()
        try await coordinator.submit()
        if submitOnly { return coordinator.end }
        let clock = ContinuousClock()
        let start = clock.now
        while !coordinator.isAtEnd {
            // Short sweeps are looked at often, long ones seldom.
            let pause = min(15, max(0.25, (clock.now - start) / .seconds(20)))
            let next = clock.now + .seconds(pause)
            while clock.now < next {
                if interruption.isRequested { return coordinator.end }
                try await Task.sleep(for: .milliseconds(50))
            }
            try await coordinator.look()
            try await coordinator.submit()
        }
        return coordinator.end
    }

    /// One run at a time submits the jobs of an experiment; another one waits for it, or takes over when it is dead.
    private nonisolated(nonsending) func lock(_ name: String) async throws -> StageLock {
        let ledger = try SlurmLedger(results: store.results, experiment: name)
        try ledger.makeFolders()
        let watch = LockWatch()
        var isTold = false
        while true {
            switch try StageLock.take(ledger.folder + "/lock", watch) {
            case .taken(let lock): return lock
            case .held(let holder):
                if !isTold { note("waits for another run that has the jobs of this experiment: \(holder)") }
                isTold = true
            }
            try interruption.check()
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Cancels arrays of jobs.
    public nonisolated(nonsending) func cancel(_ arrays: [Int]) async throws { try await SlurmCommands().cancel(arrays) }
}
