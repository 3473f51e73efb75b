import ArgumentParser
import Experiments
import Results

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show which runs are running, failed, interrupted, pending and done.",
        discussion: """
            From any machine that sees the results folder; nothing is written. The time left is that of the stages so far, with as many workers and \
            threads as `strata run` would have here. Where Slurm is at hand, the jobs that wait or run are named too.
            """)

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions

    @Flag(help: ArgumentHelp("List every run (of \(PlanCommand.shownRuns) or fewer all are listed anyhow, else those that run, failed or were interrupted)."))
    var runs = false

    @Flag(help: "Print a JSON object on one line.")
    var json = false

    func run() async throws {
        let experiment = try options.load()
        let slurm = try await SlurmStatus(results: options.results, experiment: experiment.name)
        let phase = try options.phase(experiment)
        let status = try SweepStatus(experiment.name, phase.graph, store: options.store, workers: workers.plan(compute))
        if json {
            var object = status.json
            if let tuning = phase.tuning { object["tuning"] = tuning.json(isTuning: phase.isTuning, phase.problem) }
            return print(object.canonicalJSON)
        }
        if let tuning = phase.tuning { print("\(phase.isTuning ? "tuning" : "tuned"): \(tuning.summary)\n") }
        print(text(of: status, phase, slurm))
        if let problem = phase.problem { print("\(problem)") } else if phase.isTuning {
            print("then \(counted(experiment.runs.count, "run")) of the sweep with the values chosen")
        }
    }

    private func text(of status: SweepStatus, _ phase: SweepPhase, _ slurm: SlurmStatus) -> String {
        var lines: [String] = []
        let listed = zip(status.runs, phase.graph.chains).filter { run, _ in
            runs || status.runs.count <= PlanCommand.shownRuns || (run.state != .done && run.state != .pending)
        }
        if !listed.isEmpty {
            let rows = listed.map { run, chain in row(run, job(of: chain, slurm)) }
            lines += [TextTable(header: ["run", "", "state", "stages", "step", "loss", "left", ""], rows: rows, leftCount: 3, lastIsText: true).text, ""]
        }
        let counts = [SweepStatus.State.done, .running, .failed, .interrupted, .pending].filter { status.count($0) > 0 }
        var total = "\(counted(status.runs.count, "run")): \(counts.map { "\(grouped(Double(status.count($0)))) \($0.rawValue)" }.joined(separator: ", "))"
        total += "; \(grouped(Double(status.doneStageCount))) of \(counted(status.stageCount, "stage")) done"
        if let left = status.secondsLeft, left > 0 { total += "; about \(duration(left)) left" }
        lines.append(total)
        // Runs of tune: that diverge are not tried again.
        if status.count(.failed) > (phase.isTuning ? phase.tuning?.count(.diverged) ?? 0 : 0) { lines.append("strata run tries again what failed") }
        return lines.joined(separator: "\n")
    }

    private func row(_ run: SweepStatus.RunStatus, _ job: String?) -> [String] {
        let current = run.current
        let step = current?.point.map { "\($0.step)/\(current?.steps ?? 0)" } ?? ""
        let why = [current?.message.map { "\(current?.title ?? ""): \($0)" }, job].compactMap(\.self).joined(separator: "; ")
        return [
            run.id, run.label, run.state.rawValue, "\(run.doneCount)/\(run.stageCount)", step, current?.point.map { decimal($0.loss, 4) } ?? "",
            run.state == .done ? "" : run.secondsLeft.map(duration) ?? "", why,
        ]
    }

    /// The job of the first stage that has one and is not done.
    private func job(of chain: StageGraph.Chain, _ slurm: SlurmStatus) -> String? {
        guard !slurm.jobs.isEmpty else { return nil }
        return chain.stages.lazy.filter { options.store.state($0.key) != .done }.compactMap { slurm.jobs[$0.key] }.first
    }
}
