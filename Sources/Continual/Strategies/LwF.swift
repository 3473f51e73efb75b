import Llama
import Settings
import Training

/// All weights are trained, and the predictions on the task's text are held to those of the model before the task:
/// weight * temperature^2 * KL(p_before || p) with both softened is added to the loss of each token. The loss curve shows the task's own part.
/// Source: Li & Hoiem 2016, arXiv 1606.09282, there with a head per task and temperature 2; a language model has one head for all.
public struct LwF: Strategy {
    public static let variant = Variant(
        "lwf",
        [
            .optional("weight", .number(0...1e6), default: 1.0, "weight of the distance from the old predictions"),
            .optional("temperature", .number(0.1...100), default: 2.0, "by which both predictions are softened"),
        ],
        "all weights are trained, held to the predictions of the model before the task")

    private let weight: Double
    private let temperature: Double

    public init(settings: Settings) {
        weight = settings.number("weight")
        temperature = settings.number("temperature")
    }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.setTrainable { _ in true } }

    public func retention(_ context: PhaseContext) throws -> (any Retention)? {
        Teaching(distillation: Distillation(teacher: try context.before(), weight: weight, temperature: temperature))
    }

    public func overhead(phase: Int) -> PhaseOverhead { PhaseOverhead(forwards: 1, modelCopies: 1) }

    private final class Teaching: Retention {
        let distillation: Distillation?

        init(distillation: Distillation) { self.distillation = distillation }
    }
}
