import Foundation
import Kernels
import Settings
import Testing
import Training

@testable import Experiments
@testable import Results

/// Drift from the base as a part of evaluation stages: what it is a part of, what it waits for, and what every strategy gives.
@Suite struct DriftStageTests {
    private static let on = ("evaluation: {", "evaluation: {drift: 128, ")

    @Test func withoutDriftKeysAreWhatTheyWere() throws {
        // Of the program before there was drift.
        let graph = try StageGraph(TinyExperiment.experiment(), family: "fused", version: 2)
        #expect(graph.stages[3].key == "02d874c74ce79b77b914d3ffc0f4ec0de8b6e4b78ca5147f38c8390674c75ac7")
        #expect(graph.stages[4].key == "2edf998424146119c315d5c626a319692388eb4030df359c5ef2fc23ba2c7bc8")
        #expect(graph.stages[8].key == "7024ea75a5219463258191cedef840792b6c89d08eb79195f99efb299b60a797")
        #expect(try StageGraph(TinyExperiment.experiment(words: ["evaluation.drift=0"]), family: "fused", version: 2).stages.map(\.key) == graph.stages.map(\.key))
    }

    /// Only the evaluations of the stream's models have it; the base itself, which other experiments share, is measured as ever.
    @Test func onlyRowsOfTheStreamHaveIt() throws {
        let (plain, graph) = (try TinyExperiment.graph(), try TinyExperiment.graph(TinyExperiment.sequential, [Self.on]))
        #expect(graph.stages.indices.filter { graph.stages[$0].key != plain.stages[$0].key } == [6, 8])
        let base = graph.chains[0].pretraining, lives = try #require(graph.stages[3].recipe["data"])
        #expect(graph.stages[6].recipe["drift"] == ["base": .string(base), "tokens": 128, "data": lives])
        #expect(graph.stages[8].models == [graph.stages[7].key, base] && graph.stages[8].needs == [graph.stages[7].key, base, graph.stages[0].key])
        #expect(graph.stages[4].models == [base] && graph.stages[0].models.isEmpty)
        // Another number of tokens is another measurement.
        let more = try TinyExperiment.graph(TinyExperiment.sequential, [Self.on], words: ["evaluation.drift=64"])
        #expect(graph.stages.indices.filter { graph.stages[$0].key != more.stages[$0].key } == [6, 8])
    }

