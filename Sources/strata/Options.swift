import ArgumentParser
import Experiments
import Foundation
import Kernels
import Results

/// The experiment and where its results are.
struct ExperimentOptions: ParsableArguments {
    @Argument(help: "The experiment file.", completion: .file(extensions: ["yaml", "yml"]))
    var experiment: String

    @Argument(help: ArgumentHelp("Changes: train.steps=100 sets, strategy.blocks=1,2,4 and 'seed=range(0,5)' sweep, data=DIR names the data folder.", valueName: "key=value"))
    var changes: [String] = []

    @Option(help: ArgumentHelp("The folder of stages and results files.", valueName: "dir"))
    var results = "results"

    func load() throws -> Experiment {
        try Experiment(file: experiment, words: changes, dataFolder: ProcessInfo.processInfo.environment["STRATA_DATA"])
    }

    /// What is to be done of the experiment by its results folder.
    func phase(_ experiment: Experiment) throws -> SweepPhase {
        try SweepPhase(experiment, family: ComputeOptions.instructionSet().numericsFamily, store: store)
    }

    var store: StageStore { StageStore(results: results) }

    /// A folder that cannot be made is a wrong input; one that fails later is not.
    func makeResultsFolder() throws {
        do { try store.makeResultsFolder() } catch { throw Failure.wrongInput("strata: \(error)") }
    }

    func resultsFile(of experiment: Experiment) -> String { "\(results)/\(experiment.name).h5" }
}

/// How the processor is used.
struct ComputeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads of a run, of all its workers together (default: STRATA_THREADS, else all processors). Results do not depend on it.", valueName: "n"))
    var threads: Int?

    func makeCompute() throws -> Compute { Compute(instructionSet: try Self.instructionSet(), threads: try threadCount()) }

    static func instructionSet() throws -> InstructionSet {
        try InstructionSet.chosen(environment: ProcessInfo.processInfo.environment)
    }

    func threadCount() throws -> Int {
        let environment = ProcessInfo.processInfo.environment["STRATA_THREADS"].flatMap { $0.isEmpty ? nil : $0 }
        let (text, name) = threads.map { (String($0), "--threads") } ?? (environment ?? "", "STRATA_THREADS")
        if text.isEmpty { return min(ProcessInfo.processInfo.activeProcessorCount, 256) }
        guard let count = Int(text), (1...256).contains(count) else {
            throw Failure.wrongInput("strata: \(name) is '\(text)', expected a whole number from 1 to 256")
        }
        return count
    }
}

/// How many stages are worked on at once.
struct WorkerOptions: ParsableArguments {
    @Option(help: ArgumentHelp(
        "Stages side by side at most, each in a process of its own (default: as many as threads; 1: one after another in this process). Results do not depend on it.",
        valueName: "n"))
    var workers: Int?

    func plan(_ compute: ComputeOptions) throws -> WorkerPlan {
        if let workers, !(1...256).contains(workers) {
            throw Failure.wrongInput("strata: --workers is '\(workers)', expected a whole number from 1 to 256")
        }
        return WorkerPlan(threads: try compute.threadCount(), limit: workers, memoryBytes: Double(ProcessInfo.processInfo.physicalMemory))
    }
}
