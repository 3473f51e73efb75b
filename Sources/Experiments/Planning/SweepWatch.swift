import Foundation
import Training

/// Looks at a sweep in progress again and again, from any machine that sees its results folder; nothing is written. What one look has read, the
/// next does not read again: each takes two listings, of `stages` and of `locks`, some calls for each stage that is begun and not done, what its
/// journal has grown by, and once two small files for each stage that is done meanwhile. What was seen to be done stays so while its folder is there.
public struct SweepWatch {
    private let name: String
    private let graph: StageGraph
    private let costs: [StageCost]
    private let store: StageStore
    private let workers: WorkerPlan
    private let measure: WatchView.Measure
    /// The run whose matrix is shown; nil: those that run.
    private let run: String?

    private var done: Set<String> = []
    private var speed: StageSpeed?
    private var journals: [String: JournalTail] = [:]
    private var measured: [String: [Double?]] = [:]

    /// - `run`: id of the run whose matrix is shown; nil: those that are worked on, else the one that has come furthest.
    /// - `workers`: of the machine that the time left is estimated for.
    public init(
        _ name: String, _ graph: StageGraph, store: StageStore, workers: WorkerPlan, measure: WatchView.Measure = .loss, run: String? = nil
    ) throws {
        (self.name, self.graph, self.store, self.workers, self.measure, self.run) = (name, graph, store, workers, measure, run)
        costs = try graph.costs()
    }

    /// What the folder says now.
    public mutating func look() throws -> WatchView {
        let survey = StageSurvey(of: graph, in: store, done: done)
        let isFirst = speed == nil
        if isFirst { speed = StageSpeed(graph, costs, survey, store) }
        var begun: Set<String> = []
        for (place, stage) in graph.stages.enumerated() {
            switch survey[stage.key] {
            case .pending: done.remove(stage.key)
            case .done:
                guard done.insert(stage.key).inserted, !isFirst, let time = store.time(stage.key) else { continue }
                speed?.add(costs[place], seconds: time.seconds, threads: time.threads)
            case .begun, .failed:
                begun.insert(stage.key)
                journals[stage.key, default: JournalTail()].look(at: store.journal(stage.key))
            }
        }
        journals = journals.filter { begun.contains($0.key) }
        let status = try SweepStatus(name, graph, costs, store: store, survey, speed ?? StageSpeed(), workers) { [journals] in journals[$0]?.last }
        return WatchView(status, curves: journals.mapValues(\.points), matrices: try shownChains(status).compactMap { try matrix($0) })
    }

    /// At most so many matrices are read and shown.
    private static let matrixLimit = 4

    private func shownChains(_ status: SweepStatus) -> [StageGraph.Chain] {
        if let run { return graph.chains.filter { $0.run.id == run } }
        // Several runs may wait for one stage that they share: the first of them is shown.
        var stages: Set<String> = []
        let running = zip(graph.chains, status.runs).filter { _, run in run.current?.holder != nil && stages.insert(run.current?.key ?? "").inserted }
        if !running.isEmpty { return running.prefix(Self.matrixLimit).map(\.0) }
        let furthest = zip(graph.chains, status.runs).max { $0.1.doneCount < $1.1.doneCount }
        return furthest.map { [$0.0] } ?? []
    }

    /// The matrix of a run as far as it was measured; nil before the first row.
    private mutating func matrix(_ chain: StageGraph.Chain) throws -> WatchView.Matrix? {
        let names = ["base"] + chain.run.stream
        var rows: [WatchView.Matrix.Row] = []
        let instructed = chain.instruction.map { [(Instruction.stageName, Optional($0.evaluation))] } ?? []
        for (name, key) in Array(zip(names, chain.rows)) + instructed {
            guard let key else { continue }
            if measured[key] == nil, done.contains(key), let results = try StageRecords(store, key).evaluations.first?.results {
                measured[key] = results.map { result in
                    switch measure {
                    case .loss: result.loss
                    case .bitsPerByte: result.bitsPerByte
                    case .accuracy: result.accuracy
                    }
                }
            }
            rows.append(WatchView.Matrix.Row(name: name, values: measured[key] ?? []))
        }
        guard rows.contains(where: { !$0.values.isEmpty }) else { return nil }
        return WatchView.Matrix(title: "\(measure.words) of \(chain.run.id) (\(chain.run.label))", columns: chain.run.domains, rows: rows)
    }
}
