import Kernels

extension LlamaModel {
    /// Widens the feed-forward layers: unit F + i is a copy of unit i mod F, and columns of down_proj are divided by the number of copies of their unit. Without noise the
    /// model computes the same as before, up to the rounding of sums. Everything is frozen afterwards.
    ///
    /// - `width`: the new `intermediate_size`, at least the old one.
    /// - `noise`: standard deviation of what is added to the rows of gate_proj and up_proj of new units, in those of the tensor.
    /// Source: Chen et al. 2015, arXiv 1511.05641, section 2.3.
    public func widen(to width: Int, noise: Double, seed: Int) {
        let old = configuration.intermediateSize
        precondition(width >= old && lora == nil && secondLayers.isEmpty, "a width of \(width), before adapters and second blocks")
        configuration.intermediateSize = width
        let copies = (0..<old).map { (width - 1 - $0) / old + 1 }
        blocks = blocks.enumerated().map { layer, block in
            let wide = Block(configuration, layer: layer)
            for (from, to) in zip(block.parameters, wide.parameters) {
                if to === wide.gate.weight || to === wide.up.weight {
                    copyRows(from, to, old: old, noise: noise, RandomStream(seed: seed, "widen/" + to.name))
                } else if to === wide.down.weight {
                    for row in 0..<configuration.hiddenSize {
                        for unit in 0..<width {
                            to.values.base[row * width + unit] = from.values.base[row * old + unit % old] / Float(copies[unit % old])
                        }
                    }
                } else {
                    to.values.copy(from: from.values)
                }
            }
            return wide
        }
        freeze()
    }

    /// Rows of units, those of new ones with noise.
    private func copyRows(_ from: Parameter, _ to: Parameter, old: Int, noise: Double, _ stream: RandomStream) {
        var random = stream
        let width = from.shape[1]
        let deviation = (from.values.values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(from.count, 1))).squareRoot()
        for unit in 0..<to.shape[0] {
            for i in 0..<width {
                let value = from.values.base[unit % old * width + i]
                to.values.base[unit * width + i] = unit < old || noise == 0 ? value : Float(Double(value) + noise * deviation * random.normal())
            }
        }
    }
}
