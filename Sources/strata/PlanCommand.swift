import ArgumentParser
import Experiments
import Foundation
import Kernels
import Results
import Settings

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show the runs of an experiment, what they share, what is done, and what the rest will take.",
        discussion: """
            Nothing is run and nothing is written. All runs are counted. The time comes from the stages that are done in the results folder, those of \
            other experiments too; where there are none, some training steps of the experiment's width are timed, which takes about a second.
            """)

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions

    @Flag(name: .customLong("no-calibration"), help: "Time nothing: without stages that are done there is no estimate of the time.")
    var skipsCalibration = false

    @Flag(help: ArgumentHelp("List every run (of \(PlanCommand.shownRuns) or fewer they are listed anyhow)."))
    var runs = false

    @Flag(help: "List every stage.")
    var stages = false

    @Flag(help: "Print a JSON object with everything, runs and stages too, on one line.")
    var json = false

    static let shownRuns = 24

    func run() throws {
        let phase = try options.phase(options.load())
        let graph = try phase.whole()
        let plan = try SweepPlan(phase.experiment, graph, store: options.store, workers: workers.plan(compute)) { graph, costs, survey in
            skipsCalibration ? nil : try Calibration.speed(graph, costs, survey, compute.makeCompute())
        }
        if json {
            var object = plan.json
            if let tuning = phase.tuning, let trials = plan.trials {
                object["tuning"] = tuning.json(isTuning: phase.isTuning, phase.problem)
                object["tuning"]?["runs"] = ["total": .integer(trials.count), "done": .integer(trials.doneCount)]
                object["tuning"]?["operations"] = ["total": .number(trials.operations), "left": .number(trials.leftOperations)]
            }
            return print(object.canonicalJSON)
        }
        print(text(of: plan, metrics: graph.metrics, tuning(phase, plan)).joined(separator: "\n"))
    }

    /// What is chosen first, and what the runs of the sweep are counted as meanwhile.
    private func tuning(_ phase: SweepPhase, _ plan: SweepPlan) -> [String] {
        guard let tuning = phase.tuning, let trials = plan.trials else { return [] }
        let cost = "\(counted(tuning.trialCount, "run")), \(scientific(trials.operations)) FLOP that no run of the sweep shares"
        guard phase.isTuning else { return ["tuned    \(tuning.summary)", "         \(cost)"] }
        let first = tuning.text(tuning.values[0])
        return [
            "tuning   \(tuning.summary)",
            "         \(cost); they come before the sweep",
            phase.problem.map { "         \($0)" } ?? "         until it has chosen, the runs of the sweep are counted as if it were \(first): their stages are not known yet",
        ]
    }

    private func text(of plan: SweepPlan, metrics: String?, _ tuning: [String]) -> [String] {
        var lines: [String] = []
        if runs || plan.runs.count <= Self.shownRuns {
            // A column for what matches chose, where there are any.
            let matched = plan.runs.contains { $0.matched != nil }
            let rows = zip(plan.runs, plan.progress).map { [$0.id, $0.label] + (matched ? [$0.matched?.setting ?? ""] : []) + ["\($1.total)", "\($1.done)"] }
            lines += [TextTable(header: ["run", ""] + (matched ? ["matched"] : []) + ["stages", "done"], rows: rows, leftCount: matched ? 3 : 2).text, ""]
        }
        if stages {
            let rows = zip(plan.stages, plan.costs).map { stage, cost in
                [String(stage.key.prefix(12)), stage.title, plan.survey[stage.key].name, cost.operations > 0 ? scientific(cost.operations) : ""]
            }
            lines += [TextTable(header: ["stage", "", "state", "FLOP"], rows: rows, leftCount: 3).text, ""]
        }
        let rows = (plan.kinds.map { [$0.name, "\($0.count)", "\($0.doneCount)", "\($0.count - $0.doneCount)", $0.operations > 0 ? scientific($0.operations) : ""] })
            + [["all", "\(plan.stages.count)", "\(plan.doneCount)", "\(plan.stages.count - plan.doneCount)", plan.leftOperations > 0 ? scientific(plan.leftOperations) : ""]]
        lines += [TextTable(header: ["stages", "", "done", "to run", "FLOP left"], rows: rows, leftCount: 1).text, ""]

        var sweep = counted(plan.runCount, "run")
        if let sample = plan.sample { sweep += ", drawn with seed \(sample.seed) from the \(grouped(Double(plan.gridCount))) points" }
        if !plan.axes.isEmpty { sweep += (plan.sample == nil ? ": " : " of ") + plan.axes.map { "\($0.name) (\($0.valueCount))" }.joined(separator: ", ") }
        lines.append(sweep)
        lines += plan.runs.filter { !$0.isTrial }.matchNotes.map { "matched  \($0)" }
        lines += tuning
        if let metrics { lines.append("metrics  \(metrics)") }
        lines.append(
            "sharing  \(grouped(Double(plan.namedCount))) stages that runs name are \(grouped(Double(plan.stages.count)))"
                + (plan.namedOperations > 0 ? "; that saves \(decimal(100 * (1 - plan.operations / plan.namedOperations), 0)) % of \(scientific(plan.namedOperations)) FLOP" : ""))
        guard plan.doneCount < plan.stages.count else { return lines + ["left     nothing: all stages are done"] }
        lines.append("left     \(grouped(plan.leftTokens)) tokens of training, \(scientific(plan.leftOperations)) FLOP")
        lines.append("time     \(time(of: plan))")
        lines.append("workers  \(sideBySide(plan))")
        lines.append("memory   about \(grouped(plan.forecast.memoryBytes / 1e6)) MB at most")
        lines.append("disk     about \(decimal(plan.leftDiskBytes / 1e6, 1)) MB of checkpoints")
        return lines
    }

    private func time(of plan: SweepPlan) -> String {
        guard let seconds = plan.seconds else { return "unknown: nothing is done yet to tell it from" + (skipsCalibration ? "" : ", and no step could be timed") }
        return switch plan.source {
        case .stages(let count): "about \(duration(seconds)), at the speed of \(counted(count, "stage")) of the results folder"
        case .calibration: "about \(duration(seconds)), at the speed of some training steps timed just now"
        case .none: "none to speak of"
        }
    }

    /// "up to 2 side by side with 1 thread each; a stage that is alone has all 2 threads".
    private func sideBySide(_ plan: SweepPlan) -> String {
        let all = plan.workers.threads == 1 ? "1 thread" : "all \(plan.workers.threads) threads"
        let threads = plan.forecast.threads
        guard let most = threads.first, let least = threads.last, threads.count > 1 else { return "one stage after another with \(all)" }
        let each = least == most ? counted(least, "thread") : "\(least) to \(most) threads"
        return "up to \(threads.count) side by side with \(each) each; a stage that is alone has \(all)"
    }
}
