import Settings
import Training

/// What is known of a sweep while it runs: stages and runs that are done, what each running stage is at, the time left. Pure state; whoever has
/// it shows it.
public struct SweepProgress: Sendable {
    private let name: String
    /// `tuning`, while runs that choose come first.
    private let part: String?
    private let graph: StageGraph
    private let costs: [StageCost]
    private let places: [String: Int]
    private let workers: WorkerPlan
    /// Stages that a run still lacks, by run, and the runs that need a stage, by its place.
    private var lacking: [Int]
    private let runsOfStage: [[Int]]

    private var done: Set<String>
    private var failed: Set<String> = []
    private var running: [(stage: Stage, since: Double, point: CurvePoint?, steps: Int?)] = []
    private var speed: StageSpeed
    /// When the forecast was made, in seconds of this run, and what it said.
    private var forecast: (at: Double, seconds: Double)?
    private var now = 0.0

    /// Seconds until the forecast is made anew: that of a sweep of thousands takes a while, and is to take no more than a fiftieth of the time.
    private var forecastInterval = 5.0

    /// - `part`: what events call this part of the experiment, if it is not all of it.
    public init(_ name: String, _ graph: StageGraph, store: StageStore, workers: WorkerPlan, part: String? = nil) throws {
        (self.name, self.part) = (name, part)
        self.graph = graph
        self.workers = workers
        costs = try graph.costs()
        let survey = StageSurvey(of: graph, in: store)
        done = Set(graph.stages.lazy.map(\.key).filter { survey[$0] == .done })
        speed = StageSpeed(graph, costs, survey, store)
        let places = Dictionary(uniqueKeysWithValues: graph.stages.enumerated().map { ($1.key, $0) })
        self.places = places
        var runsOfStage = [[Int]](repeating: [], count: graph.stages.count)
        lacking = []
        for (run, chain) in graph.chains.enumerated() {
            for stage in chain.stages { if let place = places[stage.key] { runsOfStage[place].append(run) } }
            lacking.append(chain.stages.count { survey[$0.key] != .done })
        }
        self.runsOfStage = runsOfStage
    }

    public var doneRunCount: Int { lacking.count { $0 == 0 } }

    /// Takes note of what happens, `now` seconds after the start.
    public mutating func note(_ event: StageEvent, at now: Double) {
        self.now = now
        switch event {
        case .began(let stage):
            failed.remove(stage.key)
            running.append((stage, now, nil, nil))
        case .trained(let stage, let point, let steps):
            if let index = running.firstIndex(where: { $0.stage.key == stage.key }) { (running[index].point, running[index].steps) = (point, steps) }
        case .finished(let stage, let seconds):
            running.removeAll { $0.stage.key == stage.key }
            guard done.insert(stage.key).inserted, let place = places[stage.key] else { break }
            for run in runsOfStage[place] { lacking[run] -= 1 }
            // Threads of a stage are not told; those of all that run are shared out evenly.
            speed.add(costs[place], seconds: seconds, threads: max(1, workers.threads / (running.count + 1)))
        case .failed(let stage, _):
            running.removeAll { $0.stage.key == stage.key }
            failed.insert(stage.key)
        case .note: break
        case .damaged(let stage, _):
            guard done.remove(stage.key) != nil, let place = places[stage.key] else { break }
            for run in runsOfStage[place] { lacking[run] += 1 }
        }
        if now - (forecast?.at ?? -.infinity) >= forecastInterval { makeForecast() }
    }

    private mutating func makeForecast() {
        let start = ContinuousClock.now
        defer { forecastInterval = max(5, 50 * (start.duration(to: .now) / .seconds(1))) }
        guard speed.stageCount > 0, let queue = try? StageQueue(graph, isDone: { done.contains($0) }) else { return }
        var left: [Int: Double] = [:]
        for (stage, since, point, steps) in running {
            guard let place = places[stage.key] else { continue }
            if let point, let steps { left[place] = point.seconds / Double(max(point.step, 1)) * Double(max(steps - point.step, 0)) } else {
                left[place] = max(0, (speed.seconds(of: costs[place], threads: 1) ?? 0) - (now - since))
            }
        }
        let seconds = queue.forecast(workers) { place, threads in left[place] ?? speed.seconds(of: costs[place], threads: threads) ?? 0 }.seconds
        forecast = (now, seconds)
    }

    /// Seconds until all is done, by the forecast; nil while nothing is known.
    public var secondsLeft: Double? { forecast.map { max(0, $0.seconds - (now - $0.at)) } }

    // MARK: Lines

    /// "[3/23]": stages.
    public var count: String { "[\(done.count)/\(graph.stages.count)]" }

