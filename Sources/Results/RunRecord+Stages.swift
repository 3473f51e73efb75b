import Continual
import Experiments
import Settings
import Training

extension RunRecord {
    /// The record of one run from its stages, finished or not: what is not measured yet is NaN.
    init(_ chain: StageGraph.Chain, store: StageStore) throws {
        let run = chain.run
        let missing = [Double](repeating: .nan, count: run.domains.count)
        var losses: [[Double]] = [], bits: [[Double]] = [], scores: [[Double]] = []
        for row in chain.rows {
            let results = try row.flatMap { try StageRecords(store, $0).evaluations.first?.results }
            losses.append(results?.map(\.loss) ?? missing)
            bits.append(results?.map(\.bitsPerByte) ?? missing)
            scores.append(results?.map { $0.accuracy ?? .nan } ?? missing)
        }
        let random = try StageRecords(store, chain.randomEvaluation).evaluations.first?.results

        var parameters = Parameters(base: try StageRecords(store, chain.pretraining).parameters["base"] ?? run.baseParameterCount, added: 0, trained: 0)
        var curve = LearningCurve()
        var evaluations = Evaluations()
        let stages = [(name: "base", key: chain.pretraining)] + chain.phases.map { (name: $0.tasks.map { run.stream[$0] }.joined(separator: " + "), key: $0.key) }
        for stage in stages {
            let records = try StageRecords(store, stage.key)
            curve.append(records.curve, stage: stage.name)
            for (step, results) in records.evaluations {
                evaluations.steps.append(step)
                evaluations.stages.append(stage.name)
                evaluations.losses.append(results.map(\.loss))
            }
            guard stage.key != chain.pretraining else { continue }
            parameters.added = max(parameters.added, records.parameters["added"] ?? 0)
            parameters.trained = max(parameters.trained, records.parameters["trained"] ?? 0)
        }
        self.init(
            id: run.id, axes: run.axes.map { ($0.name, $0.value) }, configuration: run.settings.value, strategy: run.strategyName,
            tasks: run.stream, domains: run.domains, losses: losses, bitsPerByte: bits, scores: scores,
            randomLosses: random?.map(\.loss) ?? missing, randomScores: random?.map { $0.accuracy ?? .nan } ?? missing,
            parameters: parameters, metrics: [], curve: curve, evaluations: evaluations)
    }
}

extension LearningCurve {
    mutating func append(_ points: [CurvePoint], stage: String) {
        steps += points.map(\.step)
        stages += points.map { _ in stage }
        losses += points.map(\.loss)
        learningRates += points.map(\.learningRate)
        gradientNorms += points.map(\.gradientNorm)
        tokens += points.map(\.tokens)
        seconds += points.map(\.seconds)
    }
}

extension RunRecord {
    /// The records of all runs.
    public static func records(of graph: StageGraph, store: StageStore) throws -> [RunRecord] {
        try graph.chains.map { try RunRecord($0, store: store) }
    }
}
