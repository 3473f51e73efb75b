import Foundation
import Training

/// What one `strata run` knows of the jobs of a sweep.
final class SlurmCoordinator {
    enum Status: Hashable {
        case waiting
        case queued(JobArray.Placement)
        case done
        /// Not to be submitted again by this run.
        case failed(String)
    }

    /// How far a job has come: what it needs to have got on since its last submission.
    struct Mark: Comparable {
        var stages: Int
        var records: Int
        static func < (a: Mark, b: Mark) -> Bool { (a.stages, a.records) < (b.stages, b.records) }
    }

    let graph: StageGraph
    let jobs: [StageJob]
    let jobOf: [String: Int]
    let store: StageStore
    let submitter: SlurmSubmitter
    let commands = SlurmCommands()
    let report: (StageEvent) -> Void
    let note: (String) -> Void
    var ledger: SlurmLedger
    var status: [Status]
    var attempts: [Int]
    var marks: [Mark]
    /// Stages of each job that were reported as done.
    var doneCounts: [Int]
    var hasBegun: [Bool]
    /// Jobs of which a stage failed in an earlier run.
    var hasFailed: [Bool]
    /// When a job was first seen to be no longer in the queue.
    var endedSince: [Int: ContinuousClock.Instant] = [:]
    /// Jobs in the queue at most: as the settings say, or as few as Slurm has shown to take.
    var limit: Int
    var maximumArraySize: Int?
    /// Active tasks that belong to none of the jobs: of an earlier form of the experiment.
    private var foreignCount = 0
    private var lastCounts = ""
    private var lastNote: ContinuousClock.Instant?
    private var isQueueSilent = false

    init(
        _ graph: StageGraph, name: String, family: String, store: StageStore, settings: SlurmSettings, program: String, report: @escaping (StageEvent) -> Void,
        note: @escaping (String) -> Void
    ) throws {
        (self.graph, self.store, self.report, self.note) = (graph, store, report, note)
        jobs = try StageJob.jobs(of: graph)
        jobOf = Dictionary(uniqueKeysWithValues: jobs.indices.map { [jobs] in (jobs[$0].key, $0) })
        ledger = try SlurmLedger(results: store.results, experiment: name)
        submitter = SlurmSubmitter(name: name, family: family, store: store, settings: settings, program: program)
        limit = settings.maximumJobCount
        doneCounts = jobs.map { job in job.stages.prefix { store.state($0.key) == .done }.count }
        status = zip(jobs, doneCounts).map { $0.stages.count == $1 ? .done : .waiting }
        attempts = [Int](repeating: 0, count: jobs.count)
        marks = [Mark](repeating: Mark(stages: 0, records: 0), count: jobs.count)
        hasBegun = [Bool](repeating: false, count: jobs.count)
        hasFailed = zip(jobs, doneCounts).map { job, count in
            guard count < job.stages.count, case .failed = store.state(job.stages[count].key) else { return false }
            return true
        }
    }

    /// Finds the jobs of earlier runs that have not ended.
    nonisolated(nonsending) func adopt() async throws {
        guard !ledger.submissions.isEmpty else { return }
        let queue = try await commands.queue()
        var adopted = 0
        for submission in ledger.submissions {
            guard let array = submission.array ?? queue.arrays[submission.name], let tasks = queue.jobs[array] else { continue }
            if submission.array == nil { try ledger.set(array: array, of: submission.name) }
            let keys = SlurmOrders.keys(ledger.orders(submission.name)) ?? [:]
            for (index, task) in tasks.sorted(by: { $0.key < $1.key }) where task.isActive {
                guard let job = keys[index].flatMap({ jobOf[$0] }) else {
                    foreignCount += 1
                    continue
                }
                guard status[job] == .waiting else { continue }
                (status[job], attempts[job]) = (.queued(.init(array: array, index: index)), 1)
                adopted += 1
            }
        }
        try forgetEnded(queue)
        if adopted > 0 { note("\(adopted) \(adopted == 1 ? "job is" : "jobs are") in the queue already") }
        if foreignCount > 0 { note("\(foreignCount) more \(foreignCount == 1 ? "job" : "jobs") in the queue belong to an earlier form of the experiment and go on") }
    }

