import Continual
import Llama
import Settings
import Training

/// Makes the chains of runs. What runs have in common is made once: a sweep of thousands has a handful of bases.
struct ChainBuilder {
    private let numerics: Value
    private var trunks: [TrunkKey: Trunk] = [:]
    /// Mostly that of the next run too.
    private var last: (key: TrunkKey, trunk: Trunk)?

    /// - Parameter numerics: version and family, a part of every key.
    init(numerics: Value) { self.numerics = numerics }

    /// All that the stages before the stream follow from.
    private struct TrunkKey: Hashable {
        var base: Value
        var checkpoint: CheckpointReference?
        var seed: Int
        var evaluation: EvaluationSettings
        var data: [DataReference]
        /// What a tokenizer file holds is not in the settings.
        var tokenizer: Value
    }

    /// The stages before the stream, and what later ones have from them.
    private struct Trunk {
        var tokenizer: Stage
        var random: Stage
        var randomEvaluation: Stage
        var pretrained: Stage
        var baseEvaluation: Stage
        var measurement: Stage.Measurement
        /// Of the models of the stream, which are compared with the base where the run wants that.
        var rowMeasurement: Stage.Measurement
        /// The measurement as a part of recipes. The batch size of an evaluation does not reach its result.
        var measured: Value

        var stages: [Stage] { [tokenizer, random, randomEvaluation, pretrained, baseEvaluation] }
    }

    /// - Parameter checkpoint: that the base comes from, if it does.
    mutating func chain(of run: Run, checkpoint: CheckpointReference?, data: ([String]) -> [DataReference]) -> StageGraph.Chain {
        let trunk = trunk(of: run, checkpoint, data)
        var stages = trunk.stages
        let phases = run.phases
        var rows = [String?](repeating: phases.isEmpty ? trunk.baseEvaluation.key : nil, count: run.stream.count + 1)
        rows[0] = trunk.baseEvaluation.key
        var parent = trunk.pretrained
        var trained: [(key: String, tasks: [Int], after: Int)] = []
        for (index, phase) in phases.enumerated() {
            let names = phase.tasks.map { run.stream[$0] }
            let title = "\(run.label), \(names.joined(separator: " + "))"
            var train = run.settings.settings("train").value
            let settings = run.train(in: phase)
            (train["steps"], train["eval_steps"]) = (.integer(settings.steps), .integer(settings.evaluationSteps))
            var lesson = lesson(settings, run, data(names), seed: run.seed, trunk.tokenizer, trunk.measurement)
            func earlier(_ text: EarlierText) -> [DataReference] {
                let learned = (text.includesBase ? run.baseData : []) + phases[text.phases].flatMap(\.tasks).map { run.stream[$0] }
                return data(learned.enumerated().filter { !learned[..<$0].contains($1) && !names.contains($1) }.map(\.element))
            }
            lesson.earlier = run.strategy.earlierText(phase: index).map(earlier) ?? []
            if let replay = run.replay, phase.trains {
                let replayed = earlier(replay.source.text(before: index))
                if !replayed.isEmpty { lesson.replay = Stage.Replayed(share: replay.share, data: replayed) }
            }
            var recipe = recipe(lesson, train, trunk.measured)
            recipe["strategy"] = run.settings.settings("strategy").value
            recipe["phase"] = .integer(index)
            let task = Stage("task", title: title, parent: parent.key, numerics: numerics, recipe: recipe, work: .task(run.strategy, phase: index, lesson))
            let row = evaluation(of: task, title + ", evaluation", trunk.rowMeasurement, trunk.measured)
            stages += [task, row]
            rows[phase.after] = row.key
            trained.append((task.key, phase.tasks, phase.after))
            parent = task
        }
        let instruction = instruction(run, behind: parent, data, trunk)
        stages += instruction
        return StageGraph.Chain(
            run: run, stages: stages, randomEvaluation: trunk.randomEvaluation.key, rows: rows, pretraining: trunk.pretrained.key, phases: trained,
            instruction: instruction.isEmpty ? nil : (instruction[0].key, instruction[1].key), dataHashes: trunk.measurement.data.map(\.hash))
    }

    /// The stage that tunes the model of another on prompts with answers, and its evaluation; none without `instruction`. The recipe names no strategy: runs that
    /// train nothing share it.
    private func instruction(_ run: Run, behind parent: Stage, _ data: ([String]) -> [DataReference], _ trunk: Trunk) -> [Stage] {
        guard let instruction = run.instruction else { return [] }
        let lesson = lesson(instruction.train, run, data(instruction.data), seed: run.seed, trunk.tokenizer, trunk.measurement)
        let title = "\(run.label), \(Instruction.stageName)"
        let stage = Stage(
            "instruction", title: title, parent: parent.key, numerics: numerics, recipe: recipe(lesson, instruction.trainValue, trunk.measured),
            work: .instruction(lesson))
        return [stage, evaluation(of: stage, title + ", evaluation", trunk.measurement, trunk.measured)]
    }

