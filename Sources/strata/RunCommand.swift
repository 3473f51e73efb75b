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
            """)

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions
    @Flag(help: "No progress.")
    var quiet = false

    @Flag(help: ArgumentHelp("Print events as JSON lines on standard output, and no tables.", discussion: """
        Every line has version (\(SweepProgress.version)) and event: sweep (counts and seconds left), began, progress, finished and failed (of a stage), results (the \
        file; last).
        """))
    var json = false

    /// On the main thread, which has the largest stack.
    @MainActor
    func run() async throws {
        let experiment = try options.load()
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        let plan = try workers.plan(compute)
        try options.makeResultsFolder()
        try options.store.lock()
        endOnInterrupt()
        let progress = try Progress(experiment, graph, store: options.store, plan: plan, isQuiet: quiet, printsEvents: json)
        let failures: [String]
        do {
            defer { progress.end() }
            if plan.isSerial {
                failures = try LocalExecutor(store: options.store, compute: compute.makeCompute(), report: progress.report).run(graph)
            } else {
                let program = WorkerProgram(path: thisProgram(), arguments: [WorkCommand.name, "--results", options.results])
                failures = try await ProcessExecutor(store: options.store, plan: plan, program: program, report: progress.report)
                    .run(graph, of: experiment.source)
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

/// Says on Ctrl-C how to go on, and ends with status 130, and the workers with it. What is done is safe; stages that were going
/// on begin anew.
private func endOnInterrupt() {
    signal(SIGINT) { _ in
        let message: StaticString = "\ninterrupted; the same command goes on behind the last finished stage\n"
        _ = write(2, message.utf8Start, message.utf8CodeUnitCount)
        _exit(130)
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
