import Experiments
import Foundation
import Kernels
import Results

/// Builds the experiment's HDF5 file from its stages and returns its path; nil when no run has begun. Nothing is left to be tuned.
func publish(_ phase: SweepPhase, _ options: ExperimentOptions) throws -> String? {
    let (experiment, graph) = (phase.experiment, phase.graph)
    try graph.withdrawDamaged(options.store, products: false) { stage, damage in
        complain("strata: \(stage.title): \(damage.path) \(damage.problem); it is left out, and `strata run` makes it again")
    }
    let runs = try RunRecord.records(of: graph, store: options.store)
    guard !runs.isEmpty else { return nil }
    let instructionSet = try ComputeOptions.instructionSet()
    let formatter = ISO8601DateFormatter()
    let record = ExperimentRecord(
        experiment: experiment.document.text, strataVersion: strataVersion,
        numericsVersion: "\(numericsVersion)-\(instructionSet.numericsFamily)", host: ProcessInfo.processInfo.hostName,
        instructionSet: instructionSet.rawValue, created: formatter.string(from: Date()),
        changes: options.changes.joined(separator: " "), notes: experiment.notes + (phase.tuning?.notes ?? []) + graph.notes(tuned: phase.tuning?.key) + unfinished(graph, options.store),
        tables: experiment.tables, plots: experiment.plots, matches: experiment.matches)
    let path = options.resultsFile(of: experiment)
    try options.makeResultsFolder()
    try Publisher.publish(experiment: record, runs: runs, stages: phase.stageRecords(store: options.store), tuning: phase.tuning, to: path)
    return path
}

/// A line for the tables when some runs are not complete.
private func unfinished(_ graph: StageGraph, _ store: StageStore) -> [String] {
    let states = graph.chains.compactMap { chain -> String? in
        switch chain.state(in: store) {
        case .done: nil
        case .failed: "\(chain.run.id) failed"
        case .pending: "\(chain.run.id) not begun"
        case .partial(let done, let total): "\(chain.run.id) at \(done) of \(total) stages"
        }
    }
    guard !states.isEmpty else { return [] }
    let shown = states.prefix(6).joined(separator: ", ") + (states.count > 6 ? " ..." : "")
    return ["\(states.count) of \(graph.chains.count) runs are not complete (\(shown)): what they measured is shown, the rest is missing."]
}

/// Prints the tables that the experiment describes, or else those that answer most questions, each under its name, and below them what
/// holds for all.
func printTables(of path: String) throws {
    let file = try PublishedFile(path)
    let defined = file.experiment.tables.map(DefinedTable.init)
    let recipes: [any TableRecipe] = defined.isEmpty ? [SummaryTable(), StreamTable()] : defined
    let tables = recipes.map { $0.table(of: file) }
    let common = tables[0].footer.filter { line in tables.allSatisfy { $0.footer.contains(line) } }
    for (recipe, var table) in zip(recipes, tables) {
        print("\(recipe.name): \(recipe.help)\n")
        table.title = ""
        table.footer.removeAll { common.contains($0) }
        print(MarkdownFormat().text(of: table))
    }
    print(common.joined(separator: "\n") + "\n")
}
