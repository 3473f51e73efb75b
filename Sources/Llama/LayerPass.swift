import Kernels

/// Forward and backward of one layer: of its block, or of two blocks and their weighted sum.
final class LayerPass {
    private let first: BlockPass
    private let mixture: Mixture?
    private let compute: Compute
    /// Floats of a residual stream (N, C).
    private let count: Int
    /// w2 of the pass that is going on.
    private var weight: Float = 0
    /// Residual stream before the layer (N, C).
    var input: FloatBuffer { first.activations.input }

    /// What two blocks need beside one.
    private struct Mixture {
        var block: SecondBlock
        var pass: BlockPass
        /// (N, C): second - first, kept for backward.
        var difference: FloatBuffer
        var memory: MixtureMemory
        /// Whether backward goes through the first block too.
        var reachesFirst: Bool
    }

    init(_ first: BlockPass, _ compute: Compute) { (self.first, self.compute, mixture, count) = (first, compute, nil, 0) }

    init(
        _ first: BlockPass, _ second: SecondBlock, _ secondPass: BlockPass, _ memory: MixtureMemory, reachesFirst: Bool, _ shape: PassShape, _ compute: Compute
    ) {
        (self.first, self.compute, count) = (first, compute, shape.rows * shape.configuration.hiddenSize)
        mixture = Mixture(block: second, pass: secondPass, difference: FloatBuffer(count), memory: memory, reachesFirst: reachesFirst)
    }

    /// Reads `input`; writes the activations and `output`, which may be the input.
    func forward(into output: FloatBuffer) {
        guard let m = mixture else { return first.forward(into: output) }
        weight = Float(m.block.weight)
        first.forward(into: m.memory.first)
        m.pass.forward(into: m.difference)
        // first + w2 (second - first)
        compute.add(m.memory.first.base, times: -1, to: m.difference.base, count: count)
        output.copy(from: m.memory.first)
        compute.add(m.difference.base, times: weight, to: output.base, count: count)
    }

    /// The shared `residual` holds the gradient of the output and becomes that of the input.
    func backward(_ residual: FloatBuffer) {
        guard let m = mixture else { return first.backward() }
        if let gradient = m.block.gates.gradient {
            let slope = compute.dot(residual.base, m.difference.base, count: count)
            // d w2 / d a2 = w2 (1 - w2) = - d w2 / d a1
            let own = Float(slope * m.block.weight * (1 - m.block.weight))
            gradient.base[1] += own
            gradient.base[0] -= own
        }
        if m.reachesFirst { m.memory.output.copy(from: residual) }
        compute.scale(residual.base, by: weight, count: count)
        m.pass.backward()
        guard m.reachesFirst else { return }
        m.memory.first.copy(from: residual)
        residual.copy(from: m.memory.output)
        compute.scale(residual.base, by: 1 - weight, count: count)
        first.backward()
        compute.add(m.memory.first.base, times: 1, to: residual.base, count: count)
    }
}

/// (N, C) each: what layers with two blocks take turns with.
final class MixtureMemory {
    let first: FloatBuffer, output: FloatBuffer

    init(_ shape: PassShape) {
        first = FloatBuffer(shape.rows * shape.configuration.hiddenSize)
        output = FloatBuffer(shape.rows * shape.configuration.hiddenSize)
    }
}
