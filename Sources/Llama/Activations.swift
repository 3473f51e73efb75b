import Kernels

/// The shape of one pass through a model: `batch` sequences of `length` tokens.
struct PassShape {
    var configuration: LlamaConfiguration
    var batch: Int
    var length: Int
    var precision = Precision.fp32
    var rows: Int { batch * length }
    /// The largest depth of a product of a block that rounds its operands, 0 if none does.
    var roundedDepth: Int { precision == .fp32 ? 0 : max(2 * configuration.intermediateSize, qkvWidth) }
    /// Columns of query, key and value beside each other.
    var qkvWidth: Int { configuration.hiddenSize + 2 * configuration.keyValueWidth }
}

/// What a block's forward keeps for its backward, beside what adapters keep. Letters: N rows = batch * length, C width, F feed-forward width.
final class BlockActivations {
    /// Residual stream before the block (N, C), the output of the block below, and between attention and feed-forward.
    let input: FloatBuffer, middle: FloatBuffer
    let r: FloatBuffer, postR: FloatBuffer
    private let qkvBuffer: ActivationBuffer, gateUpBuffer: ActivationBuffer
    /// (N, C + 2 keyValueWidth)
    var qkv: Matrix { qkvBuffer.matrix }
    /// (N, C)
    let attended: FloatBuffer
    /// (batch, heads, length)
    let rowMax: FloatBuffer, rowScale: FloatBuffer
    /// (N, 2 F); backward turns it into its gradient.
    var gateUp: Matrix { gateUpBuffer.matrix }

    /// - Parameter input: of another block that reads the same; nil for its own.
    init(_ shape: PassShape, input: FloatBuffer? = nil) {
        let (n, c) = (shape.rows, shape.configuration)
        self.input = input ?? FloatBuffer(n * c.hiddenSize)
        middle = FloatBuffer(n * c.hiddenSize)
        r = FloatBuffer(n)
        postR = FloatBuffer(n)
        qkvBuffer = ActivationBuffer(n, shape.qkvWidth)
        attended = FloatBuffer(n * c.hiddenSize)
        rowMax = FloatBuffer(n * c.headCount)
        rowScale = FloatBuffer(n * c.headCount)
        gateUpBuffer = ActivationBuffer(n, 2 * c.intermediateSize)
    }

    func attentionTensors(_ shape: PassShape) -> AttentionTensors {
        let c = shape.configuration
        return AttentionTensors(
            batch: shape.batch, length: shape.length, heads: c.headCount, keyValueHeads: c.keyValueHeadCount, headWidth: c.headWidth,
            q: qkv.base, k: qkv.base + c.hiddenSize, v: qkv.base + c.hiddenSize + c.keyValueWidth, rowStride: qkv.rowStride, out: attended.base,
            rowMax: rowMax.base, rowScale: rowScale.base)
    }
}

/// Memory that blocks take turns with.
final class SharedMemory {
    /// Packed weights.
    let packing: FloatBuffer
    /// nil in a pass that does not train.
    let gradients: GradientMemory?

    init(_ blocks: [Block], _ shape: PassShape, trains: Bool, hasDropout: Bool, _ compute: Compute) {
        packing = FloatBuffer(blocks.reduce(0) { max($0, BlockPass.packingCount($1, compute)) })
        gradients = trains ? GradientMemory(blocks, shape, hasDropout: hasDropout, compute) : nil
    }
}

/// Gradients that live only within one block's backward.
final class GradientMemory {
    /// (N, C): of the residual stream behind the block, and then before it; between its halves; of what attention gives.
    let residual: FloatBuffer, middle: FloatBuffer, attended: FloatBuffer
    private let qkvBuffer: ActivationBuffer
    /// (N, C + 2 keyValueWidth)
    var qkv: Matrix { qkvBuffer.matrix }
    /// Packed inputs and gradients of outputs: of half a block.
    let packed: FloatBuffer

    init(_ blocks: [Block], _ shape: PassShape, hasDropout: Bool, _ compute: Compute) {
        let count = shape.rows * shape.configuration.hiddenSize
        residual = FloatBuffer(count)
        middle = FloatBuffer(count)
        attended = FloatBuffer(count)
        qkvBuffer = ActivationBuffer(shape.rows, shape.qkvWidth)
        packed = FloatBuffer(blocks.reduce(0) { max($0, BlockPass.gradientCount($1, rows: shape.rows, hasDropout: hasDropout, compute)) })
    }
}

/// Cosines and sines of position * `rotaryFrequency` (theta^(-2i / headWidth) without scaling), i < headWidth / 2. Shapes: (positions, headWidth / 2).
final class RotaryTable {
    private let cosine: FloatBuffer, sine: FloatBuffer

    /// - Parameter positions: the length of the sequences, which dynamic scaling heeds.
    init(positions: Int, _ configuration: LlamaConfiguration) {
        let half = configuration.headWidth / 2
        cosine = FloatBuffer(positions * half)
        sine = FloatBuffer(positions * half)
        for i in 0..<half {
            let frequency = configuration.rotaryFrequency(i, length: positions)
            for position in 0..<positions {
                let (s, c) = ExactMath.sineCosine(Double(position) * frequency)
                cosine.base[position * half + i] = Float(c)
                sine.base[position * half + i] = Float(s)
            }
        }
    }

    /// Turns the queries and keys of rows that hold query, key and value.
    func rotate(_ piece: RowPiece, _ qkv: Matrix, _ shape: PassShape, isBackward: Bool) {
        let c = shape.configuration
        piece.rotate(
            qkv.base, rowStride: qkv.rowStride, length: shape.length, heads: c.headCount + c.keyValueHeadCount, headWidth: c.headWidth,
            cosine: cosine.base, sine: sine.base, isBackward: isBackward)
    }

    /// Turns the queries and keys of rows at positions of their own.
    func rotate(_ piece: RowPiece, _ qkv: Matrix, positions: UnsafePointer<Int>, _ c: LlamaConfiguration) {
        piece.rotate(
            qkv.base, rowStride: qkv.rowStride, positions: positions, heads: c.headCount + c.keyValueHeadCount, headWidth: c.headWidth,
            cosine: cosine.base, sine: sine.base)
    }
}
