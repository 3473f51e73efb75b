import Settings

/// Which of a model's blocks are meant: a number of them and where, or a list. The keys are `blocks` and `position`.
public struct LayerChoice: Sendable, Hashable {
    /// nil: all.
    public var count: Int?
    private let position: Value

    public static func fields(_ purpose: String, all: Bool) -> [Field] {
        [
            .optional("blocks", .integer(1...4096), default: .null, "blocks \(purpose)\(all ? " (default: all)" : "; with a list of positions as many as it names")"),
            .optional(
                "position", .either([.choice(["interleaved", "bottom", "top"]), .list(.integer(1...4096), count: 1...4096)]), default: "interleaved",
                "which: spread evenly (the layers that block expansion would copy), the lowest, the highest, or a list of layers (1-based)"),
        ]
    }

    /// Settings that `fields` has validated.
    public init(settings: Settings) throws(SettingsError) {
        position = settings.value["position"] ?? "interleaved"
        count = settings.has("blocks") ? settings.integer("blocks") : position.asList?.count
        if let listed = position.asList?.count, let count, listed != count {
            throw SettingsError(
                path: Path(dotted: "blocks"), found: "\(count)", expected: "\(listed), as many as positions are listed",
                advice: "leave 'blocks' out when 'position' is a list")
        }
        if count == nil, position != "interleaved" {
            throw SettingsError(path: Path(dotted: "position"), found: "\(position.summary) without 'blocks'", expected: "'blocks': how many, from 1 up")
        }
    }

    /// The layers in a model of `layerCount`, 1-based and ascending.
    public func layers(of layerCount: Int) throws(SettingsError) -> [Int] {
        let count = count ?? layerCount
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
}
