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
        let progress = Progress(graph, store: options.store, isQuiet: quiet)
        let failures: [String]
        do {
            defer { progress.end() }
            failures = try LocalExecutor(store: options.store, compute: compute.makeCompute(), report: progress.report).run(graph)
        }
        let file = try publish(experiment, graph, options)
        try printTables(of: file)
        print("results: \(file)")
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
        print("results: \(try publish(experiment, graph, options))")
    }
}
