import Experiments

/// What is to be done of an experiment: its runs, or with `tune:` first those that choose. Which of the two is seen from the stages that are
/// done, and from nothing else.
public struct SweepPhase {
    /// With what was chosen.
    public let experiment: Experiment
    /// Of the runs, or of those that choose.
    public let graph: StageGraph
    /// What the runs that choose have measured; nil without `tune:`.
    public let tuning: TuningRecord?
    /// Why nothing can be chosen although all of them are done.
    public let problem: TuningError?
    /// Of the runs that choose.
    private let trials: StageGraph?
    private let family: String

    /// - `experiment`: as it was read from its file.
    public init(_ experiment: Experiment, family: String, store: StageStore) throws {
        self.family = family
        guard let tuning = experiment.tuning else {
            (self.experiment, graph, self.tuning, problem, trials) = (experiment, try StageGraph(experiment, family: family), nil, nil, nil)
            return
        }
        let trials = try StageGraph(experiment, family: family)
        let record = try TuningRecord(tuning, trials, store: store)
        var (choices, problem): ([Int]?, TuningError?) = (nil, nil)
        do throws(TuningError) { choices = try record.choices() } catch { problem = error }
        (self.tuning, self.trials, self.problem) = (record, trials, problem)
        self.experiment = try choices.map { try experiment.tuned($0) } ?? experiment
        graph = choices == nil ? trials : try StageGraph(self.experiment, family: family)
    }

    /// Whether the runs that choose come first.
    public var isTuning: Bool { experiment.isUntuned }

    /// The stages of the runs and of those that choose, but for those that have diverged.
    public func whole() throws -> StageGraph {
        guard tuning != nil else { return graph }
        let diverged = self.diverged
        return try StageGraph(whole: experiment, family: family).part { !diverged.contains($0.run.id) }
    }

    /// Runs that would diverge again.
    private var diverged: Set<String> {
        let states = tuning?.arms.flatMap { $0.trials.map(\.state) } ?? []
        return Set(zip(experiment.tuning?.trials.map(\.id) ?? [], states).filter { $0.1 == .diverged }.map(\.0))
    }

    /// What is to be worked on.
    public var work: StageGraph {
        guard isTuning else { return graph }
        let diverged = self.diverged
        return graph.part { !diverged.contains($0.run.id) }
    }

    /// The stages of the runs and, behind them, those that only the runs that choose have.
    public func stageRecords(store: StageStore) throws -> [StageRecord] {
        let records = try StageRecord.records(of: graph, store: store)
        guard let trials, !isTuning else { return records }
        let known = Set(records.map(\.key))
        return try records + StageRecord.records(of: trials, store: store).filter { !known.contains($0.key) }
    }
}
