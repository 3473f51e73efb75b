import Llama
import Settings

/// Every feed-forward layer gets a second expert, a copy with down_proj zero, and both are active: their outputs are weighted by softmax(a), a = (1, 0) at the start.
/// The layer so begins with 0.731 of what it gave, not as the identity. Only second experts and a are trained, task after task.
/// Source: Wu et al. 2024, LLaMA Pro, arXiv 2401.02415, the mixture-of-experts arm of table 5. Deviation: a is one pair of numbers a layer, for all tokens.
public struct MoEExpansion: Strategy {
    public static let variant = Variant("moe-expansion", [], "a second expert beside every feed-forward layer; only it and the gates are trained")

    public init(settings: Settings) {}

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) {
        if phase == 0 { model.addSecondBlocks(to: Array(1...model.blocks.count), isExpert: true, isZeroed: true, gates: (1, 0)) }
        model.freeze()
        for second in model.blocks.compactMap(\.second) { for parameter in second.parameters { parameter.isTrainable = true } }
    }
}
