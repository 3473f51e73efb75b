import Kernels
import Llama
import Settings
import Training

/// All weights are trained, and after each task w = (1 - share) w_before + share w_after.
/// Source: Wortsman et al. 2021, WiSE-FT, arXiv 2109.01903, there from the base; here from the model before the task.
public struct Interpolate: Strategy {
    public static let variant = Variant(
        "interpolate", [.optional("share", .share, default: 0.5, "share of the trained weights: 1 keeps them, 0 goes back to those before the task")],
        "all weights are trained, and mixed with those of before after each task")

    private let share: Double

    public init(settings: Settings) { share = settings.number("share") }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.setTrainable { _ in true } }

    public func retention(_ context: PhaseContext) -> (any Retention)? { Mixing(context, share) }

    public func overhead(phase: Int) -> PhaseOverhead { PhaseOverhead(trainedCopies: 1) }
}

/// The weights of before.
private final class Mixing: Retention {
    private let before: [(parameter: Parameter, values: FloatBuffer)]
    private let share: Float
    private let compute: Compute

    init(_ context: PhaseContext, _ share: Double) {
        before = context.model.trainedCopies
        self.share = Float(share)
        compute = context.compute
    }

    func finish() {
        for (parameter, values) in before { compute.interpolate(values.base, parameter.values.base, share: share, count: parameter.count) }
    }
}
