import Kernels
import Settings

/// How long and how a stage is trained, with the keys of transformers' trainer where it has them.
public struct TrainingSettings: Sendable, Hashable {
    public var steps: Int
    public var batchSize: Int
    /// nil: as long as the model allows.
    public var sequenceLength: Int?
    public var accumulationSteps: Int
    public var learningRate: Double
    public var warmupRatio: Double
    public var schedule: LearningRateSchedule
    public var weightDecay: Double
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    public var maxGradientNorm: Double
    /// Of the products of weights; evaluations are in FP32 always.
    public var precision: Precision
    public var loggingSteps: Int
    /// 0: only at the end of the stage.
    public var evaluationSteps: Int

    public static let fields: [Field] = [
        .required("steps", .natural, "optimizer steps"),
        .optional("batch_size", .integer(1...65536), default: 32, "sequences a step and accumulation round"),
        .optional("sequence_length", .positive, default: .null, "tokens a sequence (default: max_position_embeddings)"),
        .optional("gradient_accumulation_steps", .integer(1...65536), default: 1, "rounds whose gradients are added before a step"),
        .optional("learning_rate", .number(0...100), default: 1e-3, "peak learning rate"),
        .optional("warmup_ratio", .share, default: 0.06, "share of the steps with a rising learning rate"),
        .optional("lr_scheduler_type", .choice(LearningRateSchedule.allCases.map(\.rawValue)), default: "cosine", "how it falls afterwards"),
        .optional("weight_decay", .number(0...10), default: 0.1, "decoupled decay of matrices; norms are left alone"),
        .optional("adam_beta1", .number(0...0.999_999), default: 0.9, "decay of the mean of gradients"),
        .optional("adam_beta2", .number(0...0.999_999), default: 0.95, "decay of the mean of squared gradients"),
        .optional("adam_epsilon", .number(1e-30...1), default: 1e-8, "added to the root of the mean square"),
        .optional("max_grad_norm", .number(0...1e30), default: 1.0, "gradients are clipped to this norm; 0 does not clip"),
        .optional(
            "precision", .choice(Precision.allCases.map(\.rawValue)), default: "fp32",
            "bf16 rounds what weights are multiplied with to bfloat16; sums, weights and evaluations stay in FP32"),
        .optional("logging_steps", .positive, default: 10, "steps between records of the loss curve"),
        .optional("eval_steps", .natural, default: 0, "steps between evaluations within a stage; 0 for none"),
    ]

    /// Settings that `fields` has validated.
    public init(settings: Settings) {
        steps = settings.integer("steps")
        batchSize = settings.integer("batch_size")
        sequenceLength = settings.has("sequence_length") ? settings.integer("sequence_length") : nil
        accumulationSteps = settings.integer("gradient_accumulation_steps")
        learningRate = settings.number("learning_rate")
        warmupRatio = settings.number("warmup_ratio")
        schedule = LearningRateSchedule(rawValue: settings.string("lr_scheduler_type")) ?? .cosine
        weightDecay = settings.number("weight_decay")
        beta1 = settings.number("adam_beta1")
        beta2 = settings.number("adam_beta2")
        epsilon = settings.number("adam_epsilon")
        maxGradientNorm = settings.number("max_grad_norm")
        precision = Precision(rawValue: settings.string("precision")) ?? .fp32
        loggingSteps = settings.integer("logging_steps")
        evaluationSteps = settings.integer("eval_steps")
    }

    /// Validates `value` against `fields` and fills in the defaults: `["steps": 100]` is enough.
    public init(value: Value) throws(SettingsError) { self.init(settings: try Settings(value, fields: Self.fields)) }

    /// The learning rate of a step, counted from 0.
    public func learningRate(step: Int) -> Double {
        learningRate * schedule.factor(step: step, of: steps, warmup: Int((Double(steps) * warmupRatio).rounded(.up)))
    }
}

public enum LearningRateSchedule: String, Sendable, Hashable, CaseIterable {
    case cosine, linear, constant

    /// Share of the peak learning rate at a step counted from 0: rising linearly over the warm-up to 1, then half a cosine or
    /// a line to 0 behind the last step, or 1 throughout.
    public func factor(step: Int, of steps: Int, warmup: Int) -> Double {
        if step < warmup { return Double(step + 1) / Double(warmup) }
        let progress = Double(step - warmup) / Double(max(steps - warmup, 1))
        switch self {
        case .constant: return 1
        case .linear: return 1 - progress
        case .cosine: return 0.5 * (1 + ExactMath.sineCosine(Double.pi * progress).cosine)
        }
    }
}
