/// Training that cannot go on.
public enum TrainingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The loss or the gradient's norm is infinite or not a number. The weights are those of before the step.
    case notFinite(quantity: String, step: Int, learningRate: Double, lastLoss: Double?)

    private static let mark = " is not finite at learning rate "

    /// Whether a message, of which the error is no longer known, is the description of `notFinite`.
    public static func isNotFinite(_ message: String) -> Bool { message.contains(mark) }

    public var description: String {
        switch self {
        case .notFinite(let quantity, let step, let learningRate, let lastLoss):
            let before = lastLoss.map { "the last finite loss was \($0) nats a token" } ?? "no step before it was finite"
            return "the \(quantity) of step \(step)\(TrainingError.mark)\(learningRate); \(before); lower learning_rate, "
                + "raise warmup_ratio or lower max_grad_norm"
        }
    }
}
