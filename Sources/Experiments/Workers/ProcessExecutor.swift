import Foundation
import Kernels

/// Runs the stages of an experiment on this machine side by side, each in a process of its own. What is done is not done again.
///
/// A process takes stage after stage, so that it reads data once, and ends when there is none for it. One that dies fails its
/// stage and nothing else. All of them end with this process, also when it is killed.
public struct ProcessExecutor {
    private let store: StageStore
    private let plan: WorkerPlan
    private let program: WorkerProgram
    private let interruption: Interruption
    private let watch = LockWatch()
    private let report: (StageEvent) -> Void

    /// - `interruption`: lets the workers finish their steps and save.
    public init(
        store: StageStore, plan: WorkerPlan, program: WorkerProgram, interruption: Interruption = Interruption(), report: @escaping (StageEvent) -> Void
    ) {
        (self.store, self.plan, self.program, self.interruption, self.report) = (store, plan, program, interruption, report)
    }

    /// Works through the graph. A stage that fails stops only what needs it; the messages of those that failed are returned.
    /// Throws before anything is trained when the memory does not suffice or the data cannot be used, when the results
    /// folder cannot be written, and `Interrupted`.
    public nonisolated(nonsending) func run(_ graph: StageGraph, of source: ExperimentSource) async throws -> [String] {
        try graph.withdrawDamaged(store, products: true) { report(.damaged($0, $1)) }
        try graph.checkMemory(store)
        try StageWorker(store: store, compute: Compute(), watch: watch, interruption: interruption, report: report).prepare(graph)
        let queue = try StageQueue(graph, store: store)
        let failures = try await work(through: queue, source)
        return graph.stages.compactMap { stage in failures[stage.key].map { "\(stage.title): \($0)" } }
    }

    /// What the loop below waits for.
    private enum Event: Sendable {
        case worker(Int, WorkerProcess.Event)
        /// Time to look whether a stop is wanted, and what other runs do.
        case tick
    }

    /// Returns the messages of the stages that failed by their keys.
    private nonisolated(nonsending) func work(through stages: StageQueue, _ source: ExperimentSource) async throws -> [String: String] {
        var queue = stages
        var failures: [String: String] = [:]
        let (events, continuation) = AsyncStream<Event>.makeStream()
        var workers: [WorkerProcess] = []
        var stageOf: [Int: Stage] = [:]
        var isStopping = false
        var told: Set<String> = []

        return try await withThrowingTaskGroup(of: Void.self) { group in
            /// Begins what can begin; the worker that has just become free goes on or may leave.
            func begin(with free: Int? = nil, dead: [String: String] = [:]) {
                var free = free
                for (stage, threads) in isStopping ? [] : queue.begin(plan) {
                    let worker = free ?? workers.count
                    if free == nil {
                        let process = WorkerProcess(source)
                        workers.append(process)
                        group.addTask { [program] in await process.run(program) { continuation.yield(.worker(worker, $0)) } }
                    }
                    free = nil
                    stageOf[worker] = stage
                    workers[worker].work(on: stage, threads: threads, dead: dead[stage.key])
                }
                if let free { workers[free].dismiss() }
            }
            func end(_ worker: Int, failure: String? = nil) -> Stage? {
                guard let stage = stageOf.removeValue(forKey: worker) else { return nil }
                queue.end(stage, isDone: failure == nil)
                if let failure { failures[stage.key] = failure }
                return stage
            }
            /// Looks what has become of the stages that other runs had.
            func lookElsewhere() throws {
                var dead: [String: String] = [:]
                for stage in queue.setAside {
                    if store.state(stage.key) == .done {
                        queue.takeBack(stage, isDone: true)
                        report(.finished(stage, seconds: store.time(stage.key)?.seconds ?? 0))
                        continue
                    }
                    switch try watch.look(at: store.lockFile(stage.key)) {
                    case .held(let holder): if told.insert(stage.key).inserted { report(.note(stage, "waits for \(holder)")) }
                    case .dead(let holder):
                        dead[stage.key] = holder.token
                        queue.takeBack(stage, isDone: false)
                    case .free: queue.takeBack(stage, isDone: false)
                    }
                }
                begin(dead: dead)
            }

            let ticker = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(100))
                    continuation.yield(.tick)
                }
            }
            defer { ticker.cancel() }
            begin()
            var received = events.makeAsyncIterator()
            while !stageOf.isEmpty || (!isStopping && !queue.setAside.isEmpty), let event = await received.next() {
                switch event {
                case .tick:
                    if interruption.isRequested, !isStopping {
                        isStopping = true
                        for worker in stageOf.keys.sorted() { workers[worker].stop() }
                    }
                    if !isStopping, !queue.setAside.isEmpty { try lookElsewhere() }
                case .worker(let worker, .said(let message)):
                    // What is said after the end of a stage is about none.
                    guard let stage = stageOf[worker] else { continue }
                    switch message {
                    case .began: report(.began(stage))
                    case .trained(let point, let steps): report(.trained(stage, point, steps: steps))
                    case .note(let text): report(.note(stage, text))
                    case .finished(let seconds):
                        _ = end(worker)
                        report(.finished(stage, seconds: seconds))
                        begin(with: worker)
                    case .failed(let message):
                        _ = end(worker, failure: message)
                        report(.failed(stage, message))
                        if store.state(stage.key) != .failed(message) { try fail(stage, message) }
                        begin(with: worker)
                    case .held:
                        stageOf[worker] = nil
                        queue.setAside(stage)
                        begin(with: worker)
                    case .interrupted:
                        // By a signal to this worker alone, when no stop is wanted.
                        _ = end(worker, failure: "\(Interrupted())")
                        workers[worker].dismiss()
                        begin()
                    case .unwritable(let error): throw error
                    }
                case .worker(let worker, .ended(let error)):
                    // It may have come to the end of its stage and not to say so.
                    if let key = stageOf[worker]?.key, store.state(key) == .done {
                        if let stage = end(worker) { report(.finished(stage, seconds: store.time(key)?.seconds ?? 0)) }
                    } else if let stage = end(worker, failure: "\(error)"), !isStopping, !interruption.isRequested, !error.isInterrupt {
                        report(.failed(stage, "\(error)"))
                        try fail(stage, "\(error)")
                    }
                    begin()
                }
            }
            for worker in workers { worker.dismiss() }
            if isStopping || interruption.isRequested { throw Interrupted() }
            return failures
        }
    }

    /// Says in its folder why a stage failed whose worker could not, unless another run has it by now.
    private func fail(_ stage: Stage, _ message: String) throws(StoreError) {
        guard case .taken(let lock) = try store.lock(stage.key, watch) else { return }
        defer { lock.release() }
        if store.state(stage.key) != .done { try store.fail(stage, message) }
    }
}
