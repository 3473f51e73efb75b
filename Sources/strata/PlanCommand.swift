import ArgumentParser
import Experiments
import Foundation
import Kernels

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show the runs of an experiment, what they share, what is done, and what the rest will take. Runs nothing.")

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions

    func run() throws {
        let experiment = try options.load()
        let graph = try StageGraph(experiment, family: ComputeOptions.instructionSet().numericsFamily)
        let store = options.store
        let plan = try workers.plan(compute)
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
        let rounds = try StageQueue(graph, store: store).rounds(plan)
        print(text(of: plan, rounds))
        let memory = rounds.map { $0.reduce(0) { $0 + $1.cost.memoryBytes } }.max() ?? 0
        print("memory about \(grouped(memory / 1e6)) MB, disk about \(decimal(left.diskBytes / 1e6, 1)) MB")
    }

    /// "workers: up to 2 side by side with 1 thread each; a stage that is alone has all 2 threads".
    private func text(of plan: WorkerPlan, _ rounds: [[WorkerPlan.Share]]) -> String {
        let widest = rounds.max { $0.count < $1.count }?.map(\.threads) ?? []
        let all = plan.threads == 1 ? "1 thread" : "all \(plan.threads) threads"
        guard let least = widest.min(), let most = widest.max(), widest.count > 1 else { return "workers: one stage after another with \(all)" }
        let each = least == most ? counted(least, "thread") : "\(least) to \(most) threads"
        return "workers: up to \(widest.count) side by side with \(each) each; a stage that is alone has \(all)"
    }

    /// From the stages that were trained here already, else from a short measurement of the processor.
    private func operationsASecond(_ graph: StageGraph, _ costs: [StageCost], _ store: StageStore) throws -> (Double, String) {
        let threads = Double(try compute.threadCount())
        var operations = 0.0
        var threadSeconds = 0.0
        for (stage, cost) in zip(graph.stages, costs) where cost.trainedTokens > 0 {
            if store.state(stage.key) == .done, let spent = store.time(stage.key) {
                operations += cost.operations
                threadSeconds += spent.seconds * Double(spent.threads)
            }
        }
        if threadSeconds > 1 { return (threads * operations / threadSeconds, "at the speed of the stages that are done") }
        // Training of small models reaches more than half of the peak, evaluations and short stages less.
        return (try compute.makeCompute().peak() / 2, "at half of the peak measured just now")
    }
}
