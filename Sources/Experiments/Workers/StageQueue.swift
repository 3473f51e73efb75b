import Settings

/// The stages of a graph that are not done: those that wait, in the order of the graph, and those that are going on. One that
/// fails leaves what needs it waiting.
public struct StageQueue: Sendable {
    private var waiting: [(stage: Stage, cost: StageCost)]
    private var done: Set<String>
    private var running: [String: WorkerPlan.Share] = [:]
    /// Those that other runs work on.
    private var elsewhere: [(stage: Stage, cost: StageCost)] = []

    public init(_ graph: StageGraph, store: StageStore) throws(SettingsError) {
        done = Set(graph.stages.map(\.key).filter { store.state($0) == .done })
        waiting = []
        for (stage, cost) in zip(graph.stages, try graph.costs()) where !done.contains(stage.key) { waiting.append((stage, cost)) }
    }

    /// Takes out the stages that begin now, with the threads that the plan gives them.
    public mutating func begin(_ plan: WorkerPlan) -> [(stage: Stage, threads: Int)] {
        let ready = waiting.indices.filter { index in waiting[index].stage.parent.map(done.contains) ?? true }
        let shares = plan.shares(of: ready.map { waiting[$0].cost }, beside: Array(running.values))
        var begun: [(stage: Stage, threads: Int)] = []
        for (index, threads) in zip(ready, shares).reversed() where threads > 0 {
            let (stage, cost) = waiting.remove(at: index)
            running[stage.key] = WorkerPlan.Share(cost: cost, threads: threads)
            begun.append((stage, threads))
        }
        return begun.reversed()
    }

    /// Ends a stage that is going on.
    public mutating func end(_ stage: Stage, isDone: Bool) {
        guard running.removeValue(forKey: stage.key) != nil else { preconditionFailure("\(stage.title) is not going on") }
        if isDone { done.insert(stage.key) }
    }

    /// Sets a stage aside that turned out to be another run's.
    public mutating func setAside(_ stage: Stage) {
        guard let share = running.removeValue(forKey: stage.key) else { preconditionFailure("\(stage.title) is not going on") }
        elsewhere.append((stage, share.cost))
    }

    /// Stages that were set aside.
    public var setAside: [Stage] { elsewhere.map(\.stage) }

    /// Takes back a stage that was set aside: the other run has done it, or does not work on it any more.
    public mutating func takeBack(_ stage: Stage, isDone: Bool) {
        guard let index = elsewhere.firstIndex(where: { $0.stage.key == stage.key }) else { preconditionFailure("\(stage.title) was not set aside") }
        let entry = elsewhere.remove(at: index)
        if isDone { done.insert(stage.key) } else { waiting.insert(entry, at: 0) }
    }

    /// What begins together, again and again, until all is done: a forecast as if what begins together also ended together.
    public func rounds(_ plan: WorkerPlan) -> [[WorkerPlan.Share]] {
        var queue = self
        var rounds: [[WorkerPlan.Share]] = []
        while case let begun = queue.begin(plan), !begun.isEmpty {
            rounds.append(begun.compactMap { queue.running[$0.stage.key] })
            for (stage, _) in begun { queue.end(stage, isDone: true) }
        }
        return rounds
    }
}