    @Test func aBaseThatWasLostIsWaitedFor() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.sequential, [Self.on])
        let base = graph.stages[3], last = graph.stages[8]
        var queue = try StageQueue(graph) { $0 != base.key && $0 != last.key }
        let plan = WorkerPlan(threads: 2, limit: nil, memoryBytes: 1e12)
        #expect(queue.begin(plan).map(\.stage.title) == ["base"])
        queue.end(base, isDone: true)
        #expect(queue.begin(plan).map(\.stage.key) == [last.key])
        // Needed by two that are not done, it comes behind both.
        var both = try StageQueue(graph) { $0 != base.key && $0 != last.key && $0 != graph.stages[7].key }
        let begun = both.begin(plan).map(\.stage)
        #expect(begun.map(\.key) == [base.key, graph.stages[7].key])
        both.end(begun[1], isDone: true)
        #expect(both.begin(plan).isEmpty)
        both.end(base, isDone: true)
        #expect(both.begin(plan).map(\.stage.key) == [last.key])

        // In a run of its own: the damaged base is made again before the evaluation that reads it.
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty)
        let drift = try #require(try StageRecords(session.store, last.key).drift)
        try FileManager.default.removeItem(atPath: session.store.folder(last.key))
        try session.folder.write("results/stages/\(base.key)/model.safetensors", "damaged")
        let before = session.begun.count
        #expect(try session.run(graph).isEmpty)
        #expect(session.begun.dropFirst(before) == ["base", "sequential, terms, evaluation"])
        #expect(session.notes == ["base: model.safetensors does not have the hash that it was finished with"])
        #expect(try StageRecords(session.store, last.key).drift == drift)

        // On Slurm: not submitted beside the base, but behind it.
        try session.store.withdraw(base.key)
        try session.store.withdraw(last.key)
        let coordinator = try SlurmCoordinator(
            graph, name: "t", family: TinyExperiment.family, store: session.store, settings: SlurmSettings([:]), program: "p", report: { _ in }, note: { _ in })
        let (first, second) = (try #require(coordinator.jobOf[base.key]), try #require(coordinator.jobOf[graph.stages[7].key]))
        #expect(coordinator.jobs[second].base == first && coordinator.jobs[second].stages.count == 2)
        #expect(coordinator.ready == [first])
        coordinator.doneCounts[first] = 1
        #expect(coordinator.ready == [first, second])
        let fresh = try SlurmCoordinator(
            graph, name: "t", family: TinyExperiment.family, store: TinySession().store, settings: SlurmSettings([:]), program: "p", report: { _ in }, note: { _ in })
        #expect(fresh.ready == Array(fresh.jobs.indices))
    }

    @Test func costs() throws {
        let (plain, graph) = (try TinyExperiment.graph(), try TinyExperiment.graph(TinyExperiment.sequential, [Self.on]))
        let (before, after) = (try plain.costs(), try graph.costs())
        // 128 tokens through two models, with attention over 16 tokens on average in two layers, and 3 products of 16 x 16 in each.
        let weights = 2 * (2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 32) + 257 * 16
        let (forward, alignment) = (2 * weights + 2 * 4 * 16 * 16, 2 * 6 * 16 * 16)
        let operations = Double(128 * (2 * forward + alignment))
        #expect(after[8].operations - before[8].operations == operations)
        #expect(after[4] == before[4])
        let session = try TinySession()
        for stage in graph.stages { try session.store.begin(stage) }
        var recipes = RecipeCosts(session.store)
        #expect(recipes.cost(of: graph.stages[8].key)?.operations == after[8].operations)
    }

    @Test func whatIsWrong() throws {
        func message(_ text: String, _ change: (String, String)) throws -> String {
            do { return "\(try TinyExperiment.experiment(text, [change]).runs.count) runs" } catch { return "\(error)" }
        }
        #expect(try message(TinyExperiment.sequential, ("evaluation: {", "evaluation: {drift: -1, ")).hasPrefix("e.yaml:13:21: evaluation.drift: found -1, expected a whole number"))
        // Text that is shorter than a window is found before anything is trained.
        let session = try TinySession()
        let graph = try TinyExperiment.graph(
            TinyExperiment.sequential, [Self.on, ("max_position_embeddings: 32", "max_position_embeddings: 16384"), ("train: {steps: ", "train: {sequence_length: 32, steps: ")])
        let error = #expect(throws: (any Error).self) { try session.run(graph) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("data.lives: found ") && session.begun == ["tokenizer"])
        // What nobody measures cannot be shown.
        for (section, text, problem) in [
            ("tables", "{columns: [drift.rank]}", "tables.x.columns[0]: found 'drift.rank', which no run measures, expected evaluation.drift above 0"),
            ("tables", "{columns: [drift.*]}", "tables.x.columns[0]: found 'drift.*', which no run measures, expected evaluation.drift above 0"),
            ("tables", "{columns: [stability_gap]}", "tables.x.columns[0]: found 'stability_gap', which no run measures, expected train.eval_steps above 0"),
            ("plots", "{kind: drift}", "plots.x.kind: found 'drift', which no run measures, expected evaluation.drift above 0"),
            ("plots", "{kind: gap}", "plots.x.kind: found 'gap', which no run measures, expected train.eval_steps above 0"),
        ] {
            let found = try message(TinyExperiment.sequential + "\(section):\n  x: \(text)\n", ("name: tiny", "name: tiny"))
            #expect(found.contains(problem), "\(found)")
        }
        let all = "tables:\n  x: {columns: [drift.*, worst_case_loss]}\nplots:\n  x: {kind: drift}\n  y: {kind: gap}\n"
        let experiment = try TinyExperiment.experiment(TinyExperiment.sequential + all, [Self.on, ("train: {steps: 4", "train: {eval_steps: 2, steps: 4")])
        #expect(experiment.plots.map(\.kind) == [.drift, .gap])
    }

    /// What holds of the drift at the end of the stream by what a strategy is.
    enum Kind {
        /// The model computes what the base computes.
        case same
        /// The base's weights are as they were.
        case kept
        /// They changed, by a rank of so much at most.
        case changed(rank: Double)
    }

    private static let arms: [(String, Kind)] = [
        ("{kind: block-expansion, blocks: 1, train: none}", .same), ("{kind: block-expansion, blocks: 1, init: random, train: none}", .kept),
        ("{kind: block-expansion, blocks: 2}", .kept), ("{kind: block-expansion, blocks: 1, position: bottom}", .kept),
        ("{kind: block-expansion, blocks: 1, position: top}", .kept), ("{kind: block-expansion, blocks: 1, added: per-task}", .kept),
        ("{kind: block-expansion, blocks: 1, position: least-influential}", .kept), ("{kind: block-expansion, blocks: 1, train: all}", .changed(rank: 16)),
        ("{kind: moe-expansion}", .kept), ("{kind: control, learned: true, blocks: 1}", .kept), ("{kind: width, growth: 0.5}", .changed(rank: 16)),
        ("{kind: lora, r: 2}", .changed(rank: 2)), ("{kind: lora, r: 2, adapters: merged}", .changed(rank: 4)), ("{kind: lora, r: 2, adapters: new}", .changed(rank: 4)),
        ("{kind: o-lora, r: 2}", .changed(rank: 4)), ("{kind: partial, frozen_blocks: 1}", .changed(rank: 16)), ("{kind: joint}", .changed(rank: 16)),
        ("{kind: interpolate}", .changed(rank: 16)), ("{kind: ewc, sequences: 3}", .changed(rank: 16)), ("{kind: lwf}", .changed(rank: 16)),
        ("{kind: agem}", .changed(rank: 16)), ("{kind: osft, keep: 0.25}", .changed(rank: 16)),
    ]

    @Test func everyStrategy() throws {
        let lines = Self.arms.map { "    - {strategy: \($0.0)}\n" }.joined()
        let graph = try TinyExperiment.graph(TinyExperiment.root + "sweep:\n  arms:\n" + lines, [("{steps: 4,", "{steps: 2,"), Self.on])
        let session = try TinySession()
        #expect(try session.run(graph, threads: 2).isEmpty)
        for (chain, (arm, kind)) in zip(graph.chains, Self.arms) {
            let row = try #require(chain.rows[2])
            let drift = try #require(try StageRecords(session.store, row).drift, "\(arm)")
            #expect(drift.layers.count == 2 && drift.baseEntropy > 0, "\(arm)")
            let (weights, ranks) = (drift.layers.map(\.weights), drift.layers.map(\.rank))
            #expect(drift.layers.allSatisfy { $0.alignment > 0 && $0.alignment < 1 + 1e-5 }, "\(arm)")
            switch kind {
            case .same:
                #expect(drift.divergence == 0 && weights == [0, 0] && ranks == [0, 0] && drift.layers.allSatisfy { abs($0.alignment - 1) < 1e-5 }, "\(arm)")
            case .kept: #expect(drift.divergence > 1e-6 && weights == [0, 0] && ranks == [0, 0], "\(arm): \(drift)")
            case .changed(let rank):
                let isBottomFrozen = arm.contains("frozen_blocks")
                #expect(drift.divergence > 1e-6 && weights[1] > 0 && (weights[0] > 0) != isBottomFrozen, "\(arm): \(drift)")
                #expect(ranks[1] > 0 && ranks.allSatisfy { $0 <= rank + 1e-6 }, "\(arm): \(drift)")
            }
        }
    }

    @Test func threadsReachNoBit() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.sequential, [Self.on])
        let (one, three) = (try TinySession(), try TinySession())
        try one.run(graph, threads: 1)
        try three.run(graph, threads: 3)
        #expect(try one.difference(from: three, graph) == nil)
    }

    /// Through records, the file and back: with a frozen model, which is the base, and measurements inside tasks.
    @Test func fromStagesToTheFile() throws {
        let text = TinyExperiment.root + "sweep: {arms: [{strategy: {kind: frozen}}, {strategy: {kind: sequential}}, {strategy: {kind: joint}}]}\n"
        let graph = try TinyExperiment.graph(text, [Self.on, ("train: {steps: 4", "train: {eval_steps: 1, steps: 4")])
        let session = try TinySession()
        try session.run(graph)
        let records = try RunRecord.records(of: graph, store: session.store)
        let base = DriftRow.base(layerCount: 2)
        #expect(records[0].drift.count == 3 && records[0].drift.allSatisfy { $0?.divergence == 0 && $0?.layers == base.layers })
        let row = try #require(graph.chains[1].rows[1])
        let measured = try #require(try StageRecords(session.store, row).drift)
        #expect(records[1].drift[1] == DriftRow(measured) && records[1].drift[1]?.divergence == measured.divergence && measured.divergence > 0)
        #expect(records[2].drift[1] == nil && records[2].drift[2] != nil)

        let path = session.folder.file("a.h5")
        let experiment = ExperimentRecord(experiment: "", strataVersion: "", numericsVersion: "", host: "", instructionSet: "", created: "")
        try Publisher.publish(experiment: experiment, runs: records, to: path)
        let file = try PublishedFile(path)
        _ = try file.verify()
        let drift = try #require(file.drift)
        let last = try #require(records[1].drift[2])
        for column in DriftColumn.allCases {
            #expect(drift.value(column, run: 1, row: 1) == column.value(DriftRow(measured)) && drift.value(column, run: 2, row: 1).isNaN)
            #expect(file.column(column.name)?.numbers[1] == column.value(last))
        }

        // The gap by hand: evaluations behind steps 1 to 3 of each task, on lives, and in the second also on sums.
        let run = records[1], inside = run.evaluations
        func worst(_ stage: String, _ domain: Int, _ row: Int) -> Double {
            (inside.stages.indices.filter { inside.stages[$0] == stage }.map { inside.losses[$0][domain] } + [run.losses[row][domain]]).max()!
        }
        #expect(inside.stages == ["sums", "sums", "sums", "terms", "terms", "terms"] && inside.steps == [1, 2, 3, 1, 2, 3])
        let gaps = [worst("sums", 0, 1) - run.losses[1][0], worst("terms", 0, 2) - run.losses[2][0], worst("terms", 1, 2) - run.losses[2][1]]
        func metric(_ name: String, _ run: Int) throws -> Double { try #require(records[run].metrics.first { $0.name == name }).value }
        #expect(try abs(metric("stability_gap_loss", 1) - gaps.reduce(0, +) / 3) < 1e-12)
        #expect(try metric("worst_loss", 1) == worst("terms", 1, 2))
        #expect(try abs(metric("worst_case_loss", 1) - (run.losses[2][2] + worst("terms", 1, 2)) / 2) < 1e-12)
        #expect(try metric("stability_gap", 1) >= 0 && metric("stability_gap_loss", 2) >= 0 && metric("worst_loss", 2).isNaN)
        #expect(!records[0].metrics.contains { $0.name.hasPrefix("stability_gap") } && file.column("stability_gap_loss")!.numbers[0].isNaN)
        let back = try file.evaluations(run: run.id).evaluations
        #expect(back.losses == inside.losses && back.scores == inside.scores && back.scores.count == 6)
        #expect(try Plots.plots(of: file).plots.map(\.name).contains("gap"))
    }
}
