import ArgumentParser
import Experiments
import Foundation
import Results

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Train everything an experiment names and print its tables.",
        discussion: "Stages that are done, also for other experiments, are not run again. Results: RESULTS/NAME.h5.")

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @Flag(help: "No progress.")
    var quiet = false

    func run() throws {
        let experiment = try options.load()
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        try options.makeResultsFolder()
        try options.store.lock()
        endOnInterrupt()
        let progress = Progress(graph, store: options.store, isQuiet: quiet)
        let failures: [String]
        do {
            defer { progress.end() }
            failures = try LocalExecutor(store: options.store, compute: compute.makeCompute(), report: progress.report).run(graph)
        }
        if let file = try publish(experiment, graph, options) {
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

/// Says on Ctrl-C how to go on, and ends with status 130. What is done is safe; the stage that was going on begins anew.
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
