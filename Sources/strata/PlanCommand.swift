import ArgumentParser
import Experiments
import Foundation
import Kernels

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show the runs of an experiment, what they share, what is done, and what the rest will take. Runs nothing.")

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let experiment = try options.load()
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        let store = options.store
        let costs = try graph.costs()
        var left = StageCost()
        var doneCount = 0
        for (stage, cost) in zip(graph.stages, costs) {
            if store.state(stage.key) == .done { doneCount += 1 } else { left = left + cost }
        }
        let references = graph.chains.reduce(0) { $0 + $1.stages.count }
        print(TextTable(header: ["run", "", "stages", "done"], rows: graph.chains.map { chain in
            [chain.run.id, chain.run.label, "\(chain.stages.count)", "\(chain.stages.count { store.state($0.key) == .done })"]
        }).text)
        print("\(counted(graph.chains.count, "run")) of \(references) stages, \(graph.stages.count) after sharing; \(doneCount) done, \(graph.stages.count - doneCount) to run")
        guard left.operations > 0 else {
            print("nothing is left to do")
            return
        }
        let (rate, source) = try operationsASecond(graph, costs, store)
        print(
            "left: \(grouped(left.trainedTokens)) tokens of training, \(String(format: "%.3g", left.operations)) floating-point operations, "
                + "about \(duration(left.operations / rate)) (\(source))")
        print("memory about \(grouped(left.memoryBytes / 1e6)) MB, disk about \(decimal(left.diskBytes / 1e6, 1)) MB")
    }

    /// From the stages that were trained here already, else from a short measurement of the processor.
    private func operationsASecond(_ graph: StageGraph, _ costs: [StageCost], _ store: StageStore) throws -> (Double, String) {
        var operations = 0.0
        var seconds = 0.0
        for (stage, cost) in zip(graph.stages, costs) where cost.trainedTokens > 0 {
            if store.state(stage.key) == .done, let spent = store.seconds(stage.key) {
                operations += cost.operations
                seconds += spent
            }
        }
        if seconds > 1 { return (operations / seconds, "at the speed of the stages that are done") }
        // Training of small models reaches a good third of the peak.
        return (0.35 * PeakMeasurement.operationsASecond(compute: try compute.makeCompute()), "at a third of the peak measured just now")
    }
}
