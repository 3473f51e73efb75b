import ArgumentParser
import Experiments
import Foundation
import Results

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Train everything an experiment names and print its tables.",
        discussion: """
            Stages that are done, also for other experiments, are not run again. Results: RESULTS/NAME.h5.

            Stages whose base is ready run side by side, each in a worker process; the threads are shared out evenly, and a stage that is alone has all of \
            them. A worker that dies fails its stage only. `strata plan` says how many there will be.

            Ctrl-C finishes the step and saves; the same command goes on there, also after a kill. Several runs may share a results folder: each stage is \
            made by one of them.

            With --executor slurm they are jobs of Slurm, which go on when this command ends; docs/slurm.md says more.
            """)

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions
    @OptionGroup var place: ExecutorOptions
    @Flag(help: "No progress.")
    var quiet = false

    @Flag(help: ArgumentHelp("Print events as JSON lines on standard output, and no tables.", discussion: """
        Every line has version (\(SweepProgress.version)) and event: sweep (counts and seconds left), began, progress, note, damaged, finished and failed (of a stage), \
        results (the file; last).
        """))
    var json = false

    func validate() throws {
        if place.executor == .slurm, workers.workers != nil {
            throw ValidationError("--workers has no meaning with --executor slurm; slurm.array_limit=N limits the jobs that run at once")
        }
    }

    /// On the main thread, which has the largest stack.
    @MainActor
    func run() async throws {
        let experiment = try options.load()
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        let plan = try workers.plan(compute)
        try options.makeResultsFolder()
        let saveSeconds = try saveSeconds()
        if place.executor == .local { stopOnSignals([SIGINT, SIGTERM]) }
        let progress = try Progress(experiment, graph, store: options.store, plan: plan, isQuiet: quiet, printsEvents: json)
        let failures: [String]
        do {
            defer { progress.end() }
            if place.executor == .slurm {
                guard let ended = try await runInSlurm(experiment, graph, progress) else { return }
                failures = ended
            } else if plan.isSerial {
                failures = try LocalExecutor(
                    store: options.store, compute: compute.makeCompute(), interruption: interruption, saveSeconds: saveSeconds, report: progress.report
                ).run(graph)
            } else {
                let program = WorkerProgram(path: thisProgram(), arguments: [WorkCommand.name, "--results", options.results])
                failures = try await ProcessExecutor(
                    store: options.store, plan: plan, program: program, interruption: interruption, report: progress.report
                ).run(graph, of: experiment.source)
            }
        }
        let file = try publish(experiment, graph, options)
        progress.end(file: file, failures: failures)
        if let file, !json {
            try printTables(of: file)
            print("results: \(file)")
        }
        guard failures.isEmpty else {
            throw Failure.someFailed(
                "strata: \(failures.count == 1 ? "a stage" : "\(failures.count) stages") failed; what was measured is kept, and `strata run` tries again\n  "
                    + failures.joined(separator: "\n  "))
        }
    }
}

struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Rebuild the HDF5 file of an experiment from the stages that are done.")

    @OptionGroup var options: ExperimentOptions

    func run() throws {
        let experiment = try options.load()
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        guard let file = try publish(experiment, graph, options) else {
            throw Failure.wrongInput("strata: no run of '\(experiment.name)' has begun in '\(options.results)'; is --results right?")
        }
        print("results: \(file)")
    }
}
