import Kernels

/// The worker's side of the talk with `ProcessExecutor`: takes orders, does the work, says what happens. Texts and tokens that one
/// stage has read are kept for the next.
public final class WorkerSession {
    private let store: StageStore
    private let makeCompute: (_ threads: Int) -> Compute
    private let family: String
    private let send: (String) -> Void
    private var source: ExperimentSource?
    private var stages: [String: Stage]?
    private var worker: StageWorker?
    private var lastProgress: ContinuousClock.Instant?
    private let watch = LockWatch()
    private let interruption: Interruption
    private let saveSeconds: Double

    /// - `interruption`: whoever reads the lines requests it as soon as one `isStop`, while a stage is worked on.
    /// - `send`: gets each line that is to be written.
    public init(
        store: StageStore, family: String, interruption: Interruption = Interruption(), saveSeconds: Double = 5,
        makeCompute: @escaping (_ threads: Int) -> Compute, send: @escaping (String) -> Void
    ) {
        (self.store, self.family, self.makeCompute, self.send) = (store, family, makeCompute, send)
        (self.interruption, self.saveSeconds) = (interruption, saveSeconds)
    }

    /// Whether a line tells to stop.
    public static func isStop(_ line: String) -> Bool { (try? WorkOrder(line: line)) == .stop }

    /// Does what a line of standard input says. A stage that fails is told to the executor; only a line that is no order throws.
    public func obey(_ line: String) throws(WorkerError) {
        switch try WorkOrder(line: line) {
        case .experiment(let source): (self.source, stages) = (source, nil)
        case .stop: interruption.request()
        case .stage(let key, let threads, let dead):
            if let dead { watch.believe(dead: dead) }
            do { if case .held = try worker(threads: threads).run(stage(key)) { say(.held) } } catch {
                switch error {
                case let error as StoreError: say(.unwritable(error))
                case is Interrupted: say(.interrupted)
                default: say(.failed("\(error)"))
                }
            }
        }
    }

    /// The experiment is made again, with the hashes of all its data: a stage that is found is the one that is meant.
    private func stage(_ key: String) throws -> Stage {
        if stages == nil, let source {
            let graph = try StageGraph(source.experiment(), family: family)
            stages = Dictionary(uniqueKeysWithValues: graph.stages.map { ($0.key, $0) })
        }
        guard let stage = stages?[key] else { throw WorkerError.changedData }
        return stage
    }

    private func worker(threads: Int) -> StageWorker {
        if let worker {
            if worker.compute.threadCount != threads { worker.compute = makeCompute(threads) }
            return worker
        }
        let worker = StageWorker(store: store, compute: makeCompute(threads), watch: watch, interruption: interruption, saveSeconds: saveSeconds) {
            [unowned self] event in report(event)
        }
        self.worker = worker
        return worker
    }

    private func report(_ event: StageEvent) {
        switch event {
        case .began: say(.began)
        case .trained(_, let point, let steps):
            // For whoever watches; every point is in the journal.
            let now = ContinuousClock.now
            if let lastProgress, now - lastProgress < .milliseconds(200) { return }
            lastProgress = now
            say(.trained(point, steps: steps))
        case .finished(_, let seconds): say(.finished(seconds: seconds))
        case .note(_, let text): say(.note(text))
        // Told by `obey`, which sees what kind of error it is.
        case .failed: break
        // Found by the executor.
        case .damaged: break
        }
    }

    private func say(_ message: WorkerMessage) { send(message.line) }
}
