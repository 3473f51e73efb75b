import Experiments
import Foundation
import Kernels
import Results

/// Builds the experiment's HDF5 file from its stages and returns its path.
func publish(_ experiment: Experiment, _ graph: StageGraph, _ options: ExperimentOptions) throws -> String {
    let instructionSet = try ComputeOptions.instructionSet()
    let formatter = ISO8601DateFormatter()
    let record = ExperimentRecord(
        experiment: experiment.document.text, strataVersion: strataVersion,
        numericsVersion: "\(numericsVersion)-\(instructionSet.numericsFamily)", host: ProcessInfo.processInfo.hostName,
        instructionSet: instructionSet.rawValue, created: formatter.string(from: Date()))
    let path = options.resultsFile(of: experiment)
    try options.store.makeResultsFolder()
    try Publisher.publish(experiment: record, runs: RunRecord.records(of: graph, store: options.store), to: path)
    return path
}

/// Prints every table of a results file, each under its name.
func printTables(of path: String) throws {
    let file = try PublishedFile(path)
    for recipe in Tables.recipes {
        print("\(recipe.help)\n")
        print(MarkdownFormat().text(of: recipe.table(of: file)))
    }
}
