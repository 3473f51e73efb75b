import Foundation

/// Submissions of a job that is lost again and again without getting on.
private let maximumAttempts = 3
/// Until it is believed that a job has left no result: a network's folders may show what is new late.
private let patience = Duration.seconds(5)

/// What became of jobs that are no longer in the queue.
extension SlurmCoordinator {
    func judge(_ job: Int, _ place: JobArray.Placement, _ task: SlurmQueue.Job?) throws {
        let stages = jobs[job].stages
        // Reading a folder makes a network's client ask for what is new in it.
        for stage in stages { _ = try? FileManager.default.contentsOfDirectory(atPath: store.folder(stage.key)) }
        count(job)
        if doneCounts[job] == stages.count {
            status[job] = .done
            return
        }
        for stage in stages {
            if case .failed(let message) = store.state(stage.key) { return fail(job, message, stage) }
        }
        let id = "job \(place.array)_\(place.index)"
        if let task, task.state == "CANCELLED" {
            // Its parent will be submitted again, or has failed and said why.
            if task.reason == "DependencyNeverSatisfied" { status[job] = .waiting } else { fail(job, "its \(id) was cancelled", stages[doneCounts[job]]) }
            return
        }
        let stage = stages[doneCounts[job]]
        let words = SlurmLog.lastWords(ledger.log(array: place.array, index: place.index))
        let now = ContinuousClock.now
        let since = endedSince[job] ?? now
        endedSince[job] = since
        let mayBeLate = task == nil || task?.state == "COMPLETED" || (task?.state == "FAILED" && words == nil)
        if mayBeLate, now - since < patience { return }
        endedSince[job] = nil
        if task?.state == "OUT_OF_MEMORY" {
            let message = "its \(id) ran out of memory; raise slurm.memory (it had \(submitter.memory(of: jobs[job])))"
            try store.fail(stage, message)
            return fail(job, message, stage)
        }
        let isStopped = words?.last == SlurmTask.interruption || task?.reason.hasPrefix("RaisedSignal:15") == true
        if task?.state == "FAILED", !isStopped {
            var message = "its \(id) failed"
            if let words { message += words.isEmpty ? " without a word" : "; its last words: \(words.joined(separator: " / "))" } else {
                message += " and left nothing in \(ledger.logs); is that folder the same one on every node?"
            }
            try store.fail(stage, message)
            return fail(job, message, stage)
        }
        let what = isStopped ? "was stopped before its time limit" : "ended (\(task?.state ?? "no longer known to Slurm"))"
        let mark = mark(job)
        if mark > marks[job] { attempts[job] = 0 }
        guard attempts[job] < maximumAttempts else {
            let message = "its \(id) \(what), as did \(maximumAttempts - 1) before it, without getting on; a longer slurm.time may help"
            try store.fail(stage, message)
            return fail(job, message, stage)
        }
        marks[job] = mark
        status[job] = .waiting
        note("\(stage.title): its \(id) \(what); it is submitted again")
    }

    private func fail(_ job: Int, _ message: String, _ stage: Stage) {
        status[job] = .failed("\(stage.title): \(message)")
        report(.failed(stage, message))
    }

    private func mark(_ job: Int) -> Mark {
        let stages = jobs[job].stages
        guard doneCounts[job] < stages.count else { return Mark(stages: doneCounts[job], records: 0) }
        return Mark(stages: doneCounts[job], records: (try? Journal.read(store.journal(stages[doneCounts[job]].key)))?.records.count ?? 0)
    }
}
