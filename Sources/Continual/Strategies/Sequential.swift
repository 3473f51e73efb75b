import Llama
import Settings

/// All weights, task after task. Source: SeqFT in TRACE, arXiv 2310.06762; continued pretraining.
public struct Sequential: Strategy {
    public static let variant = Variant("sequential", [], "all weights are trained, task after task")

    public init(settings: Settings) {}

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.setTrainable { _ in true } }
}
