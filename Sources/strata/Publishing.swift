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
        instructionSet: instructionSet.rawValue, created: formatter.string(from: Date()),
        notes: graph.notes)
    let path = options.resultsFile(of: experiment)
    try options.makeResultsFolder()
    try Publisher.publish(experiment: record, runs: RunRecord.records(of: graph, store: options.store), to: path)
    return path
}

/// Prints the tables that answer most questions, each under its name, and below them what holds for both.
func printTables(of path: String) throws {
    let file = try PublishedFile(path)
    for recipe in [SummaryTable(), StreamTable()] as [any TableRecipe] {
        var table = recipe.table(of: file)
        print("\(recipe.name): \(recipe.help)\n")
        let footer = table.footer
        table.footer = []
        print(MarkdownFormat().text(of: table))
        if recipe.name == StreamTable().name { print(footer.joined(separator: "\n") + "\n") }
    }
}
