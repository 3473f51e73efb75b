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
        /// Hashes of the data of `run.domains`.
        public let dataHashes: [String]
    }

    public let chains: [Chain]
    /// Every stage once, in an order in which each comes behind what it needs.
    public let stages: [Stage]

    /// Hashes all data. Throws when some of it cannot be read.
    public init(_ experiment: Experiment, family: String) throws(CorpusError) {
        var references: [DataSource: String] = [:]
        var chains: [Chain] = []
        var stages: [Stage] = []
        var known: Set<String> = []
        for run in experiment.runs {
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
            let chain = StageGraph.chain(run, family: family) { names in names.compactMap { data[$0] } }
            for stage in chain.stages where known.insert(stage.key).inserted { stages.append(stage) }
            chains.append(chain)
        }
        self.chains = chains
        self.stages = stages
    }

    /// What a reader of the tables has to know of the strategies, each once.
    public var notes: [String] {
        var notes: [String] = []
        if Set(chains.map(\.pretraining)).count == 1, Set(chains.map(\.run.seed)).count > 1 {
            notes.append("All runs start from one base: the intervals do not cover the seed of the base (base.seed: run makes them).")
        }
        for chain in chains { for note in chain.run.strategy.notes(chain.run.base) where !notes.contains(note) { notes.append(note) } }
        return notes + confounds
    }

    private static func chain(_ run: Run, family: String, data: ([String]) -> [DataReference]) -> Chain {
        func hashes(_ references: [DataReference]) -> Value { .list(references.map { .string($0.hash) }) }
        let base = run.settings.settings("base")
        let baseData = data(run.baseData)
        let tokenizer = Stage(
            "tokenizer", title: "tokenizer", parent: nil, family: family, recipe: ["tokenizer": run.tokenizer.recipe, "data": hashes(baseData)],
            work: .tokenizer(run.tokenizer, data: baseData))
        var stages = [tokenizer]

        let measurement = Stage.Measurement(
            settings: run.evaluation, sequenceLength: run.base.maxPositions, data: data(run.domains), tokenizer: tokenizer.key)
        // The batch size of an evaluation does not reach its result.
        let measured: Value = [
            "tokens": .integer(run.evaluation.tokens), "questions": .integer(run.evaluation.questions), "data": hashes(measurement.data),
            "tokenizer": .string(tokenizer.key),
        ]
        func evaluation(of stage: Stage, _ title: String) -> Stage {
            Stage("evaluation", title: title, parent: stage.key, family: family, recipe: ["measured": measured], work: .evaluation(measurement))
        }
        func lesson(_ train: TrainingSettings, _ data: [DataReference], seed: Int) -> Stage.Lesson {
            Stage.Lesson(
                train: train, sequenceLength: train.sequenceLength ?? run.base.maxPositions, data: data, tokenizer: tokenizer.key, seed: seed,
                midway: train.evaluationSteps > 0 ? measurement : nil)
        }
        /// How often is logged and measured on the way is part of a stage's result, and so of its recipe.
        func recipe(_ lesson: Stage.Lesson, _ train: Settings) -> [String: Value] {
            var train = train.value
            train["sequence_length"] = .integer(lesson.sequenceLength)
            var recipe: [String: Value] = [
                "train": train, "data": hashes(lesson.data), "tokenizer": .string(tokenizer.key), "seed": .integer(lesson.seed),
            ]
            if lesson.midway != nil { recipe["measured"] = measured }
            return recipe
        }
        func pretraining(steps: Int?, _ title: String) -> Stage {
            var train = base.settings("train").value
            if let steps {
                train["steps"] = .integer(steps)
                train["eval_steps"] = 0
            }
            let settings = Settings(validated: train)
            let lesson = lesson(TrainingSettings(settings: settings), baseData, seed: run.baseSeed)
            return Stage(
                "pretraining", title: title, parent: tokenizer.key, family: family,
                recipe: recipe(lesson, settings).merging(["model": run.base.value]) { $1 }, work: .pretraining(run.base, lesson))
        }
        let random = pretraining(steps: 0, "random base")
        let randomEvaluation = evaluation(of: random, "random base, evaluation")
        let pretrained = pretraining(steps: nil, "base")
        let baseEvaluation = evaluation(of: pretrained, "base, evaluation")
        stages += [random, randomEvaluation, pretrained, baseEvaluation]

        let phases = run.strategy.phases(taskCount: run.stream.count)
        var rows = [String?](repeating: phases.isEmpty ? baseEvaluation.key : nil, count: run.stream.count + 1)
        rows[0] = baseEvaluation.key
        var parent = pretrained
        var trained: [(key: String, tasks: [Int], after: Int)] = []
        for (index, phase) in phases.enumerated() {
            let names = phase.tasks.map { run.stream[$0] }
            let title = "\(run.label), \(names.joined(separator: " + "))"
            var train = run.settings.settings("train").value
            train["steps"] = .integer(run.train.steps * phase.tasks.count)
            let settings = Settings(validated: train)
            let lesson = lesson(TrainingSettings(settings: settings), data(names), seed: run.seed)
            let task = Stage(
                "task", title: title, parent: parent.key, family: family,
                recipe: recipe(lesson, settings).merging(["strategy": run.settings.settings("strategy").value, "phase": .integer(index)]) { $1 },
                work: .task(run.strategy, phase: index, lesson))
            let row = evaluation(of: task, title + ", evaluation")
            stages += [task, row]
            rows[phase.after] = row.key
            trained.append((task.key, phase.tasks, phase.after))
            parent = task
        }
        return Chain(
            run: run, stages: stages, randomEvaluation: randomEvaluation.key, rows: rows, pretraining: pretrained.key, phases: trained,
            dataHashes: measurement.data.map(\.hash))
    }
}