    /// Looks once at the queue, and at the folders of what runs or has ended.
    nonisolated(nonsending) func look() async throws {
        let queue: SlurmQueue
        do { queue = try await commands.queue() } catch {
            // Slurm may be away for a while. That says nothing of its jobs.
            if case .missing = error { throw error }
            if !isQueueSilent { note("\(error); waiting for it") }
            isQueueSilent = true
            return
        }
        isQueueSilent = false
        var shown = 0
        for job in jobs.indices {
            guard case .queued(let place) = status[job] else { continue }
            let task = queue.jobs[place.array]?[place.index]
            if let task, task.isActive {
                endedSince[job] = nil
                if task.isRunning { watch(job, &shown) }
            } else {
                try judge(job, place, task)
            }
        }
        try forgetEnded(queue)
        tellCounts(queue)
    }

    private func forgetEnded(_ queue: SlurmQueue) throws {
        // A job that has ended and is not judged yet is known here, and by its folder to the next run.
        let ended = ledger.submissions.filter { submission in
            guard let array = submission.array ?? queue.arrays[submission.name] else { return true }
            return !(queue.jobs[array] ?? [:]).values.contains(where: \.isActive)
        }
        try ledger.remove(Set(ended.map(\.name)))
    }

    /// Reports what a running job has done.
    private func watch(_ job: Int, _ shown: inout Int) {
        if !hasBegun[job] {
            hasBegun[job] = true
            report(.began(jobs[job].stages[min(doneCounts[job], jobs[job].stages.count - 1)]))
        }
        count(job)
        // Enough for a screen.
        shown += 1
        guard shown <= 16, doneCounts[job] < jobs[job].stages.count else { return }
        let stage = jobs[job].stages[doneCounts[job]]
        if let steps = stage.steps, let point = lastPoint(stage.key) { report(.trained(stage, point, steps: steps)) }
    }

    /// Reports stages that have become done.
    func count(_ job: Int) {
        let stages = jobs[job].stages
        while doneCounts[job] < stages.count, store.state(stages[doneCounts[job]].key) == .done {
            let stage = stages[doneCounts[job]]
            doneCounts[job] += 1
            report(.finished(stage, seconds: store.time(stage.key)?.seconds ?? 0))
            if hasBegun[job], doneCounts[job] < stages.count { report(.began(stages[doneCounts[job]])) }
        }
    }

    /// Whether there is nothing to wait for.
    var isAtEnd: Bool { !status.contains { if case .queued = $0 { true } else { false } } && ready.isEmpty }

    var end: SlurmExecutor.End {
        guard isAtEnd else { return .left(arrays: ledger.submissions.compactMap(\.array), unsubmitted: ready.count) }
        let failures = status.compactMap { if case .failed(let message) = $0 { message } else { nil } }
        let blocked = status.count { $0 == .waiting }
        if blocked > 0 { note("\(blocked) \(blocked == 1 ? "job was" : "jobs were") not begun: \(blocked == 1 ? "it needs" : "they need") what failed") }
        return .ended(failures: failures)
    }

    /// A line when something has changed, at most every ten seconds.
    private func tellCounts(_ queue: SlurmQueue) {
        var running = 0
        var reasons: [String: Int] = [:]
        for case .queued(let place) in status {
            guard let task = queue.jobs[place.array]?[place.index], task.isActive else { continue }
            if task.isRunning { running += 1 } else { reasons[task.reason, default: 0] += 1 }
        }
        let waiting = reasons.values.reduce(0, +)
        let why = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let counts = "jobs: \(running) running, \(waiting) waiting" + (waiting > 0 ? " (\(why))" : "") + ", \(status.count { $0 == .done }) of \(jobs.count) done"
        let now = ContinuousClock.now
        if let lastNote, counts == lastCounts || now - lastNote < .seconds(10) { return }
        (lastCounts, lastNote) = (counts, now)
        note(counts)
    }

    /// The last point of a curve, from the end of a journal that is being written.
    private func lastPoint(_ key: String) -> CurvePoint? { Journal.lastLines(store.journal(key)).reversed().lazy.compactMap { StageRecords.point($0) }.first }
}
