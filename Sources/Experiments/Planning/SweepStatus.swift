import Foundation
import Settings
import Training

/// How far an experiment has come, from what its results folder says; nothing is written. One look: what is going on goes on meanwhile.
public struct SweepStatus: Sendable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// A stage of the run is being worked on, its own or one that it shares.
        case running
        case failed
        /// A stage was begun, is not done, and nobody works on it.
        case interrupted
        /// Nothing goes on: not begun, or waiting for its next stage.
        case pending
        case done
    }

    /// The stage that a run is at.
    public struct Current: Sendable, Hashable {
        public var key: String
        public var title: String
        /// Of a stage that trains: what its journal says last, and the steps there are.
        public var point: CurvePoint?
        public var steps: Int?
        /// Why it failed.
        public var message: String?
        /// Who works on it.
        public var holder: String?

        public var tokensASecond: Double? { point.map { Double($0.tokens) / max($0.seconds, 1e-9) } }
        /// Seconds until its training is done, at the speed that it has had.
        public var secondsLeft: Double? {
            guard let point, let steps, point.step > 0 else { return nil }
            return point.seconds / Double(point.step) * Double(max(steps - point.step, 0))
        }
    }

    public struct RunStatus: Sendable {
        public var id: String
        public var label: String
        public var state: State
        public var doneCount: Int
        public var stageCount: Int
        /// Nil when all stages are done, and before any is begun.
        public var current: Current?
        /// Nil when it is done or nothing tells.
        public var secondsLeft: Double?
    }

    public let name: String
    public let runs: [RunStatus]
    /// Stages that are worked on, were interrupted or have failed, in the order of the graph.
    public let begun: [Current]
    public let stageCount: Int
    public let doneStageCount: Int
    public let secondsLeft: Double?

    public func count(_ state: State) -> Int { runs.count { $0.state == state } }

    init(_ name: String, runs: [RunStatus], begun: [Current], stageCount: Int, doneStageCount: Int, secondsLeft: Double?) {
        (self.name, self.runs, self.begun) = (name, runs, begun)
        (self.stageCount, self.doneStageCount, self.secondsLeft) = (stageCount, doneStageCount, secondsLeft)
    }

    /// - `workers`: of the machine that the time left is estimated for.
    public init(_ name: String, _ graph: StageGraph, store: StageStore, workers: WorkerPlan) throws {
        let survey = StageSurvey(of: graph, in: store)
        let costs = try graph.costs()
        let speed = StageSpeed(graph, costs, survey, store)
        try self.init(name, graph, costs, store: store, survey, speed, workers) { StageRecords.lastPoint(of: store.journal($0)) }
    }

    /// - Parameters:
    ///   - costs: of the graph's stages.
    ///   - lastPoint: what the journal of a stage that trains says last, by its key.
    init(
        _ name: String, _ graph: StageGraph, _ costs: [StageCost], store: StageStore, _ survey: StageSurvey, _ speed: StageSpeed,
        _ workers: WorkerPlan, lastPoint: (String) -> CurvePoint?
    ) throws {
        self.name = name
        let holders = StageHolders(in: store)
        var current: [String: Current] = [:]
        var begun: [Current] = []
        for stage in graph.stages {
            var message: String?
            switch survey[stage.key] {
            case .done, .pending: continue
            case .begun: break
            case .failed(let text): message = text
            }
            let found = Current(stage, message: message, holder: holders[stage.key], lastPoint)
            current[stage.key] = found
            begun.append(found)
        }
        self.begun = begun
        let forecast = try StageQueue(graph) { survey[$0] == .done }.forecast(workers) { [current] place, threads in
            let running = current[graph.stages[place].key].flatMap { $0.holder == nil ? nil : $0.secondsLeft }
            return running ?? speed.seconds(of: costs[place], threads: threads) ?? 0
        }
        let isKnown = speed.stageCount > 0
        secondsLeft = isKnown ? forecast.seconds : nil
        stageCount = graph.stages.count
        doneStageCount = graph.stages.count { survey[$0.key] == .done }
        let places = Dictionary(uniqueKeysWithValues: graph.stages.enumerated().map { ($1.key, $0) })

        runs = graph.chains.map { [current] chain in
            let begun = chain.stages.compactMap { current[$0.key] }
            let done = chain.stages.count { survey[$0.key] == .done }
            let shown = begun.first { $0.holder != nil } ?? begun.first { $0.message != nil } ?? begun.first
            let state: State =
                if done == chain.stages.count { .done } else if shown?.holder != nil { .running } else if shown?.message != nil { .failed } else {
                    shown == nil ? .pending : .interrupted
                }
            let left = chain.stages.compactMap { places[$0.key].flatMap { forecast.ends[$0] } }.max()
            return RunStatus(
                id: chain.run.id, label: chain.run.label, state: state, doneCount: done, stageCount: chain.stages.count, current: shown,
                secondsLeft: isKnown ? left : nil)
        }
    }
}

extension SweepStatus.Current {
    fileprivate init(_ stage: Stage, message: String?, holder: String?, _ lastPoint: (String) -> CurvePoint?) {
        self.init(
            key: stage.key, title: stage.title, point: stage.lesson.flatMap { _ in lastPoint(stage.key) }, steps: stage.lesson?.train.steps, message: message,
            holder: holder)
    }
}

extension StageRecords {
    /// Bytes at the end of a journal that the last point is looked for in: some dozens of records.
    private static let tailLength = 16_384

    /// The last point of the curve, without reading a long journal whole.
    static func lastPoint(of journal: String) -> CurvePoint? {
        guard let handle = FileHandle(forReadingAtPath: journal), let end = try? handle.seekToEnd() else { return nil }
        defer { try? handle.close() }
        let start = end > UInt64(tailLength) ? end - UInt64(tailLength) : 0
        guard (try? handle.seek(toOffset: start)) != nil, let data = try? handle.readToEnd() else { return nil }
        // The first line may have been cut in two, the last may be torn: neither has its checksum.
        return data.split(separator: 0x0A).reversed().lazy.compactMap { Journal.record(line: Array($0)) }.compactMap(point).first
    }
}

extension SweepStatus {
    /// Everything, for programs: `strata status --json`. `version` rises when a key changes its meaning or goes away.
    public var json: Value {
        func number(_ value: Double?) -> Value { value.map { .number($0) } ?? .null }
        return [
            "version": 1, "experiment": .string(name),
            "stages": ["total": .integer(stageCount), "done": .integer(doneStageCount)],
            "runs": .object(Dictionary(uniqueKeysWithValues: State.allCases.map { ($0.rawValue, .integer(count($0))) })),
            "seconds_left": number(secondsLeft),
            "run_list": .list(
                runs.map { run in
                    [
                        "id": .string(run.id), "label": .string(run.label), "state": .string(run.state.rawValue), "done": .integer(run.doneCount),
                        "stages": .integer(run.stageCount), "seconds_left": number(run.secondsLeft),
                        "stage": run.current.map { current in
                            [
                                "key": .string(current.key), "title": .string(current.title), "step": current.point.map { .integer($0.step) } ?? .null,
                                "steps": current.steps.map { .integer($0) } ?? .null, "loss": number(current.point?.loss),
                                "tokens_per_second": number(current.tokensASecond), "message": current.message.map { .string($0) } ?? .null,
                                "holder": current.holder.map { .string($0) } ?? .null,
                            ]
                        } ?? .null,
                    ]
                }),
        ]
    }
}