    private mutating func trunk(of run: Run, _ checkpoint: CheckpointReference?, _ data: ([String]) -> [DataReference]) -> Trunk {
        let key = TrunkKey(
            base: run.settings.settings("base").value, checkpoint: checkpoint, seed: run.baseSeed, evaluation: run.evaluation, data: data(run.domains),
            tokenizer: run.tokenizer.recipe)
        if let last, last.key == key { return last.trunk }
        let trunk = trunks[key] ?? makeTrunk(run, checkpoint, data)
        trunks[key] = trunk
        last = (key, trunk)
        return trunk
    }

    private func makeTrunk(_ run: Run, _ checkpoint: CheckpointReference?, _ data: ([String]) -> [DataReference]) -> Trunk {
        let baseData = data(run.baseData)
        let learned = run.tokenizer.learns ? baseData : []
        let tokenizer = Stage(
            "tokenizer", title: "tokenizer", parent: nil, numerics: numerics, recipe: ["tokenizer": run.tokenizer.recipe, "data": hashes(learned)],
            work: .tokenizer(run.tokenizer, data: learned))
        let measurement = Stage.Measurement(
            settings: run.evaluation, sequenceLength: run.evaluation.sequenceLength ?? run.base.maxPositions, data: data(run.domains), tokenizer: tokenizer.key)
        var measured: Value = [
            "tokens": .integer(run.evaluation.tokens), "questions": .integer(run.evaluation.questions), "data": hashes(measurement.data),
            "tokenizer": .string(tokenizer.key),
        ]
        if let length = run.evaluation.sequenceLength { measured["sequence_length"] = .integer(length) }
        func pretraining(_ title: String, _ train: Value, from checkpoint: CheckpointReference?) -> Stage {
            // Without steps a checkpoint's text says nothing of the weights.
            let isRead = run.baseTrainSteps > 0 || run.isRandomBase
            let lesson = lesson(TrainingSettings(settings: Settings(validated: train)), run, isRead ? baseData : [], seed: run.baseSeed, tokenizer, measurement)
            var recipe = recipe(lesson, train, measured)
            recipe["model"] = run.base.value
            if let checkpoint { recipe["checkpoint"] = .string(checkpoint.weights) }
            return Stage(
                "pretraining", title: title, parent: tokenizer.key, numerics: numerics, recipe: recipe, work: .pretraining(run.base, from: checkpoint, lesson))
        }
        let train = run.baseTrain
        var none = train
        none["steps"] = 0
        none["eval_steps"] = 0
        let (random, pretrained) = (pretraining("random base", none, from: nil), pretraining("base", train, from: checkpoint))
        var rowMeasurement = measurement
        if run.evaluation.driftTokens > 0 {
            rowMeasurement.comparison = Stage.Comparison(base: pretrained.key, tokens: run.evaluation.driftTokens, data: baseData)
        }
        return Trunk(
            tokenizer: tokenizer, random: random, randomEvaluation: evaluation(of: random, "random base, evaluation", measurement, measured),
            pretrained: pretrained, baseEvaluation: evaluation(of: pretrained, "base, evaluation", measurement, measured),
            measurement: measurement, rowMeasurement: rowMeasurement, measured: measured)
    }

    private func hashes(_ references: [DataReference]) -> Value { .list(references.map { .string($0.hash) }) }

    private func evaluation(of stage: Stage, _ title: String, _ measurement: Stage.Measurement, _ measured: Value) -> Stage {
        var recipe = ["measured": measured]
        if let comparison = measurement.comparison { recipe["drift"] = comparison.recipe }
        return Stage("evaluation", title: title, parent: stage.key, numerics: numerics, recipe: recipe, work: .evaluation(measurement))
    }

    private func lesson(
        _ train: TrainingSettings, _ run: Run, _ data: [DataReference], seed: Int, _ tokenizer: Stage, _ measurement: Stage.Measurement
    ) -> Stage.Lesson {
        Stage.Lesson(
            train: train, sequenceLength: run.sequenceLength(train), data: data, tokenizer: tokenizer.key, seed: seed,
            midway: train.evaluationSteps > 0 ? measurement : nil)
    }

    /// How often is logged and measured on the way is part of a stage's result, and so of its recipe.
    private func recipe(_ lesson: Stage.Lesson, _ train: Value, _ measured: Value) -> [String: Value] {
        var train = train
        train["sequence_length"] = .integer(lesson.sequenceLength)
        var recipe: [String: Value] = [
            "train": train, "data": hashes(lesson.data), "tokenizer": .string(lesson.tokenizer), "seed": .integer(lesson.seed),
        ]
        if lesson.midway != nil { recipe["measured"] = measured }
        if let replay = lesson.replay { recipe["replay"] = ["share": .number(replay.share), "data": hashes(replay.data)] }
        if !lesson.earlier.isEmpty { recipe["earlier"] = hashes(lesson.earlier) }
        return recipe
    }
}
