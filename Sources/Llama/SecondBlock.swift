import Kernels
import Settings

/// A second block beside the first of a layer: the layer gives w1 * first + w2 * second, (w1, w2) = softmax(a). Both read the same input and
/// carry it on (residual), so that two blocks of the same output give that output whatever the weights.
///
/// With `isExpert` attention and norms are the first block's own, and only the feed-forward layer is a second one: then the layer is
/// x' + w1 ffn1(norm(x')) + w2 ffn2(norm(x')), x' behind the attention: two experts that are both active.
/// (Attention is computed once for each of the two.)
public final class SecondBlock {
    public let block: Block
    /// a: (2).
    public let gates: Parameter
    public let isExpert: Bool

    init(_ block: Block, isExpert: Bool, layer: Int) {
        (self.block, self.isExpert) = (block, isExpert)
        gates = Parameter("model.layers.\(layer).second.gates", [2])
    }

    /// Its own tensors.
    public var parameters: [Parameter] {
        [gates] + (isExpert ? [block.gate, block.up, block.down].flatMap(\.parameters) : block.parameters)
    }

    /// w2 of softmax(a).
    public var weight: Double { 1 / (1 + ExactMath.exp(min(max(Double(gates.values.base[0]) - Double(gates.values.base[1]), -700), 700))) }

    /// Names within a block and shapes of its tensors.
    static func tensorShapes(_ c: LlamaConfiguration, isExpert: Bool) -> [(name: String, shape: [Int])] {
        [("second.gates", [2])]
            + Block.tensorShapes(c, nil).filter { !isExpert || $0.name.hasPrefix("mlp.") }.map { ("second." + $0.name, $0.shape) }
    }
}

extension LlamaModel {
    /// Layers (from 0) that have two blocks.
    public var secondLayers: [Int] { blocks.indices.filter { blocks[$0].second != nil } }

    /// Puts a second block beside the first of each of these layers (1-based, ascending). Everything is frozen afterwards.
    ///
    /// - `isExpert`: only the feed-forward layer is a second one.
    /// - `isZeroed`: whether its down_proj begins at 0; else it is a copy.
    /// - `gates`: a at the start.
    public func addSecondBlocks(to layers: [Int], isExpert: Bool, isZeroed: Bool, gates: (Float, Float)) {
        precondition(lora == nil && blocks.allSatisfy { $0.second == nil }, "second blocks are added once, before adapters")
        for layer in layers {
            let first = blocks[layer - 1]
            let second = makeSecond(layer - 1, isExpert: isExpert)
            for (from, to) in zip(first.parameters, second.block.parameters) where from !== to { to.values.copy(from: from.values) }
            if isZeroed { second.block.down.weight.values.fill(0) }
            (second.gates.values.base[0], second.gates.values.base[1]) = gates
            first.second = second
        }
        freeze()
    }

    /// A second block of zeros.
    func makeSecond(_ index: Int, isExpert: Bool) -> SecondBlock {
        let block = Block(configuration, "model.layers.\(index).second.", sharing: isExpert ? blocks[index] : nil)
        return SecondBlock(block, isExpert: isExpert, layer: index)
    }
}

/// Which layers of a checkpoint have a second block.
struct SecondLayers {
    /// From 0, ascending.
    var layers: [Int] = []
    var isExpert = false

    init() {}

    /// Reads `LlamaModel.secondValue`; nil where it cannot be one.
    init?(_ value: Value, layerCount: Int) {
        guard let list = value["layers"]?.asList, let isExpert = value["expert"]?.asBool else { return nil }
        layers = list.compactMap(\.asInteger)
        self.isExpert = isExpert
        guard layers.count == list.count, zip(layers, layers.dropFirst()).allSatisfy({ $0 < $1 }), layers.allSatisfy({ (0..<layerCount).contains($0) }) else {
            return nil
        }
    }

    func check(_ file: Safetensors, _ c: LlamaConfiguration) throws(CheckpointError) {
        for layer in layers {
            for (name, shape) in SecondBlock.tensorShapes(c, isExpert: isExpert) { try file.require("model.layers.\(layer).\(name)", shape) }
        }
    }
}

extension LlamaModel {
    /// For the metadata of a checkpoint.
    var secondValue: Value {
        ["layers": .list(secondLayers.map { .integer($0) }), "expert": .bool(blocks.contains { $0.second?.isExpert == true })]
    }

    /// Second blocks of zeros, for a checkpoint to fill.
    func addSecondBlocks(_ second: SecondLayers) {
        for layer in second.layers { blocks[layer].second = makeSecond(layer, isExpert: second.isExpert) }
    }
}
