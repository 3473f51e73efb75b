import ArgumentParser
import Experiments
import Foundation
import Results

/// How an experiment is worked on: by `strata run`, and by `strata tune` its first part.
struct WorkOptions: ParsableArguments {
    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions
    @OptionGroup var place: ExecutorOptions
    @Flag(help: "No progress.")
    var quiet = false

    @Flag(help: ArgumentHelp("Print events as JSON lines on standard output, and no tables.", discussion: """
        Every line has version (\(SweepProgress.version)) and event: sweep (counts and seconds left), began, progress, note, damaged, finished and failed (of a stage), \
        tuned (what tune: has chosen), results (the file; last).
        """))
    var json = false

    func validate() throws {
        if place.executor == .slurm, workers.workers != nil {
            throw ValidationError("--workers has no meaning with --executor slurm; slurm.array_limit=N limits the jobs that run at once")
        }
    }

    /// Works on what is to be done of an experiment, first the part that `tune:` wants, and on no more with `tuningOnly`.
    ///
    /// Returns where it is then, with the messages of the stages that failed; nil when jobs are left in Slurm and there is nothing more to say.
    @MainActor
    func work(_ experiment: Experiment, tuningOnly: Bool = false) async throws -> (phase: SweepPhase, progress: Progress?, failures: [String])? {
        let start = ContinuousClock.now
        let plan = try workers.plan(compute)
        var phase = try options.phase(experiment)
        try options.makeResultsFolder()
        let saveSeconds = try saveSeconds()
        if place.executor == .local { stopOnSignals([SIGINT, SIGTERM]) }
        func makeProgress(_ graph: StageGraph) throws -> Progress {
            try Progress(phase.experiment, graph, store: options.store, plan: plan, isQuiet: quiet, printsEvents: json, start: start)
        }
        if phase.isTuning, let tuning = phase.tuning {
            let graph = phase.work
            let progress = try makeProgress(graph)
            progress.note("tuning: \(tuning.summary)\(tuningOnly ? "" : "; then \(counted(experiment.runs.count, "run")) of the sweep")")
            guard let failures = try await work(phase, graph, progress, plan, saveSeconds) else { return nil }
            phase = try options.phase(experiment)
            guard !phase.isTuning, let chosen = phase.tuning else {
                progress.end(file: nil, failures: failures.isEmpty ? [""] : failures)
                throw someFailed(failures, phase.problem)
            }
            progress.tuned(chosen)
        }
        if tuningOnly { return (phase, nil, []) }
        let progress = try makeProgress(phase.graph)
        guard let failures = try await work(phase, phase.graph, progress, plan, saveSeconds) else { return nil }
        return (phase, progress, failures)
    }

    func someFailed(_ failures: [String], _ problem: TuningError? = nil) -> Failure {
        var lines = problem.map { ["strata: \($0)"] } ?? []
        if !failures.isEmpty {
            let what = failures.count == 1 ? "a stage" : "\(failures.count) stages"
            lines += [
                problem == nil ? "strata: \(what) failed; what was measured is kept, and `strata run` tries again" : "\(what) failed:",
                "  " + failures.joined(separator: "\n  "),
            ]
        }
        return Failure.someFailed(lines.joined(separator: "\n"))
    }

    @MainActor
    private func work(_ phase: SweepPhase, _ graph: StageGraph, _ progress: Progress, _ plan: WorkerPlan, _ saveSeconds: Double) async throws -> [String]? {
        defer { progress.end() }
        if place.executor == .slurm { return try await runInSlurm(phase.experiment, graph, progress) }
        if plan.isSerial {
            return try LocalExecutor(
                store: options.store, compute: compute.makeCompute(), interruption: interruption, saveSeconds: saveSeconds, report: progress.report
            ).run(graph)
        }
        let program = WorkerProgram(path: thisProgram(), arguments: [WorkCommand.name, "--results", options.results])
        return try await ProcessExecutor(
            store: options.store, plan: plan, program: program, interruption: interruption, report: progress.report
        ).run(graph, of: phase.experiment.source)
    }
}
