import Continual
import Crypto
import Foundation
import Kernels
import Llama
import Settings
import Training
import Corpus

/// A unit of work: a recipe applied to a parent stage. Two runs whose recipes agree share it.
public struct Stage: Sendable {
    /// SHA-256 of the canonical recipe, which names the parent's key, the data's hashes and the numerics version.
    public let key: String
    public let recipe: Value
    public let parent: String?
    public let work: Work
    /// What progress lines call it.
    public let title: String

    public enum Work: Sendable {
        case tokenizer(TokenizerReference, data: [DataReference])
        /// From random weights, or from those of a checkpoint.
        case pretraining(LlamaConfiguration, from: CheckpointReference?, Lesson)
        /// Phase `phase` of a strategy, on the model of the parent.
        case task(any Strategy, phase: Int, Lesson)
        /// All weights of the parent's model, adapters merged, behind the stream.
        case instruction(Lesson)
        case evaluation(Measurement)
    }

    /// What is trained on and how.
    public struct Lesson: Sendable {
        public var train: TrainingSettings
        public var sequenceLength: Int
        /// All as often.
        public var data: [DataReference]
        public var tokenizer: String
        public var seed: Int
        /// What is measured every `eval_steps`; nil when that is 0.
        public var midway: Measurement?
        /// Earlier text among it.
        public var replay: Replayed?
        /// Earlier text that the strategy reads, all as often.
        public var earlier: [DataReference] = []

        /// How often a sequence is of each of its domains, and then of each that is replayed; those of one kind as often.
        var weights: [Double] {
            guard let replay else { return data.map { _ in 1 } }
            return data.map { _ in (1 - replay.share) / Double(data.count) } + replay.data.map { _ in replay.share / Double(replay.data.count) }
        }
    }

    /// Domains of which each sequence is one with the probability `share`.
    public struct Replayed: Sendable {
        public var share: Double
        public var data: [DataReference]
    }

    /// What is measured on.
    public struct Measurement: Sendable {
        public var settings: EvaluationSettings
        public var sequenceLength: Int
        public var data: [DataReference]
        public var tokenizer: String
        /// The base whose predictions, representations and weights are compared with the model's; nil: drift is not measured.
        public var comparison: Comparison?
    }

    /// What drift is measured from, and on what text.
    public struct Comparison: Sendable {
        /// Key of the base's stage.
        public var base: String
        public var tokens: Int
        /// An equal share of each.
        public var data: [DataReference]

        var recipe: Value { ["base": .string(base), "tokens": .integer(tokens), "data": .list(data.map { .string($0.hash) })] }
    }

    /// What it trains; nil for stages that do not.
    public var lesson: Lesson? {
        switch work {
        case .pretraining(_, _, let lesson), .task(_, _, let lesson), .instruction(let lesson): lesson
        case .tokenizer, .evaluation: nil
        }
    }

    /// `tokenizer`, `pretraining`, `task`, `instruction` or `evaluation`.
    public var kind: String {
        switch work {
        case .tokenizer: "tokenizer"
        case .pretraining: "pretraining"
        case .task: "task"
        case .instruction: "instruction"
        case .evaluation: "evaluation"
        }
    }

    init(_ kind: String, title: String, parent: String?, numerics: Value, recipe: [String: Value], work: Work) {
        var recipe = recipe
        recipe["stage"] = .string(kind)
        recipe["parent"] = parent.map { .string($0) } ?? .null
        recipe["numerics"] = numerics
        self.recipe = .object(recipe)
        self.parent = parent
        self.work = work
        self.title = title
        key = hexadecimal(SHA256.hash(data: Data(self.recipe.canonicalJSON.utf8)))
    }
}
