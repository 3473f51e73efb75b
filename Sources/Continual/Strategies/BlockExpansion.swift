import Llama
import Settings

/// Copies of blocks that begin as the identity are inserted once, and only they are trained, all their tensors, task after task.
/// In `bottom` stacking the copies are of the first block, in `top` stacking of the last: the paper does not say.
/// Source: Wu et al. 2024, LLaMA Pro, arXiv 2401.02415, section 3.2.
public struct BlockExpansion: Strategy {
    public static let variant = Variant(
        "block-expansion",
        [
            .optional("blocks", .integer(1...4096), default: .null, "blocks to add; with a list of positions as many as it names"),
            .optional(
                "position", BlockPlacement.kind, default: "interleaved",
                "interleaved, bottom, top, or a list of original layers (1-based) that a new block follows; 0 is below the first"),
        ],
        "copies of blocks that begin as the identity; only they are trained")

    private let count: Int
    private let placement: BlockPlacement

    public init(settings: Settings) throws(SettingsError) {
        placement = BlockPlacement(value: settings.value["position"] ?? .null)
        if settings.has("blocks") {
            count = settings.integer("blocks")
        } else if case .layers(let layers) = placement {
            count = layers.count
        } else {
            throw SettingsError(path: Path(), found: "no key 'blocks'", expected: "'blocks': how many blocks to add, from 1 up")
        }
    }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) {
        _ = try placement.layers(count: count, layerCount: base.layerCount)
    }

    public func notes(_ base: LlamaConfiguration) -> [String] {
        switch placement {
        case .bottom: return ["bottom: copies of the first block, stacked below it; the paper does not say which block is copied"]
        case .top: return ["top: copies of the last block, stacked above it; the paper does not say which block is copied"]
        case .interleaved:
            guard let layers = try? placement.layers(count: count, layerCount: base.layerCount),
                layers != BlockPlacement.authorsLayers(count: count, layerCount: base.layerCount)
            else { return [] }
            return ["\(count) of \(base.layerCount) interleaved: after layers \(layers.map { "\($0)" }.joined(separator: ", ")); the authors' script places this count elsewhere or not at all"]
        case .layers: return []
        }
    }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) throws(SettingsError) {
        if phase == 0 { model.expand(after: try placement.layers(count: count, layerCount: model.configuration.layerCount)) }
        for (layer, block) in model.blocks.enumerated() {
            let isAdded = model.addedLayers.contains(layer)
            for parameter in block.parameters { parameter.isTrainable = isAdded }
        }
    }
}
