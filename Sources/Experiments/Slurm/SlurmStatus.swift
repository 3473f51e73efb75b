/// How the jobs of an experiment stand, for people who look at it from any machine.
public struct SlurmStatus: Sendable {
    /// Words for the stage that each job begins with, by its key: "job 12_3 running".
    public private(set) var jobs: [String: String] = [:]

    /// Nothing is asked of Slurm when no job was submitted.
    public init(results: String, experiment: String) async throws(SlurmError) {
        let ledger = try SlurmLedger(results: results, experiment: experiment)
        guard !ledger.submissions.isEmpty else { return }
        let queue = try? await SlurmCommands().queue()
        for submission in ledger.submissions {
            let keys = SlurmOrders.keys(ledger.orders(submission.name)) ?? [:]
            for (index, key) in keys {
                guard let array = submission.array ?? queue?.arrays[submission.name] else { continue }
                jobs[key] = Self.words(array, index, queue, ledger)
            }
        }
    }

    private static func words(_ array: Int, _ index: Int, _ queue: SlurmQueue?, _ ledger: SlurmLedger) -> String {
        let id = "job \(array)_\(index)"
        guard let queue else { return "\(id), of which this machine cannot ask Slurm" }
        let task = queue.jobs[array]?[index]
        if let task, task.isActive {
            return task.isRunning ? "\(id) running" : "\(id) \(task.state.lowercased())\(task.reason == "None" ? "" : " (\(task.reason))")"
        }
        let words = SlurmLog.lastWords(ledger.log(array: array, index: index)) ?? []
        let last = words.isEmpty ? "" : "; its last words: \(words.joined(separator: " / "))"
        return "\(id) has ended (\(task?.state ?? "no longer known to Slurm"))\(last)"
    }
}
