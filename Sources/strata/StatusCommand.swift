import ArgumentParser
import Experiments

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "status", abstract: "Show which runs are pending, partly done, failed and done.")

    @OptionGroup var options: ExperimentOptions

    func run() async throws {
        let experiment = try options.load()
        let slurm = try await SlurmStatus(results: options.results, experiment: experiment.name)
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        var counts = (done: 0, failed: 0, other: 0)
        let rows = graph.chains.map { chain -> [String] in
            let text: String
            switch chain.state(in: options.store) {
            case .done:
                text = "done"
                counts.done += 1
            case .failed(let message):
                text = "failed: \(message)"
                counts.failed += 1
            case .pending:
                text = "pending"
                counts.other += 1
            case .partial(let done, let total):
                text = "\(done) of \(total) stages done"
                counts.other += 1
            }
            return [chain.run.id, chain.run.label, [text, job(of: chain, slurm)].compactMap(\.self).joined(separator: ", ")]
        }
        print(TextTable(header: ["run", "", "state"], rows: rows, leftCount: 3).text)
        print("\(counted(rows.count, "run")): \(counts.done) done, \(counts.failed) failed, \(counts.other) to be run")
        if counts.failed > 0 { print("strata run tries again what failed") }
    }

    /// The job of the first stage that has one and is not done.
    private func job(of chain: StageGraph.Chain, _ slurm: SlurmStatus) -> String? {
        guard !slurm.jobs.isEmpty else { return nil }
        return chain.stages.lazy.filter { options.store.state($0.key) != .done }.compactMap { slurm.jobs[$0.key] }.first
    }
}
