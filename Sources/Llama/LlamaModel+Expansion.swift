import Kernels

/// How a block begins that is inserted into a model.
public enum NewBlock: String, Sendable, Hashable, CaseIterable {
    /// A copy with o_proj and down_proj zero: adds nothing at the start, and its other tensors have no gradient then.
    case identity
    /// A copy with both norms zero: adds nothing at the start either. With its norm zero the feed-forward half has no gradient at all, ever: SwiGLU's factors
    /// are both zero. Source: Shen et al. 2022, arXiv 2203.06211; the objection is Wu et al. 2024, arXiv 2401.02415, section 3.1.
    case zeroNorms = "zero-norms"
    /// A plain copy: the model computes something else at once.
    case copy
    /// Matrices from N(0, initializer_range^2), norms one, as in a new model.
    case random
}

extension LlamaModel {
    /// Inserts a block after each of the given layers; with `identity` and `zeroNorms` the model computes the same as before, bit for bit. Everything is
    /// frozen afterwards.
    ///
    /// - `layers`: 1-based original layers (those that no expansion has added) to insert after, ascending, above what was inserted there before; 0 stands for
    ///   below the first. A layer may come several times. What is copied is the original layer, for 0 the first.
    /// - `seed`: of random blocks.
    /// - Returns: the places of the new blocks, from 0, ascending.
    /// Source: Wu et al. 2024, LLaMA Pro, arXiv 2401.02415, section 3.2.
    @discardableResult
    public func expand(after layers: [Int], as start: NewBlock = .identity, seed: Int = 0) -> [Int] {
        let originals = blocks.indices.filter { !addedLayers.contains($0) }
        precondition(layers == layers.sorted() && layers.allSatisfy { (0...originals.count).contains($0) }, "layers to insert after: \(layers)")
        precondition(lora == nil && secondLayers.isEmpty, "a model is expanded before it gets adapters or second blocks")
        var (expanded, new, added): ([Block], [Int], [Int]) = ([], [], [])
        func insert(after layer: Int) {
            for _ in layers.filter({ $0 == layer }) {
                new.append(expanded.count)
                added.append(expanded.count)
                expanded.append(copy(of: blocks[originals[max(layer - 1, 0)]], start))
            }
        }
        var layer = 0
        for (index, block) in blocks.enumerated() {
            if !addedLayers.contains(index) {
                insert(after: layer)
                layer += 1
            } else {
                added.append(expanded.count)
            }
            expanded.append(block)
        }
        insert(after: layer)
        blocks = expanded
        configuration.layerCount = blocks.count
        for (layer, block) in blocks.enumerated() { block.moved(to: layer) }
        let label = "expand/\(addedLayers.count)/"
        addedLayers = added
        if start == .random { for layer in new { drawAnew(blocks[layer], seed: seed, label) } }
        freeze()
        return new
    }

    private func copy(of block: Block, _ start: NewBlock) -> Block {
        let copy = Block(configuration, layer: 0)
        for (from, to) in zip(block.parameters, copy.parameters) { to.values.copy(from: from.values) }
        switch start {
        case .identity:
            copy.o.weight.values.fill(0)
            copy.down.weight.values.fill(0)
        case .zeroNorms:
            copy.inputNorm.values.fill(0)
            copy.postNorm.values.fill(0)
        case .copy, .random: break
        }
        return copy
    }

    private func drawAnew(_ block: Block, seed: Int, _ label: String) {
        for parameter in block.parameters {
            if parameter.shape.count == 1 { parameter.values.fill(1) } else {
                parameter.drawNormal(seed: seed, label, deviation: configuration.initializerRange)
            }
        }
    }

    /// Says which blocks of a model read from a checkpoint were added.
    func markAdded(_ layers: [Int]) { addedLayers = layers }
}