    /// "; about 3 min 20 s left", or nothing.
    public var timeLeft: String { done.count == graph.stages.count ? "" : secondsLeft.map { "; about \(duration($0)) left" } ?? "" }

    /// What a running stage is at.
    public func line(of stage: Stage) -> String {
        guard let entry = running.first(where: { $0.stage.key == stage.key }), let point = entry.point, let steps = entry.steps else { return stage.title }
        let left = point.seconds / Double(max(point.step, 1)) * Double(max(steps - point.step, 0))
        return "\(stage.title): step \(point.step)/\(steps), loss \(decimal(point.loss, 3)), \(grouped(rate(point))) tokens/s, \(duration(left)) left"
    }

    /// What is said when something has ended.
    public func ending(of event: StageEvent) -> String {
        switch event {
        case .began(let stage): "\(stage.title): began"
        case .trained(let stage, _, _): line(of: stage)
        case .finished(let stage, let seconds): "\(stage.title): done in \(duration(seconds))"
        case .failed(let stage, let message): "\(stage.title): FAILED: \(message)"
        case .note(let stage, let text): "\(stage.title): \(text)"
        case .damaged(let stage, let damage): "\(stage.title): \(damage.path) \(damage.problem); it is made again"
        }
    }

    /// A line for each running stage and one for the whole, none wider than `width`, no more than `height`: one that breaks would be counted
    /// wrongly.
    public func lines(width: Int, height: Int) -> [String] {
        let shown = running.prefix(max(0, height - 1))
        var total = "\(count) stages, \(doneRunCount)/\(graph.chains.count) runs"
        if !failed.isEmpty { total += ", \(failed.count) failed" }
        if running.count > shown.count { total += ", \(running.count) running" }
        return (shown.map { line(of: $0.stage) } + [total + timeLeft]).map { String($0.prefix(width)) }
    }

    private func rate(_ point: CurvePoint) -> Double { Double(point.tokens) / max(point.seconds, 1e-9) }

    // MARK: Events of `strata run --json`

    public enum Phase: String, Sendable { case running, done, failed }

    /// Rises when a key changes its meaning or goes away.
    public static let version = 1

    /// How far the whole is.
    public func summary(_ phase: Phase) -> Value {
        var summary: Value = [
            "version": .integer(Self.version), "event": "sweep", "experiment": .string(name), "state": .string(phase.rawValue),
            "stages": [
                "total": .integer(graph.stages.count), "done": .integer(done.count), "running": .integer(running.count), "failed": .integer(failed.count),
            ],
            "runs": ["total": .integer(graph.chains.count), "done": .integer(doneRunCount)],
            "seconds": .number(now), "seconds_left": phase == .done ? 0.0 : secondsLeft.map { .number($0) } ?? .null,
        ]
        if let part { summary["part"] = .string(part) }
        return summary
    }

    public func json(of event: StageEvent) -> Value {
        func object(_ name: String, _ stage: Stage, _ more: [String: Value] = [:]) -> Value {
            let runs = places[stage.key].map { runsOfStage[$0] } ?? []
            let common: [String: Value] = [
                "version": .integer(Self.version), "event": .string(name), "seconds": .number(now), "stage": .string(stage.key),
                "kind": .string(stage.kind), "title": .string(stage.title), "runs": .integer(runs.count),
                "run": runs.count == 1 ? .string(graph.chains[runs[0]].run.id) : .null,
            ]
            return .object(common.merging(more) { $1 })
        }
        switch event {
        case .began(let stage): return object("began", stage)
        case .trained(let stage, let point, let steps):
            let left = point.seconds / Double(max(point.step, 1)) * Double(max(steps - point.step, 0))
            return object(
                "progress", stage,
                [
                    "step": .integer(point.step), "steps": .integer(steps), "loss": .number(point.loss), "learning_rate": .number(point.learningRate),
                    "gradient_norm": .number(point.gradientNorm), "tokens": .integer(point.tokens), "tokens_per_second": .number(rate(point)),
                    "seconds_left": .number(left),
                ])
        case .finished(let stage, let seconds): return object("finished", stage, ["stage_seconds": .number(seconds)])
        case .failed(let stage, let message): return object("failed", stage, ["message": .string(message)])
        case .note(let stage, let text): return object("note", stage, ["message": .string(text)])
        case .damaged(let stage, let damage): return object("damaged", stage, ["message": .string("\(damage.path) \(damage.problem)")])
        }
    }

    /// The last event of a run that has published anything.
    public func results(_ file: String) -> Value {
        ["version": .integer(Self.version), "event": "results", "seconds": .number(now), "file": .string(file)]
    }
}
