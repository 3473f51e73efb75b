import Experiments
import Foundation
import Results
import Settings
import Testing

/// Runs with `tune:` from the first to the tables. The best value is known by construction: one that changes next to nothing, one that
/// learns, one whose weights grow a thousandfold at each step.
@Suite struct TunedSweepTests {
    static let text = TinyExperiment.root.replacing(
        "train: {steps: 4, batch_size: 4, learning_rate: 1.0e-2, logging_steps: 1}",
        with: "train: {steps: 40, batch_size: 4, weight_decay: 10, max_grad_norm: 0, lr_scheduler_type: constant, warmup_ratio: 0}") + """
        tune: {key: train.learning_rate, values: [1.0e-7, 3.0e-3, 100], seed: 100}
        sweep:
          arms: [{strategy: {kind: frozen}}, {strategy: {kind: sequential}}, {strategy: {kind: joint}}]
          grid: {seed: [0, 1]}

        """

    private func phase(_ session: TinySession, _ text: String = text) throws -> SweepPhase {
        try SweepPhase(TinyExperiment.experiment(text), family: TinyExperiment.family, store: session.store)
    }

    /// The bytes of the published file, without the times.
    private func published(_ session: TinySession, _ text: String = text) throws -> Data {
        let phase = try phase(session, text)
        var runs = try RunRecord.records(of: phase.graph, store: session.store)
        for index in runs.indices {
            runs[index].curve.seconds = runs[index].curve.seconds.map { _ in 0 }
            for row in runs[index].costs.indices { runs[index].costs[row].seconds = 0 }
        }
        var stages = try phase.stageRecords(store: session.store)
        for index in stages.indices { (stages[index].seconds, stages[index].threads) = (0, 0) }
        let record = ExperimentRecord(
            experiment: "", strataVersion: "1", numericsVersion: "1", host: "here", instructionSet: "any", created: "2026-01-01T00:00:00Z",
            notes: phase.tuning?.notes ?? [])
        let path = session.folder.file("published.h5")
        try Publisher.publish(experiment: record, runs: runs, stages: stages, tuning: phase.tuning, to: path)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    @Test func theBestValueOfEachArm() throws {
        let session = try TinySession()
        var now = try phase(session)
        #expect(now.isTuning && now.graph.chains.count == 6 && now.tuning?.count(.pending) == 6)
        let failures = try session.run(now.graph)
        #expect(failures.count == 2 && failures.allSatisfy { $0.contains("train.learning_rate=100") && $0.contains("is not finite") })

        let trials = now.graph
        now = try phase(session)
        let tuning = try #require(now.tuning)
        #expect(!now.isTuning && tuning.arms.map(\.title) == ["sequential", "joint"] && tuning.arms.map(\.chosen) == [3e-3, 3e-3])
        #expect(tuning.arms.allSatisfy { $0.trials.map(\.state) == [.done, .done, .diverged] && $0.trials[2].metric.isNaN })
        // OP_loss by hand: the mean of the two tasks' losses at the end of the stream.
        for (arm, place) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let trial = tuning.arms[arm].trials[place]
            let losses = try #require(try StageRecords(session.store, trial.stage).evaluations.first).results.map(\.loss)
            #expect(trials.chains[3 * arm + place].rows.last == trial.stage && losses.count == 3)
            #expect(trial.metric == (losses[1] + losses[2]) / 2)
        }
        #expect(tuning.arms.allSatisfy { $0.trials[1].metric < $0.trials[0].metric - 0.1 })
        // A run that would diverge again is not wanted again; nor are the others.
        #expect(try now.whole().chains.map(\.run.id) == ["tune000", "tune001", "tune003", "tune004"] + (0..<6).map { "run00\($0)" })

        #expect(try session.run(now.graph).isEmpty)
        _ = try published(session)
        let file = try PublishedFile(session.folder.file("published.h5"))
        #expect(try file.verify().runs == 6)
        #expect(file.runs.allSatisfy { $0.hasPrefix("run") })
        let rates = try file.runs.map { try Value(json: file.configuration(run: $0))["train"]?["learning_rate"] }
        #expect(rates == [0.001, 0.001, 0.003, 0.003, 0.003, 0.003])
        let read = try #require(file.tuning)
        #expect(read.arms.map(\.chosen) == [3e-3, 3e-3] && read.values == [1e-7, 3e-3, 100] && read.seed == 100 && read.metric == "OP_loss")
        #expect(read.arms.map { $0.trials.map(\.state) } == tuning.arms.map { $0.trials.map(\.state) })
        #expect(read.notes == tuning.notes)
        #expect(
            tuning.notes == [
                "train.learning_rate is chosen for each arm: the best of 1e-07, 0.003, 100 by OP_loss (lower is better) of a run with the held-out seed 100: "
                    + "sequential 0.003; joint 0.003. The 6 runs that chose are in no row and in no cost."
            ])
        let table = try Tables.recipe(named: "tuning", of: file).table(of: file)
        #expect(table.columns.map(\.title) == ["arm", "1e-07", "0.003", "100", "chosen"])
        #expect(table.rows.map(\.best) == [[2], [2]] && table.rows.allSatisfy { $0.cells[3] == .text("diverged") && $0.cells[4] == .text("0.003") })
        #expect(!Tables.recipes(of: file).flatMap { $0.name == "tuning" ? [] : $0.table(of: file).rows }.contains { $0.cells.contains(.text("tune000")) })
        let summary = SummaryTable().table(of: file)
        #expect(summary.rows.map(\.count) == [1, 1, 2, 2] && summary.footer.contains(tuning.notes[0]))
    }

    /// A stop in the middle of what chooses, one between the two parts, a damaged measurement: the same bytes in the end.
    @Test func stopsAndDamage() throws {
        let (plain, session) = (try TinySession(), try TinySession())
        for _ in 0..<2 { try plain.run(try phase(plain).work) }
        #expect(throws: Interrupted.self) {
            try session.run(try phase(session).work) { if case .trained(let stage, let point, _) = $0 { stage.title.hasPrefix("arm=joint") && point.step == 20 } else { false } }
        }
        #expect(try phase(session).isTuning)
        try session.run(try phase(session).work)
        #expect(session.notes.contains { $0.contains("goes on behind step") })
        let tuned = try phase(session)
        #expect(!tuned.isTuning)

        // Nothing is chosen by what is damaged. It is made again, and nothing else.
        let trial = try #require(tuned.tuning?.arms[0].trials[1].stage)
        let journal = session.store.journal(trial)
        try Data(try String(contentsOfFile: journal, encoding: .utf8).replacing("0", with: "1").utf8).write(to: URL(fileURLWithPath: journal))
        let damaged = try phase(session)
        #expect(damaged.isTuning && damaged.tuning?.arms[0].trials[1].state == .pending)
        let count = session.begun.count
        #expect(try session.run(damaged.work).isEmpty)
        #expect(Array(session.begun[count...]) == ["arm=sequential, seed=100, train.learning_rate=0.003, terms, evaluation"])

        try session.run(try phase(session).work)
        #expect(try published(session) == published(plain))
        #expect(try published(session).count > 10_000)
    }

    @Test func theSameWithWorkers() async throws {
        let (plain, session) = (try TinySession(), try TinySession())
        for _ in 0..<2 { try plain.run(try phase(plain).work) }
        let program = WorkerProgram(
            path: try #require(BuiltProgram.path, "the program is built beside the tests"), arguments: ["work", "--results", session.store.results])
        var failures: [[String]] = []
        for _ in 0..<2 {
            let phase = try phase(session)
            let executor = ProcessExecutor(store: session.store, plan: WorkerPlan(threads: 2, limit: 2, memoryBytes: 1e12), program: program) { _ in }
            failures.append(try await executor.run(phase.work, of: phase.experiment.source))
        }
        #expect(failures.map(\.count) == [2, 0])
        #expect(try published(session) == published(plain))
    }

    /// Equal measurements choose the first of the list: how often is logged reaches no loss.
    @Test func ties() throws {
        let text = TinyExperiment.sequential + "tune: {key: train.logging_steps, values: [4, 1, 2], seed: 100}\n"
        let session = try TinySession()
        try session.run(try phase(session, text).work)
        let tuning = try #require(try phase(session, text).tuning)
        #expect(Set(tuning.arms[0].trials.map(\.metric)).count == 1 && tuning.arms[0].chosen == 4)
        #expect(tuning.notes.last == "The train.logging_steps chosen for sequential is at an end of the values tried: a better one may lie beyond it.")
    }

    /// When no value can be chosen, everything says so and nothing ends in a choice.
    @Test func nothingToChoose() throws {
        let session = try TinySession()
        let text = Self.text.replacing("[1.0e-7, 3.0e-3, 100]", with: "[90, 100]").replacing(", {strategy: {kind: joint}}", with: "")
        try session.run(try phase(session, text).work)
        let diverged = try phase(session, text)
        #expect(diverged.isTuning && diverged.work.stages.isEmpty)
        #expect(
            diverged.problem?.problem
                == "no value of train.learning_rate can be chosen for 'sequential': the training diverged with all of them (90, 100); give tune.values lower ones")
        // Intransigence needs a jointly trained run, and there is none.
        let other = TinyExperiment.sequential + "tune: {key: train.learning_rate, values: [1.0e-3, 1.0e-2], seed: 100, metric: intransigence_loss}\n"
        try session.run(try phase(session, other).work)
        let missing = try phase(session, other)
        #expect(
            missing.isTuning
                && missing.problem?.problem == "no value of train.learning_rate can be chosen for 'sequential': no run has a finite intransigence_loss; choose another tune.metric")
    }
}
