import Settings

/// What an experiment comes to before anything runs: runs, stages, what they share, what is done, and what the rest asks of the machine.
public struct SweepPlan: Sendable {
    /// Where the estimate of the time comes from.
    public enum Source: Sendable, Hashable {
        /// So many stages of the results folder.
        case stages(Int)
        case calibration
        /// There is no estimate.
        case none
    }

    /// Stages of a kind.
    public struct Kind: Sendable, Hashable {
        /// `tokenizer`, `pretraining`, `task` or `evaluation`.
        public var name: String
        public var count = 0
        public var doneCount = 0
        /// What is left.
        public var operations = 0.0
    }

    /// Runs that choose a value before those of the sweep, and what only they need.
    public struct Trials: Sendable, Hashable {
        public var count = 0
        public var doneCount = 0
        public var operations = 0.0
        public var leftOperations = 0.0
    }

    public let name: String
    /// Those of the graph: with `tune:` the ones that choose come first.
    public let runs: [Run]
    /// Of the sweep.
    public let runCount: Int
    /// nil without `tune:`.
    public let trials: Trials?
    public let gridCount: Int
    public let sample: SweepSample?
    /// The axes of the runs with the number of values that each has.
    public let axes: [(name: String, valueCount: Int)]

    public let stages: [Stage]
    public let costs: [StageCost]
    public let survey: StageSurvey
    public let kinds: [Kind]
    /// Stages that all runs name together, the same ones counted again and again, and the operations of those.
    public let namedCount: Int
    public let namedOperations: Double
    /// Each stage once.
    public let operations: Double
    /// For each run its stages, and how many of them are done.
    public let progress: [(done: Int, total: Int)]

    /// Of what is left.
    public let leftOperations: Double
    public let leftTokens: Double
    public let leftDiskBytes: Double
    public let workers: WorkerPlan
    public let forecast: Forecast
    public let source: Source

    public var doneCount: Int { kinds.reduce(0) { $0 + $1.doneCount } }
    /// Seconds until all is done; nil when nothing tells how fast stages are.
    public var seconds: Double? { source == .none && leftOperations > 0 ? nil : forecast.seconds }

    /// - `graph`: of the runs, or the whole one.
    /// - `calibrate`: called when no stage of the results folder tells how fast this machine is.
    public init(
        _ experiment: Experiment, _ graph: StageGraph, store: StageStore, workers: WorkerPlan,
        calibrate: (StageGraph, [StageCost], StageSurvey) throws -> StageSpeed?
    ) throws {
        (name, runs, runCount) = (experiment.name, graph.chains.map(\.run), experiment.runs.count)
        (gridCount, sample) = (experiment.gridCount, experiment.sample)
        let (stages, costs, survey) = (graph.stages, try graph.costs(), StageSurvey(of: graph, in: store))
        (self.stages, self.costs, self.survey) = (stages, costs, survey)
        self.workers = workers
        axes = SweepPlan.axes(of: experiment.runs)

        let isInstructed = graph.chains.contains { $0.instruction != nil }
        var kinds = (["tokenizer", "pretraining", "task"] + (isInstructed ? ["instruction"] : []) + ["evaluation"]).map { Kind(name: $0) }
        var left = StageCost()
        for (stage, cost) in zip(stages, costs) {
            guard let index = kinds.firstIndex(where: { $0.name == stage.kind }) else { preconditionFailure("a stage of no kind") }
            kinds[index].count += 1
            if survey[stage.key] == .done {
                kinds[index].doneCount += 1
            } else {
                kinds[index].operations += cost.operations
                left.operations += cost.operations
                left.trainedTokens += cost.trainedTokens
                left.diskBytes += cost.diskBytes
            }
        }
        self.kinds = kinds
        (leftOperations, leftTokens, leftDiskBytes) = (left.operations, left.trainedTokens, left.diskBytes)
        operations = costs.reduce(0) { $0 + $1.operations }

        let places = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1.key, $0) })
        var (namedCount, namedOperations) = (0, 0.0)
        progress = graph.chains.map { chain in
            var done = 0
            for stage in chain.stages {
                namedOperations += places[stage.key].map { costs[$0].operations } ?? 0
                if survey[stage.key] == .done { done += 1 }
            }
            namedCount += chain.stages.count
            return (done, chain.stages.count)
        }
        (self.namedCount, self.namedOperations) = (namedCount, namedOperations)
        trials = experiment.tuning.map { tuning in
            let ids = Set(tuning.trials.map(\.id))
            let others = Set(graph.chains.filter { !ids.contains($0.run.id) }.flatMap { $0.stages.map(\.key) })
            let chains = graph.chains.filter { ids.contains($0.run.id) }
            var trials = Trials(count: chains.count, doneCount: chains.count { $0.stages.allSatisfy { survey[$0.key] == .done } })
            for key in Set(chains.flatMap { $0.stages.map(\.key) }).subtracting(others).sorted() {
                let cost = places[key].map { costs[$0].operations } ?? 0
                trials.operations += cost
                if survey[key] != .done { trials.leftOperations += cost }
            }
            return trials
        }

        var speed = StageSpeed(graph, costs, survey, store)
        var source = Source.stages(speed.stageCount)
        if speed.stageCount == 0 {
            let measured = left.operations > 0 ? try calibrate(graph, costs, survey) : nil
            source = measured == nil ? .none : .calibration
            if let measured { speed = measured }
        }
        self.source = source
        forecast = try StageQueue(graph) { survey[$0] == .done }
            .forecast(workers) { place, threads in speed.seconds(of: costs[place], threads: threads) ?? 0 }
    }

    private static func axes(of runs: [Run]) -> [(name: String, valueCount: Int)] {
        var names: [String] = []
        var values: [String: Set<Value>] = [:]
        for run in runs {
            for axis in run.axes where values[axis.name, default: []].insert(axis.value).inserted && !names.contains(axis.name) { names.append(axis.name) }
        }
        return names.map { ($0, values[$0]?.count ?? 0) }
    }
}
