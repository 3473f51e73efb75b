import Foundation
import Kernels
import Settings
import Testing

@testable import Experiments

@Suite struct SweepPlanTests {
    private let workers = WorkerPlan(threads: 2, limit: 1, memoryBytes: 1e12)

    private func plan(_ experiment: Experiment, _ session: TinySession, calibrate: () -> StageSpeed? = { nil }) throws -> SweepPlan {
        try SweepPlan(experiment, StageGraph(experiment, family: TinyExperiment.family), store: session.store, workers: workers) { _, _, _ in calibrate() }
    }

    private func left(_ plan: SweepPlan) -> [String] { plan.stages.filter { plan.survey[$0.key] != .done }.map(\.title) }

    @Test func countsWhatIsShared() throws {
        let plan = try plan(TinyExperiment.experiment(TinyExperiment.allStrategies), TinySession())
        // Frozen names the five stages of the base, joint two more, the others four more.
        #expect(plan.namedCount == 5 + 9 + 7 + 9 + 9 && plan.stages.count == 19 && plan.doneCount == 0)
        #expect(plan.kinds.map(\.name) == ["tokenizer", "pretraining", "task", "evaluation"] && plan.kinds.map(\.count) == [1, 2, 7, 9])
        #expect(plan.progress.map(\.total) == [5, 9, 7, 9, 9] && plan.progress.allSatisfy { $0.done == 0 })
        #expect(plan.axes.map(\.name) == ["arm"] && plan.axes.map(\.valueCount) == [5])
        #expect(plan.operations == plan.costs.reduce(0) { $0 + $1.operations } && plan.leftOperations == plan.operations)
        let (base, evaluations) = (plan.costs[3].operations, plan.costs[2].operations + plan.costs[4].operations)
        #expect(abs(plan.namedOperations - (plan.operations + 4 * (base + evaluations))) < 1e-9 * plan.namedOperations)
        #expect(plan.leftTokens == Double(6 * 4 * 32 + 2 * 4 * 4 * 32 * 4))
        #expect(plan.seconds == nil && plan.source == .none)
    }

    /// An axis grows by its new stages; what has only another name or place runs nothing.
    @Test func onlyWhatIsNewIsLeft() throws {
        let session = try TinySession()
        try session.run(TinyExperiment.graph(words: ["seed=0,1"]))
        let grown = try plan(TinyExperiment.experiment(words: ["seed=0,1,2"]), session)
        #expect(left(grown) == ["seed=2, sums", "seed=2, sums, evaluation", "seed=2, terms", "seed=2, terms, evaluation"])
        #expect(grown.progress.map(\.done) == [9, 9, 5] && grown.doneCount == 13 && grown.stages.count == 17)
        #expect(grown.kinds.map { $0.count - $0.doneCount } == [0, 0, 2, 2])
        let newSteps = try plan(TinyExperiment.experiment(words: ["seed=0,1", "train.steps=4,5"]), session)
        #expect(left(newSteps).count == 8 && left(newSteps).allSatisfy { $0.contains("train.steps=5") })
        // Fewer values, another order.
        #expect(try left(plan(TinyExperiment.experiment(words: ["seed=1,0"]), session)).isEmpty)

        let arms = TinyExperiment.root + "sweep:\n  arms:\n    - {name: one, strategy: {kind: sequential}}\n    - {name: two, strategy: {kind: sequential}, seed: 1}\n"
        for changes in [
            [], [("name: one", "name: the first")], [("name: tiny", "# why\nname: other # what")],
            [("{name: one, strategy: {kind: sequential}}", "{strategy: {kind: sequential}, name: one}"), ("steps: 6, batch_size: 4", "batch_size: 4, steps: 6")],
            [("stream: [sums, terms]", "stream:\n  - sums\n  - terms")],
        ] {
            let plan = try plan(TinyExperiment.experiment(arms, changes), session)
            #expect(left(plan).isEmpty && plan.leftOperations == 0 && plan.seconds == 0, "\(changes)")
        }
    }

