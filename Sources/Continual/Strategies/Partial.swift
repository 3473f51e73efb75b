import Llama
import Settings

/// Some of the blocks that are there are trained, or all but the lowest: the control of block expansion without new weights.
/// With `blocks` only blocks are trained; with `frozen_blocks` everything above those, the output projection and final norm with it, the embedding not
/// (and so not the output projection either where they are tied).
/// Source of `frozen_blocks`: Zheng et al. 2025, Spurious Forgetting, arXiv 2501.13453.
public struct Partial: Strategy {
    public static let variant = Variant(
        "partial",
        [
            .optional("blocks", .integer(1...4096), default: .null, "blocks to train; with a list of positions as many as it names"),
            .optional(
                "position", .either([.choice(["interleaved", "bottom", "top"]), .list(.integer(1...4096), count: 1...4096)]), default: "interleaved",
                "which: spread evenly (the layers that block expansion would copy), the lowest, the highest, or a list of layers (1-based)"),
            .optional("frozen_blocks", .integer(1...4096), default: .null, "instead of 'blocks': the lowest blocks that are frozen, with the embedding"),
        ],
        "some existing blocks are trained, or all but the lowest")

    private let position: Value
    private let count: Int
    private let frozenCount: Int?

    public init(settings: Settings) throws(SettingsError) {
        position = settings.value["position"] ?? "interleaved"
        frozenCount = settings.has("frozen_blocks") ? settings.integer("frozen_blocks") : nil
        count = settings.has("blocks") ? settings.integer("blocks") : position.asList?.count ?? 0
        guard frozenCount == nil || (count == 0 && position == "interleaved") else {
            throw SettingsError(
                path: Path(dotted: "frozen_blocks"), found: "'frozen_blocks' beside 'blocks' or 'position'", expected: "the one or the other", subject: .key)
        }
        guard frozenCount != nil || count > 0 else {
            throw SettingsError(path: Path(), found: "neither 'blocks' nor 'frozen_blocks'", expected: "one of them, from 1 up")
        }
        if let listed = position.asList?.count, listed != count {
            throw SettingsError(
                path: Path(dotted: "blocks"), found: "\(count)", expected: "\(listed), as many as positions are listed",
                advice: "leave 'blocks' out when 'position' is a list")
        }
    }

    /// The layers that are trained, 1-based and ascending.
    private func layers(_ layerCount: Int) throws(SettingsError) -> [Int] {
        if let frozenCount {
            guard frozenCount < layerCount else {
                throw SettingsError(path: Path(dotted: "frozen_blocks"), found: "\(frozenCount)", expected: "fewer than the \(layerCount) blocks of the base")
            }
            return Array(frozenCount + 1...layerCount)
        }
        guard count <= layerCount else {
            throw SettingsError(path: Path(dotted: "blocks"), found: "\(count)", expected: "at most \(layerCount), the blocks of the base")
        }
        switch position {
        case "bottom": return Array(1...count)
        case "top": return Array(layerCount - count + 1...layerCount)
        case .list(let items):
            let layers = items.compactMap(\.asInteger)
            for (index, layer) in layers.enumerated() where layer > layerCount || layers[..<index].contains(layer) {
                throw SettingsError(
                    path: Path(dotted: "position").appending(index), found: "\(layer)", expected: "a layer from 1 to \(layerCount), each once")
            }
            return layers.sorted()
        default: return (1...count).map { $0 * layerCount / count }
        }
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
