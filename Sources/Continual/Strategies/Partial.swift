import Llama
import Settings

/// Some of the blocks that are there are trained, or all but the lowest: the control of block expansion without new weights.
/// With `blocks` only blocks are trained; with `frozen_blocks` everything above those, the output projection and final norm with it, the embedding not
/// (and so not the output projection either where they are tied).
/// Source of `frozen_blocks`: Zheng et al. 2025, Spurious Forgetting, arXiv 2501.13453.
public struct Partial: Strategy {
    public static let variant = Variant(
        "partial",
        LayerChoice.fields("to train", all: false) + [
            .optional("frozen_blocks", .integer(1...4096), default: .null, "instead of 'blocks': the lowest blocks that are frozen, with the embedding")
        ],
        "some existing blocks are trained, or all but the lowest")

    private let choice: LayerChoice
    private let frozenCount: Int?

    public init(settings: Settings) throws(SettingsError) {
        choice = try LayerChoice(settings: settings)
        frozenCount = settings.has("frozen_blocks") ? settings.integer("frozen_blocks") : nil
        guard frozenCount == nil || choice.count == nil else {
            throw SettingsError(
                path: Path(dotted: "frozen_blocks"), found: "'frozen_blocks' beside 'blocks' or 'position'", expected: "the one or the other", subject: .key)
        }
        guard frozenCount != nil || choice.count != nil else {
            throw SettingsError(path: Path(), found: "neither 'blocks' nor 'frozen_blocks'", expected: "one of them, from 1 up")
        }
    }

    /// The layers that are trained, 1-based and ascending.
    private func layers(_ layerCount: Int) throws(SettingsError) -> [Int] {
        guard let frozenCount else { return try choice.layers(of: layerCount) }
        guard frozenCount < layerCount else {
            throw SettingsError(path: Path(dotted: "frozen_blocks"), found: "\(frozenCount)", expected: "fewer than the \(layerCount) blocks of the base")
        }
        return Array(frozenCount + 1...layerCount)
    }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) { _ = try layers(base.layerCount) }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) throws(SettingsError) {
        let layers = try layers(model.blocks.count)
        model.freeze()
        for layer in layers { for parameter in model.blocks[layer - 1].parameters { parameter.isTrainable = true } }
        guard frozenCount != nil else { return }
        model.norm.isTrainable = true
        if model.head !== model.embedding { model.head.isTrainable = true }
    }
}
