import Continual
import Foundation
import Llama
import Settings
import Training

/// The costs of stages that no experiment at hand names, from the recipes in their folders.
struct RecipeCosts {
    private let store: StageStore
    private var shapes: [String: ModelShape] = [:]

    init(_ store: StageStore) { self.store = store }

    /// Nil where a recipe, or that of an ancestor, is missing or not understood.
    mutating func cost(of key: String) -> StageCost? {
        guard let recipe = recipe(key) else { return nil }
        switch recipe["stage"]?.asString {
        case "pretraining", "task", "instruction":
            guard let train = try? Settings(recipe["train"] ?? .null, fields: TrainingSettings.fields), train.has("sequence_length"),
                let shape = shape(of: key, recipe)
            else { return nil }
            let settings = TrainingSettings(settings: train)
            // What is measured on the way is left out: the time of such a stage would not tell how fast it is trained.
            guard settings.evaluationSteps == 0 else { return nil }
            return shape.cost(
                of: Stage.Lesson(train: settings, sequenceLength: train.integer("sequence_length"), data: [], tokenizer: "", seed: 0, midway: nil),
                strategy(of: recipe)?.overhead(phase: recipe["phase"]?.asInteger ?? 0) ?? PhaseOverhead())
        case "evaluation":
            guard let parent = recipe["parent"]?.asString, let measured = recipe["measured"], let count = measured["data"]?.asList?.count,
                let settings = try? Settings(
                    ["tokens": measured["tokens"] ?? .null, "questions": measured["questions"] ?? .null], fields: EvaluationSettings.fields),
                let shape = self.recipe(parent).flatMap({ shape(of: parent, $0) })
            else { return nil }
            let comparison = recipe["drift"]?["tokens"]?.asInteger.map { Stage.Comparison(base: "", tokens: $0, data: []) }
            let measurement = Stage.Measurement(
                settings: EvaluationSettings(settings: settings), sequenceLength: measured["sequence_length"]?.asInteger ?? shape.configuration.maxPositions,
                data: [], tokenizer: "", comparison: comparison)
            return shape.cost(of: measurement, domains: count)
        default: return nil
        }
    }

    private func recipe(_ key: String) -> Value? {
        FileManager.default.contents(atPath: store.folder(key) + "/recipe.json").flatMap { try? Value(json: $0) }
    }

    private func strategy(of recipe: Value) -> (any Strategy)? {
        (try? strategyKind.validated(recipe["strategy"] ?? .null, at: Path())).flatMap { try? Continual.strategy(Settings(validated: $0)) }
    }

    /// The model as the stage leaves it.
    private mutating func shape(of key: String, _ recipe: Value) -> ModelShape? {
        if let known = shapes[key] { return known }
        var shape: ModelShape
        if recipe["stage"] == "pretraining" {
            guard let configuration = try? LlamaConfiguration(value: recipe["model"] ?? .null) else { return nil }
            shape = ModelShape(configuration)
        } else if recipe["stage"] == "instruction" {
            guard let parent = recipe["parent"]?.asString, let before = self.recipe(parent).flatMap({ self.shape(of: parent, $0) }) else { return nil }
            shape = before.trainedWhole
        } else {
            guard let parent = recipe["parent"]?.asString, let strategy = strategy(of: recipe), let phase = recipe["phase"]?.asInteger,
                let base = self.recipe(parent).flatMap({ self.shape(of: parent, $0) })
            else { return nil }
            shape = base
            guard (try? strategy.check(shape.base)) != nil, (try? shape.apply(strategy, phase: phase)) != nil else { return nil }
        }
        shapes[key] = shape
        return shape
    }
}
