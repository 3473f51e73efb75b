/// Training that cannot go on.
public enum TrainingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The loss or the gradient's norm is infinite or not a number. The weights are those of before the step.
    case notFinite(quantity: String, step: Int, learningRate: Double, lastLoss: Double?)

    public var description: String {
        switch self {
        case .notFinite(let quantity, let step, let learningRate, let lastLoss):
            let before = lastLoss.map { "the last finite loss was \($0) nats a token" } ?? "no step before it was finite"
            return "the \(quantity) of step \(step) is not finite at learning rate \(learningRate); \(before); lower learning_rate, "
                + "raise warmup_ratio or lower max_grad_norm"
        }
    }
}
