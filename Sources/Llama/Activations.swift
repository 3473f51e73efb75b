import Kernels

/// The shape of one pass through a model: `batch` sequences of `length` tokens.
struct PassShape {
    var configuration: LlamaConfiguration
    var batch: Int
    var length: Int
    var rows: Int { batch * length }
}

/// What a block's forward keeps for its backward. Letters: N rows = batch * length, C width, F feed-forward width.
final class BlockActivations {
    /// Residual stream before the block (N, C), shared with the block below, whose output it is.
    let input: FloatBuffer
    let normed: FloatBuffer, r: FloatBuffer
    let q: FloatBuffer, k: FloatBuffer, v: FloatBuffer, attended: FloatBuffer
    let rowMax: FloatBuffer, rowScale: FloatBuffer
    /// Residual stream between attention and feed-forward (N, C).
    let middle: FloatBuffer
    let postNormed: FloatBuffer, postR: FloatBuffer
    /// (N, F); backward turns them into their gradients.
    let gate: FloatBuffer, up: FloatBuffer
    let hidden: FloatBuffer
    /// (N, rank) a projection with an adapter, by its name.
    let low: [String: FloatBuffer]

    init(_ block: Block, _ shape: PassShape) {
        let (n, c) = (shape.rows, shape.configuration)
        input = FloatBuffer(n * c.hiddenSize)
        normed = FloatBuffer(n * c.hiddenSize)
        r = FloatBuffer(n)
        q = FloatBuffer(n * c.hiddenSize)
        k = FloatBuffer(n * c.keyValueWidth)
        v = FloatBuffer(n * c.keyValueWidth)
        attended = FloatBuffer(n * c.hiddenSize)
        rowMax = FloatBuffer(n * c.headCount)
        rowScale = FloatBuffer(n * c.headCount)
        middle = FloatBuffer(n * c.hiddenSize)
        postNormed = FloatBuffer(n * c.hiddenSize)
        postR = FloatBuffer(n)
        gate = FloatBuffer(n * c.intermediateSize)
        up = FloatBuffer(n * c.intermediateSize)
        hidden = FloatBuffer(n * c.intermediateSize)
        var low: [String: FloatBuffer] = [:]
        for (name, linear) in block.linears {
            if let adapter = linear.adapter { low[name] = FloatBuffer(n * adapter.rank) }
        }
        self.low = low
    }

    func attentionTensors(_ shape: PassShape) -> AttentionTensors {
        let c = shape.configuration
        return AttentionTensors(
            batch: shape.batch, length: shape.length, heads: c.headCount, keyValueHeads: c.keyValueHeadCount, headWidth: c.headWidth,
            q: q.base, k: k.base, v: v.base, out: attended.base, rowMax: rowMax.base, rowScale: rowScale.base)
    }
}

/// Gradients that live only within one block's backward, shared by all blocks.
final class GradientScratch {
    let hidden: FloatBuffer, normed: FloatBuffer, attended: FloatBuffer
    let q: FloatBuffer, k: FloatBuffer, v: FloatBuffer
    let low: FloatBuffer?

    init(_ shape: PassShape, largestRank: Int) {
        let (n, c) = (shape.rows, shape.configuration)
        hidden = FloatBuffer(n * c.intermediateSize)
        normed = FloatBuffer(n * c.hiddenSize)
        attended = FloatBuffer(n * c.hiddenSize)
        q = FloatBuffer(n * c.hiddenSize)
        k = FloatBuffer(n * c.keyValueWidth)
        v = FloatBuffer(n * c.keyValueWidth)
        low = largestRank > 0 ? FloatBuffer(n * largestRank) : nil
    }
}

/// Cosines and sines of position * theta^(-2i / headWidth), i < headWidth / 2. Shapes: (positions, headWidth / 2).
final class RotaryTable {
    private let cosine: FloatBuffer, sine: FloatBuffer

    init(positions: Int, headWidth: Int, theta: Double) {
        let half = headWidth / 2
        cosine = FloatBuffer(positions * half)
        sine = FloatBuffer(positions * half)
        for i in 0..<half {
            let frequency = ExactMath.pow(theta, -2 * Double(i) / Double(headWidth))
            for position in 0..<positions {
                let (s, c) = ExactMath.sineCosine(Double(position) * frequency)
                cosine.base[position * half + i] = Float(c)
                sine.base[position * half + i] = Float(s)
            }
        }
    }

    func rotate(_ x: FloatBuffer, heads: Int, _ shape: PassShape, isBackward: Bool, _ compute: Compute) {
        compute.rotate(
            x.base, batch: shape.batch, length: shape.length, heads: heads, headWidth: shape.configuration.headWidth,
            cosine: cosine.base, sine: sine.base, isBackward: isBackward)
    }
}
