import Continual
import Experiments
import Settings
import Training

extension RunRecord {
    /// The record of one run from its stages, finished or not: what is not measured yet is NaN.
    /// - Parameter costs: of every stage, by its key.
    init(_ chain: StageGraph.Chain, costs: [String: StageCost], store: StageStore) throws {
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
        var rowCosts = [Cost](repeating: .none, count: run.stream.count + 1)
        var curve = LearningCurve()
        var evaluations = Evaluations()
        let stages = [(name: "base", key: chain.pretraining, row: 0)]
            + chain.phases.map { (name: $0.tasks.map { run.stream[$0] }.joined(separator: " + "), key: $0.key, row: $0.after) }
        func add(_ key: String, name: String) throws -> (records: StageRecords, cost: Cost) {
            let records = try StageRecords(store, key)
            curve.append(records.curve, stage: name)
            for (step, results) in records.evaluations {
                evaluations.steps.append(step)
                evaluations.stages.append(name)
                evaluations.losses.append(results.map(\.loss))
                evaluations.scores.append(results.map { $0.accuracy ?? .nan })
            }
            let flops = store.state(key) == .done ? costs[key]?.trainingOperations ?? .nan : .nan
            return (records, Cost(flops: flops, seconds: records.curve.last?.seconds ?? .nan, memoryBytes: costs[key]?.memoryBytes ?? .nan))
        }
        for stage in stages {
            let (records, cost) = try add(stage.key, name: stage.name)
            rowCosts[stage.row] = cost
            guard stage.key != chain.pretraining else { continue }
            parameters.added = max(parameters.added, records.parameters["added"] ?? 0)
            parameters.trained = max(parameters.trained, records.parameters["trained"] ?? 0)
        }
        let instructionCost = try chain.instruction.map { try add($0.training, name: Instruction.stageName).cost }
        self.init(
            id: run.id, axes: run.axes.map { ($0.name, $0.value) }, configuration: run.settings.value, strategy: run.strategyName,
            tasks: run.stream, domains: run.domains, losses: losses, bitsPerByte: bits, scores: scores,
            randomLosses: random?.map(\.loss) ?? missing, randomScores: random?.map { $0.accuracy ?? .nan } ?? missing,
            parameters: parameters, metrics: [], stages: chain.rows.map { $0 ?? "" }, costs: rowCosts, dataHashes: chain.dataHashes, curve: curve,
            evaluations: evaluations)
        scoreNames = run.domains.map { run.scoreName(of: $0) }
        instructed = try instructionCost.flatMap { try Instructed(chain, cost: $0, store: store) }
        guard run.evaluation.driftTokens > 0 else { return }
        drift = try chain.rows.map { row in
            if row == chain.rows[0] { return .base(layerCount: run.baseLayerCount) }
            return try row.flatMap { try StageRecords(store, $0).drift }.map { DriftRow($0) }
        }
    }

    /// The metrics of the stream, of scores and of losses, in the order in which they are shown.
    ///
    /// - Parameter joint: the jointly trained run with the same base, tasks and seed, if there is one.
    func streamMetrics(joint: RunRecord?) -> [(name: String, value: Double)] {
        func metrics(_ matrix: KeyPath<RunRecord, [[Double]]>, _ random: [Double], _ measure: ScoreMatrix.Measure) -> [(name: String, value: Double)] {
            let places = tasks.compactMap { domains.firstIndex(of: $0) }
            let rows = self[keyPath: matrix].map { row in places.map { row[$0] } }
            let scores = ScoreMatrix(tasks: tasks, measure: measure, base: rows[0], rounds: Array(rows.dropFirst()))
            let jointRow = joint.map { joint in
                tasks.map { task in joint.domains.firstIndex(of: task).map { joint[keyPath: matrix][joint.tasks.count][$0] } ?? .nan }
            }
            var all = MetricReport(scores, random: places.map { random[$0] }, joint: jointRow).metrics
            // What the base knew: no task, and nothing that comes behind the stream.
            let general = domains.indices.filter { !places.contains($0) && instructed?.isOwn[$0] != true }
            if !general.isEmpty {
                let values = self[keyPath: matrix]
                all.append(
                    .generalAbilityChange(
                        tasks: general.map { domains[$0] }, measure: measure, before: general.map { values[0][$0] },
                        after: general.map { values[tasks.count][$0] }))
            }
            return all.map { ($0.name, $0.value ?? .nan) }
        }
        return metrics(\.scores, randomScores, .score) + metrics(\.losses, randomLosses, .loss)
    }
}

extension StageGraph.Chain {
    /// What happened inside tasks; empty without evaluations there.
    func stability(_ record: RunRecord) -> [(name: String, value: Double)] {
        let inside = record.evaluations.stages.indices.filter { !["base", Instruction.stageName].contains(record.evaluations.stages[$0]) }
        guard !inside.isEmpty else { return [] }
        // What only the instruction stage learns was never known in the stream.
        let domains = record.domains.indices.filter { record.instructed?.isOwn[$0] != true }
        func row(_ values: [Double]) -> [Double] { domains.map { values[$0] } }
        func trajectory(_ measure: ScoreMatrix.Measure, _ values: [[Double]], _ rows: [[Double]]) -> Trajectory {
            Trajectory(
                measure: measure,
                phases: phases.map { phase in
                    let names = phase.tasks.map { run.stream[$0] }
                    let own = inside.filter { record.evaluations.stages[$0] == names.joined(separator: " + ") }
                    return Trajectory.Phase(
                        learned: names.compactMap { name in domains.firstIndex { record.domains[$0] == name } }, inside: own.map { row(values[$0]) },
                        end: row(rows[phase.after]))
                })
        }
        let metrics = Metric.stability(trajectory(.score, record.evaluations.scores, record.scores))
            + Metric.stability(trajectory(.loss, record.evaluations.losses, record.losses))
        return metrics.map { ($0.name, $0.value ?? .nan) }
    }

    /// What the strategy saw on the way: the mean over the tasks that have it.
    func retention(in store: StageStore) throws -> [(name: String, value: Double)] {
        let phases = try phases.map { try StageRecords(store, $0.key).retention }
        return TableColumns.retention.compactMap { column in
            let values = phases.compactMap { $0[String(column.dropFirst("retention.".count))] }
            return values.isEmpty ? nil : (column, values.reduce(0, +) / Double(values.count))
        }
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
    ///
    /// A run of whose own training nothing is there yet is left out: it has neither numbers nor sizes.
    public static func records(of graph: StageGraph, store: StageStore) throws -> [RunRecord] {
        let costs = Dictionary(uniqueKeysWithValues: zip(graph.stages.map(\.key), try graph.costs()))
        var records = try graph.chains.map { try RunRecord($0, costs: costs, store: store) }
        for (index, chain) in graph.chains.enumerated() {
            let joints = graph.chains.indices.filter {
                let other = graph.chains[$0]
                return other.run.strategyName == "joint" && other.pretraining == chain.pretraining && other.run.seed == chain.run.seed
                    && other.run.stream.sorted() == chain.run.stream.sorted()
            }
            // Of several, the one that shares most coordinates: a learning rate, say, that the sweep varies for all arms.
            func agreement(_ joint: Int) -> Int { graph.chains[joint].run.axes.count { chain.run.axes.contains($0) } }
            let joint = joints.max { agreement($0) < agreement($1) }
            records[index].metrics = try records[index].streamMetrics(joint: joint.map { records[$0] }) + chain.stability(records[index]) + chain.retention(in: store)
        }
        return try graph.chains.indices.filter { try graph.chains[$0].hasBegun(in: store) }.map { records[$0] }
    }
}
