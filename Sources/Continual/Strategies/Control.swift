import Kernels
import Llama
import Settings

/// Beside each chosen block stands a copy that is trained, and the layer gives (1 - ratio) * frozen + ratio * trained, so that it begins as it was. The same copies
/// are carried along the stream. With `learned` the ratio of each layer is trained too, as the sigmoid of a number.
/// Source: Wei et al. 2025, Control LLM, arXiv 2501.10979, its interpolation ("lerp"). Deviations: without its divergence loss between the two; the learned ratio is one
/// number a layer, not one a token.
public struct Control: Strategy {
    public static let variant = Variant(
        "control",
        LayerChoice.fields("that get a trained copy", all: true) + [
            .optional("ratio", .number(0.001...0.999), default: 0.5, "share of the trained copy in what a layer gives, or where it begins"),
            .optional("learned", .bool, default: false, "whether the ratio of each layer is trained"),
        ],
        "frozen blocks and trained copies beside them, interpolated")

    private let choice: LayerChoice
    private let ratio: Double
    private let isLearned: Bool

    public init(settings: Settings) throws(SettingsError) {
        choice = try LayerChoice(settings: settings)
        ratio = settings.number("ratio")
        isLearned = settings.bool("learned")
    }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) { _ = try choice.layers(of: base.layerCount) }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) throws(SettingsError) {
        if phase == 0 {
            model.addSecondBlocks(
                to: try choice.layers(of: model.blocks.count), isExpert: false, isZeroed: false, gates: (0, Float(ExactMath.log(ratio / (1 - ratio)))))
        }
        model.freeze()
        for second in model.blocks.compactMap(\.second) {
            for parameter in second.parameters { parameter.isTrainable = parameter !== second.gates || isLearned }
        }
    }
}
