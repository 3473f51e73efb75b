import Foundation

/// Submits arrays of one experiment.
struct SlurmSubmitter {
    var name: String
    var family: String
    var store: StageStore
    var settings: SlurmSettings
    /// Full path of the program.
    var program: String

    /// The memory that a job asks for, as sbatch takes it.
    func memory(of job: StageJob) -> String { settings.memory ?? "\(job.memory)M" }

    /// Writes the orders, and an entry in the ledger before and after sbatch: no moment at which this process can be killed leaves jobs that
    /// nobody knows of. Returns the number of the array.
    nonisolated(nonsending) func submit(_ array: JobArray, of jobs: [StageJob], _ ledger: inout SlurmLedger, _ commands: SlurmCommands) async throws -> Int {
        let submission = "\(name)-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        try SlurmOrders.write(array.members.map { ($0.index, SlurmOrder(jobs[$0.job], family: family)) }, to: ledger.orders(submission))
        try ledger.add(.init(name: submission, array: nil))
        let number: Int
        do { number = try await commands.submit(options(array, submission, ledger), script: script(ledger.orders(submission))) } catch {
            try ledger.remove([submission])
            throw error
        }
        try ledger.set(array: number, of: submission)
        return number
    }

    func options(_ array: JobArray, _ submission: String, _ ledger: SlurmLedger) -> [String] {
        var options = ["--parsable", "--job-name=\(submission)", "--array=\(array.indices)" + (settings.arrayLimit.map { "%\($0)" } ?? "")]
        if let dependency = array.dependency.text { options += ["--dependency=\(dependency)", "--kill-on-invalid-dep=yes"] }
        options += ["--chdir=\(FileManager.default.currentDirectoryPath)"]
        options += ["--output=\(ledger.logs.replacingOccurrences(of: "%", with: "%%"))/%A_%a.out", "--open-mode=append", "--requeue"]
        // One process with threads, on one node; told in time to save its state.
        options += ["--nodes=1", "--ntasks=1", "--cpus-per-task=\(settings.cpus ?? array.cpus)", "--mem=\(settings.memory ?? "\(array.memory)M")"]
        options += ["--signal=B:TERM@\(settings.graceSeconds)"]
        for (option, value) in [
            ("time", settings.time), ("partition", settings.partition), ("account", settings.account), ("qos", settings.qos), ("constraint", settings.constraint),
        ] { if let value { options.append("--\(option)=\(value)") } }
        // Last, so that they can change what stands before them.
        return options + settings.extra
    }

    /// Slurm keeps the script itself: a node that does not see the folders can still say so.
    func script(_ orders: String) -> String {
        """
        #!/bin/sh
        program=\(Self.quoted(program))
        orders=\(Self.quoted(orders))
        export SWIFT_BACKTRACE=enable=no
        if [ ! -x "$program" ]; then
            echo "node $(hostname) has no program $program; it has to be in a folder that all nodes share" >&2
            exit 127
        fi
        if [ ! -r "$orders" ]; then
            echo "node $(hostname) has no file $orders; the results folder has to be one that all nodes share" >&2
            exit 1
        fi
        exec "$program" work --results \(Self.quoted(store.results)) --orders "$orders" --task "$SLURM_ARRAY_TASK_ID"

        """
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'" }
}
