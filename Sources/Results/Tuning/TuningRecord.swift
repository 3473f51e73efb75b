import Experiments
import Settings
import Training

/// What the runs of `tune:` measured, and what follows from it. It is made anew from their stages whenever it is asked for.
public struct TuningRecord: Sendable {
    public enum State: String, Sendable, Hashable, CaseIterable {
        case done
        /// The training was given up because a number was not finite: it cannot win.
        case diverged
        case failed
        /// Not done yet.
        case pending
    }

    /// A run with one value.
    public struct Trial: Sendable {
        public var state: State
        /// NaN unless it is done, and where it has none.
        public var metric: Double
        /// Key of the stage that measured it.
        public var stage: String
    }

    public struct Arm: Sendable {
        /// As tables call it.
        public var title: String
        /// One for each value.
        public var trials: [Trial]
        /// The value that was chosen; NaN while there is none.
        public var chosen: Double
    }

    /// Dotted path of the setting.
    public var key: String
    /// In the order of the file.
    public var values: [Double]
    public var seed: Int
    /// Column of results that says what is best.
    public var metric: String
    public var arms: [Arm]
    /// Arms that train and keep the value of the file.
    public var untuned: [String] = []

    public init(key: String, values: [Double], seed: Int, metric: String, arms: [Arm]) {
        (self.key, self.values, self.seed, self.metric, self.arms) = (key, values, seed, metric, arms)
    }

    /// - `graph`: of the runs that choose.
    public init(_ tuning: Tuning, _ graph: StageGraph, store: StageStore) throws {
        let settings = tuning.settings
        self.init(key: settings.key, values: settings.values.compactMap(\.asDouble), seed: settings.seed, metric: settings.metric, arms: [])
        let records = try RunRecord.records(of: graph, store: store)
        let made = try SummaryColumns.make(records, domains: SummaryColumns.firstSeen(records.flatMap(\.domains)))
        let columns = made + PublishedFile.perplexities(of: made)
        let isInstructed = settings.metric.hasPrefix(TableColumns.instructed)
        let numbers = columns.first { $0.name == settings.metric }?.numbers ?? []
        let metrics = Dictionary(uniqueKeysWithValues: zip(records.map(\.id), numbers))
        let chains = Dictionary(uniqueKeysWithValues: graph.chains.map { ($0.run.id, $0) })
        for (arm, title) in zip(tuning.arms, Self.titles(tuning.arms)) {
            guard let places = arm.trials else {
                if arm.trains { untuned.append(title) }
                continue
            }
            let trials = try tuning.trials[places].map { run in
                guard let chain = chains[run.id] else { throw TuningError(problem: "the run \(run.id) is not among those that choose") }
                let state = Self.state(of: chain, store, trainsBase: settings.key.hasPrefix("base."))
                let metric = state == .done ? metrics[run.id] ?? .nan : .nan
                return Trial(state: state, metric: metric.isFinite ? metric : .nan, stage: (isInstructed ? chain.instruction?.evaluation : chain.rows.last.flatMap { $0 }) ?? "")
            }
            let best = Self.best(trials.map(\.metric), isLowerBetter: settings.isLowerBetter)
            let isSettled = trials.allSatisfy { $0.state == .done || $0.state == .diverged }
            arms.append(Arm(title: title, trials: trials, chosen: isSettled ? best.map { values[$0] } ?? .nan : .nan))
        }
    }

    /// The place of the best number, the first of equal ones; nil when all are NaN.
    static func best(_ numbers: [Double], isLowerBetter: Bool) -> Int? {
        var best: Int?
        for (place, number) in numbers.enumerated() where !number.isNaN {
            guard let other = best.map({ numbers[$0] }) else {
                best = place
                continue
            }
            if isLowerBetter ? number < other : number > other { best = place }
        }
        return best
    }

    /// What is damaged is made again by the next run, and says nothing until then.
    private static func state(of chain: StageGraph.Chain, _ store: StageStore, trainsBase: Bool) -> State {
        switch chain.state(in: store) {
        case .failed:
            // A base that all values share says nothing of one.
            let isDiverged = chain.stages.contains { stage in
                guard stage.kind != "pretraining" || trainsBase, case .failed(let message) = store.state(stage.key) else { return false }
                return TrainingError.isNotFinite(message)
            }
            return isDiverged ? .diverged : .failed
        case .pending, .partial: return .pending
        case .done:
            let measured = chain.rows.compactMap(\.self) + chain.phases.map(\.key) + [chain.randomEvaluation, chain.instruction?.evaluation].compactMap(\.self)
            return measured.contains { store.damage($0, files: ["journal"]) != nil } ? .pending : .done
        }
    }

    /// What tables call the arms.
    private static func titles(_ arms: [Tuning.Arm]) -> [String] {
        let names = SummaryColumns.firstSeen(arms.flatMap { $0.axes.map(\.name) })
        guard !names.isEmpty else { return ArmTitles.make(arms.map { [$0.strategy] }, names: ["strategy"]) }
        return ArmTitles.make(
            arms.map { arm in names.map { name in arm.axes.first { $0.name == name }.flatMap { $0.value == .null ? nil : TableLabels.text($0.value) } } }, names: names)
    }

    // MARK: The choice

    public var trialCount: Int { arms.reduce(0) { $0 + $1.trials.count } }
    public func count(_ state: State) -> Int { arms.reduce(0) { sum, arm in sum + arm.trials.count { $0.state == state } } }
    public var isLowerBetter: Bool { TableColumns.isLowerBetter(metric) ?? true }

    /// Places in the values, one for each arm; nil while some run is still to come. Throws when an arm has no value to choose.
    public func choices() throws(TuningError) -> [Int]? {
        guard count(.pending) + count(.failed) == 0 else { return nil }
        var choices: [Int] = []
        for arm in arms {
            guard let choice = Self.best(arm.trials.map(\.metric), isLowerBetter: isLowerBetter) else {
                let diverged = arm.trials.count { $0.state == .diverged }
                throw TuningError(
                    problem: diverged == arm.trials.count
                        ? "no value of \(key) can be chosen for '\(arm.title)': the training diverged with all of them (\(text(values))); give tune.values lower ones"
                        : "no value of \(key) can be chosen for '\(arm.title)': no run has a finite \(metric)"
                            + (diverged > 0 ? ", and with \(diverged) of \(arm.trials.count) values the training diverged" : "") + "; choose another tune.metric")
            }
            choices.append(choice)
        }
        return choices
    }
}

/// Why no value can be chosen.
public struct TuningError: Error, Sendable, Hashable, CustomStringConvertible {
    public var problem: String

    public var description: String { problem }
}
