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
    private let report: (StageEvent) -> Void

    public init(store: StageStore, plan: WorkerPlan, program: WorkerProgram, report: @escaping (StageEvent) -> Void) {
        (self.store, self.plan, self.program, self.report) = (store, plan, program, report)
    }

    /// Works through the graph. A stage that fails stops only what needs it; the messages of those that failed are returned.
    /// Throws before anything is trained when the memory does not suffice or the data cannot be used, and when the results
    /// folder cannot be written.
    public nonisolated(nonsending) func run(_ graph: StageGraph, of source: ExperimentSource) async throws -> [String] {
        try graph.checkMemory(store)
        try StageWorker(store: store, compute: Compute(), report: report).prepare(graph)
        let queue = try StageQueue(graph, store: store)
        // Writing to a worker that has died is an error like others.
        let formerAction = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, formerAction) }
        let failures = try await work(through: queue, source)
        return graph.stages.compactMap { stage in failures[stage.key].map { "\(stage.title): \($0)" } }
    }

    /// Returns the messages of the stages that failed by their keys.
    private nonisolated(nonsending) func work(through stages: StageQueue, _ source: ExperimentSource) async throws -> [String: String] {
        var queue = stages
        var failures: [String: String] = [:]
        let (events, continuation) = AsyncStream<(worker: Int, event: WorkerProcess.Event)>.makeStream()
        var workers: [WorkerProcess] = []
        var stageOf: [Int: Stage] = [:]

        return try await withThrowingTaskGroup(of: Void.self) { group in
            /// Begins what can begin; the worker that has just become free goes on or may leave.
            func begin(with free: Int? = nil) {
                var free = free
                for (stage, threads) in queue.begin(plan) {
                    let worker = free ?? workers.count
                    if free == nil {
                        let process = WorkerProcess(source)
                        workers.append(process)
                        group.addTask { [program] in await process.run(program) { continuation.yield((worker, $0)) } }
                    }
                    free = nil
                    stageOf[worker] = stage
                    workers[worker].work(on: stage, threads: threads)
                }
                if let free { workers[free].dismiss() }
            }
            func end(_ worker: Int, failure: String? = nil, isInterrupt: Bool = false) -> Stage? {
                guard let stage = stageOf.removeValue(forKey: worker) else { return nil }
                queue.end(stage, isDone: failure == nil)
                if let failure {
                    failures[stage.key] = failure
                    // Ctrl-C at a terminal can reach a worker that has just been started: then this process ends too, and nothing has failed.
                    if !isInterrupt {
                        report(.failed(stage, failure))
                        try? store.fail(stage, failure)
                    }
                }
                return stage
            }

            begin()
            var received = events.makeAsyncIterator()
            while !stageOf.isEmpty, let (worker, event) = await received.next() {
                switch event {
                case .said(.began): if let stage = stageOf[worker] { report(.began(stage)) }
                case .said(.trained(let point, let steps)): if let stage = stageOf[worker] { report(.trained(stage, point, steps: steps)) }
                case .said(.finished(let seconds)):
                    if let stage = end(worker) { report(.finished(stage, seconds: seconds)) }
                    begin(with: worker)
                case .said(.failed(let message)):
                    _ = end(worker, failure: message)
                    begin(with: worker)
                case .said(.unwritable(let error)): throw error
                case .ended(let error):
                    // It may have come to the end of its stage and not to say so.
                    if let key = stageOf[worker]?.key, store.state(key) == .done {
                        if let stage = end(worker) { report(.finished(stage, seconds: store.time(key)?.seconds ?? 0)) }
                    } else {
                        _ = end(worker, failure: "\(error)", isInterrupt: error.isInterrupt)
                    }
                    begin()
                }
            }
            for worker in workers { worker.dismiss() }
            return failures
        }
    }
}
