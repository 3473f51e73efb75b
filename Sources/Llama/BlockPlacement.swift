import Settings

/// Where new blocks go: after which original layers (1-based; 0 is below the first).
public enum BlockPlacement: Sendable, Hashable {
    /// Spread evenly: after layer floor(i L / k), i = 1..k; for k > L every layer gets one and the rest goes round again.
    /// The authors' script gives the same for k = 1, 2, 4, 8, 16, 32 at L = 32, and differs at 3, 5, 6, 10.
    case interleaved
    /// All below the first block, copies of it (the paper's prefix stacking).
    case bottom
    /// All above the last block, copies of it (suffix stacking).
    case top
    /// After the blocks that turn the residual stream most, or least: those of the largest or smallest influence (`ModelPass.blockInfluence`), one each.
    case mostInfluential
    case leastInfluential
    case layers([Int])

    public static let kind: Kind = .either([
        .choice(["interleaved", "bottom", "top", "most-influential", "least-influential"]), .list(.integer(0...Int(Int32.max)), count: 1...4096),
    ])

    public init(value: Value) {
        switch value {
        case .string("bottom"): self = .bottom
        case .string("top"): self = .top
        case .string("most-influential"): self = .mostInfluential
        case .string("least-influential"): self = .leastInfluential
        case .list(let layers): self = .layers(layers.compactMap(\.asInteger))
        default: self = .interleaved
        }
    }

    /// Whether it needs the influence of every block.
    public var needsInfluence: Bool { self == .mostInfluential || self == .leastInfluential }

    /// The layers that `count` new blocks are inserted after in a model of `layerCount` blocks, ascending.
    /// - `influence`: of every block, where the placement goes by it. Nil for sizes alone: then the layers are any.
    public func layers(count: Int, layerCount: Int, influence: [Double]? = nil) throws(SettingsError) -> [Int] {
        guard count >= 1 else {
            throw SettingsError(path: Path(dotted: "blocks"), found: "\(count)", expected: "how many blocks to add, from 1 up")
        }
        switch self {
        case .interleaved:
            let rounds = (count - 1) / layerCount
            let rest = count - rounds * layerCount
            let whole = (0..<rounds).flatMap { _ in Array(1...layerCount) }
            return (whole + (1...rest).map { $0 * layerCount / rest }).sorted()
        case .mostInfluential, .leastInfluential:
            guard count <= layerCount else {
                throw SettingsError(path: Path(dotted: "blocks"), found: "\(count)", expected: "at most \(layerCount), one for each block of the base")
            }
            guard let influence else { return Array(1...count) }
            let sign = self == .mostInfluential ? -1.0 : 1.0
            // Of equals the lower.
            let order = (0..<layerCount).sorted { (sign * influence[$0], $0) < (sign * influence[$1], $1) }
            return order[..<count].map { $0 + 1 }.sorted()
        case .bottom: return Array(repeating: 0, count: count)
        case .top: return Array(repeating: layerCount, count: count)
        case .layers(let layers):
            for (index, layer) in layers.enumerated() where !(0...layerCount).contains(layer) {
                throw SettingsError(
                    path: Path(dotted: "position").appending(index), found: "\(layer)",
                    expected: "a layer from 0 (below the first) to \(layerCount), the base's last",
                    advice: "a position is the original layer that the new block follows")
            }
            guard layers.count == count else {
                throw SettingsError(
                    path: Path(dotted: "blocks"), found: "\(count)", expected: "\(layers.count), as many as positions are listed",
                    advice: "leave 'blocks' out when 'position' is a list")
            }
            return layers.sorted()
        }
    }

    /// Where the authors' script puts `count` blocks: after every floor(L / k)-th layer; nil where it refuses the count.
    public static func authorsLayers(count: Int, layerCount: Int) -> [Int]? {
        guard count >= 1, count <= layerCount else { return nil }
        let layers = Array(stride(from: layerCount / count, through: layerCount, by: layerCount / count))
        return layers.count == count ? layers : nil
    }
}