    @Test func theTimeComesFromStagesThatAreDone() throws {
        let (session, fresh) = (try TinySession(), try TinySession())
        try session.run(TinyExperiment.graph())
        let more = try plan(TinyExperiment.experiment(words: ["train.steps=40"]), session) {
            Issue.record("measured although there are stages")
            return nil
        }
        guard case .stages(let count) = more.source else {
            Issue.record("\(more.source)")
            return
        }
        // The base and the two evaluations that stay; those of other experiments are not needed.
        #expect(count == 3)
        #expect(try #require(more.seconds) > 0)

        // One after another on two threads, at a hundred operations a second and thread.
        var speed = StageSpeed()
        speed.add(StageCost(trainedTokens: 1, operations: 1000, hiddenSize: 16), seconds: 5, threads: 2)
        let measured = try plan(TinyExperiment.experiment(), fresh) { speed }
        #expect(measured.source == .calibration)
        #expect(abs(try #require(measured.seconds) / (measured.operations / 200) - 1) < 1e-9)
        #expect(measured.forecast.workers == 1 && measured.forecast.threads == [2])
        #expect(measured.forecast.memoryBytes == measured.costs.map(\.memoryBytes).max())
    }

    /// Another experiment in the same folder tells the time too.
    @Test func theTimeComesFromOtherExperiments() throws {
        let session = try TinySession()
        try session.run(TinyExperiment.graph())
        let other = try plan(TinyExperiment.experiment(TinyExperiment.sequential, [("{kind: byte}", "{kind: bpe, vocab_size: 300}")]), session)
        #expect(other.doneCount == 0 && other.source == .stages(7))
    }

    @Test func theJSONHasItAll() throws {
        let session = try TinySession()
        try session.run(TinyExperiment.graph())
        let json = try plan(TinyExperiment.experiment(words: ["seed=range(0,4)", "sweep.sample=2"]), session).json
        #expect(try Value(json: json.canonicalJSON) == json)
        #expect(json["version"] == 1 && json["experiment"] == "tiny")
        #expect(json["runs"]?["points"] == 4 && json["runs"]?["total"] == 2 && json["runs"]?["sample"] == ["count": 2, "seed": 0])
        #expect(json["run_list"]?.asList?.count == 2 && json["stage_list"]?.asList?.count == json["stages"]?["total"]?.asInteger)
        #expect(json["left"]?["seconds_from"] == "stages")
        #expect(json["stage_list"]?.asList?.first?["state"] == "done")
    }
}

@Suite struct StageSpeedTests {
    private func cost(_ operations: Double, width: Int, trains: Bool = true, precision: Precision = .fp32) -> StageCost {
        StageCost(trainedTokens: trains ? 1 : 0, operations: operations, hiddenSize: width, precision: precision)
    }

    @Test func nearestKindTells() {
        var speed = StageSpeed()
        #expect(speed.seconds(of: cost(100, width: 64), threads: 1) == nil)
        #expect(speed.seconds(of: cost(0, width: 64), threads: 1) == 0)
        speed.add(cost(100, width: 64), seconds: 1, threads: 1)
        speed.add(cost(300, width: 64), seconds: 1, threads: 2)
        // 400 operations in three seconds of a thread.
        #expect(speed.seconds(of: cost(800, width: 64), threads: 1) == 6)
        #expect(speed.seconds(of: cost(800, width: 64), threads: 3) == 2)
        speed.add(cost(1000, width: 256), seconds: 1, threads: 1)
        speed.add(cost(2000, width: 256, precision: .bf16), seconds: 1, threads: 1)
        speed.add(cost(10, width: 64, trains: false), seconds: 1, threads: 1)
        func rate(_ cost: StageCost) -> Double? { speed.speed(of: StageSpeed.Kind(cost)) }
        #expect(rate(cost(1, width: 192)) == 1000 && rate(cost(1, width: 512)) == 1000 && rate(cost(1, width: 96)) == 400.0 / 3)
        #expect(rate(cost(1, width: 64, precision: .bf16)) == 2000)
        #expect(rate(cost(1, width: 1024, trains: false)) == 10)
        #expect(speed.stageCount == 5)
        // What took no time says nothing.
        speed.add(cost(10, width: 8), seconds: 0, threads: 1)
        speed.add(cost(0, width: 8), seconds: 1, threads: 1)
        #expect(speed.stageCount == 5)
    }

    @Test func someStepsAreTimed() throws {
        let graph = try TinyExperiment.graph()
        let session = try TinySession()
        let costs = try graph.costs()
        let survey = StageSurvey(of: graph, in: session.store)
        let speed = try #require(try Calibration.speed(graph, costs, survey, Compute(threads: 1)))
        #expect(try #require(speed.seconds(of: costs[3], threads: 1)) > 0)
        #expect(!FileManager.default.fileExists(atPath: session.store.results))
        // Nothing is left that trains.
        try session.run(graph)
        #expect(try Calibration.speed(graph, costs, StageSurvey(of: graph, in: session.store), Compute(threads: 1)) == nil)
    }
}
