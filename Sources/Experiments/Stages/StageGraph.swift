import Continual
import Corpus
import Kernels
import Settings
import Training

/// The stages of an experiment: what each run needs, and what runs share.
public struct StageGraph: Sendable {
    /// One run as a chain of stages.
    public struct Chain: Sendable {
        public let run: Run
        /// All its stages, each behind what it needs.
        public let stages: [Stage]
        /// The evaluation of the randomly initialised model.
        public let randomEvaluation: String
        /// Keys of the evaluations that are rows 0 ... T of the score matrix; nil where the strategy has no such row.
        public let rows: [String?]
        public let pretraining: String
        /// The training stage of each phase with the tasks that it learns.
        public let phases: [(key: String, tasks: [Int], after: Int)]
        /// The stage behind the stream that tunes on prompts with answers, and its evaluation.
        public let instruction: (training: String, evaluation: String)?
        /// Hashes of the data of `run.domains`.
        public let dataHashes: [String]
    }

    public let chains: [Chain]
    /// Every stage once, in an order in which each comes behind what it needs.
    public let stages: [Stage]

    /// The stages of the runs, or of those that `tune:` makes first while it has chosen nothing. Hashes all data and checkpoints. Throws when some of
    /// it cannot be read.
    public init(_ experiment: Experiment, family: String, version: Int = numericsVersion) throws {
        try self.init(runs: experiment.isUntuned ? experiment.tuning?.trials ?? [] : experiment.runs, family: family, version: version)
    }

    /// Those of both.
    public init(whole experiment: Experiment, family: String) throws {
        try self.init(runs: (experiment.tuning?.trials ?? []) + experiment.runs, family: family)
    }

    /// What some of the runs need.
    public func part(_ isWanted: (Chain) -> Bool) -> StageGraph {
        let chains = chains.filter(isWanted)
        let keys = Set(chains.flatMap { $0.stages.map(\.key) })
        return StageGraph(chains: chains, stages: stages.filter { keys.contains($0.key) })
    }

    private init(chains: [Chain], stages: [Stage]) { (self.chains, self.stages) = (chains, stages) }

    init(runs: [Run], family: String, version: Int = numericsVersion) throws {
        let numerics: Value = ["version": .integer(version), "family": .string(family)]
        var references: [DataSource: String] = [:]
        var checkpoints: [String: CheckpointReference] = [:]
        var chains: [Chain] = []
        var stages: [Stage] = []
        var known: Set<String> = []
        var builder = ChainBuilder(numerics: numerics)
        for run in runs {
            var data: [String: DataReference] = [:]
            for name in run.domains {
                guard let source = run.sources[name] else { preconditionFailure("an unchecked domain '\(name)'") }
                if let hash = references[source] {
                    data[name] = DataReference(name: name, source: source, hash: hash)
                } else {
                    let reference = try DataReference(hashing: source, name: name)
                    references[source] = reference.hash
                    data[name] = reference
                }
            }
            var checkpoint: CheckpointReference?
            if case .checkpoint(let folder) = run.origin {
                checkpoint = try checkpoints[folder] ?? CheckpointReference(hashing: folder)
                checkpoints[folder] = checkpoint
            }
            let chain = builder.chain(of: run, checkpoint: checkpoint) { names in names.compactMap { data[$0] } }
            for stage in chain.stages where known.insert(stage.key).inserted { stages.append(stage) }
            chains.append(chain)
        }
        self.chains = chains
        self.stages = stages
    }

    /// What a reader of the tables has to know of the strategies, each once.
    ///
    /// - `tuned`: dotted path of the setting that `tune:` chose.
    public func notes(tuned: String? = nil) -> [String] {
        var notes: [String] = []
        if Set(chains.map(\.pretraining)).count == 1, Set(chains.map(\.run.seed)).count > 1 {
            let advice = if case .random = chains[0].run.origin { " (base.seed: run makes them)" } else { "" }
            notes.append("All runs start from one base: the intervals do not cover the seed of the base\(advice).")
        }
        for chain in chains { for note in chain.run.strategy.notes(chain.run.base) where !notes.contains(note) { notes.append(note) } }
        for instruction in chains.compactMap(\.run.instruction) {
            let note = "instructed: all weights tuned on \(instruction.data.joined(separator: ", ")) behind the stream, \(instruction.train.steps) steps, the loss on "
                + "answers only, the same sequences for every arm of a seed; all other columns are without it."
            if !notes.contains(note) { notes.append(note) }
        }
        if let metrics { notes.append("Scores of what the model writes, 0 to 1: \(metrics).") }
        return notes + confounds(tuned: tuned)
    }

    /// Which metrics the scores of examples are, in the order of the domains; nil without examples.
    public var metrics: String? {
        var names: [String] = []
        for run in chains.map(\.run) {
            for domain in run.domains where run.sources[domain]?.hasExamples == true {
                let name = "\(domain) \(run.scoreName(of: domain))"
                if !names.contains(name) { names.append(name) }
            }
        }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }
}
