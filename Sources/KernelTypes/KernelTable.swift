/// A row of floats that a kernel reads.
public typealias Input = UnsafePointer<Float>
/// A row of floats that a kernel writes or adds to.
public typealias Output = UnsafeMutablePointer<Float>

/// The kernels of one instruction set. Each runs on the calling thread, on memory that does not overlap unless its
/// comment says so, and allocates nothing. How work is cut over threads is decided above, in `Compute`.
public struct KernelTable: Sendable {
    /// `avx512`, `avx2` or `portable`.
    public var name: String
    /// Columns of B that one register tile covers: the width of a packed panel.
    public var panelWidth: Int
    /// Floats of scratch that `product` needs.
    public var productScratch: Int

    public var product: @Sendable (Product) -> Void
    public var packTransposed: @Sendable (_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output) -> Void
    public var normForward: @Sendable (NormRows) -> Void
    public var normBackward: @Sendable (NormRows) -> Void
    public var rotate: @Sendable (RotaryRows) -> Void
    public var attentionForward: @Sendable (AttentionUnit) -> Void
    public var attentionBackward: @Sendable (AttentionUnit) -> Void
    public var gateForward: @Sendable (_ gate: Input, _ up: Input, _ out: Output, _ count: Int) -> Void
    public var gateBackward: @Sendable (_ gate: Output, _ up: Output, _ dOut: Input, _ count: Int) -> Void
    public var crossEntropyRow: @Sendable (_ logits: Output, _ count: Int, _ target: Int, _ gradientScale: Float) -> CrossEntropyRow
    public var add: @Sendable (_ x: Input, _ to: Output, _ count: Int) -> Void
    public var scale: @Sendable (_ x: Output, _ by: Float, _ count: Int) -> Void
    public var sumOfSquares: @Sendable (_ x: Input, _ count: Int) -> Double
    public var adamW: @Sendable (AdamWRange) -> Void
    public var exponential: @Sendable (_ x: Input, _ y: Output, _ count: Int) -> Void

    public init(
        name: String, panelWidth: Int, productScratch: Int,
        product: @escaping @Sendable (Product) -> Void,
        packTransposed: @escaping @Sendable (Input, Int, Int, Int, Output) -> Void,
        normForward: @escaping @Sendable (NormRows) -> Void,
        normBackward: @escaping @Sendable (NormRows) -> Void,
        rotate: @escaping @Sendable (RotaryRows) -> Void,
        attentionForward: @escaping @Sendable (AttentionUnit) -> Void,
        attentionBackward: @escaping @Sendable (AttentionUnit) -> Void,
        gateForward: @escaping @Sendable (Input, Input, Output, Int) -> Void,
        gateBackward: @escaping @Sendable (Output, Output, Input, Int) -> Void,
        crossEntropyRow: @escaping @Sendable (Output, Int, Int, Float) -> CrossEntropyRow,
        add: @escaping @Sendable (Input, Output, Int) -> Void,
        scale: @escaping @Sendable (Output, Float, Int) -> Void,
        sumOfSquares: @escaping @Sendable (Input, Int) -> Double,
        adamW: @escaping @Sendable (AdamWRange) -> Void,
        exponential: @escaping @Sendable (Input, Output, Int) -> Void
    ) {
        self.name = name
        self.panelWidth = panelWidth
        self.productScratch = productScratch
        self.product = product
        self.packTransposed = packTransposed
        self.normForward = normForward
        self.normBackward = normBackward
        self.rotate = rotate
        self.attentionForward = attentionForward
        self.attentionBackward = attentionBackward
        self.gateForward = gateForward
        self.gateBackward = gateBackward
        self.crossEntropyRow = crossEntropyRow
        self.add = add
        self.scale = scale
        self.sumOfSquares = sumOfSquares
        self.adamW = adamW
        self.exponential = exponential
    }
}

/// A block of a matrix product: C (rows, columns) = A B, or C + A B.
public struct Product {
    public var rows = 0, columns = 0, depth = 0
    /// A[i, k] stands at a[i * aRow + k * aColumn].
    public var a: Input, aRow: Int, aColumn: Int
    /// B[k, j] stands at b[k * bRow + j]; packed, in panels of `panelWidth` columns, each (depth, panelWidth).
    public var b: Input, bRow: Int, isPacked: Bool
    public var c: Output, cRow: Int
    public var accumulates: Bool
    /// `productScratch` floats that no other thread uses.
    public var scratch: Output

    public init(
        rows: Int, columns: Int, depth: Int, a: Input, aRow: Int, aColumn: Int, b: Input, bRow: Int, isPacked: Bool,
        c: Output, cRow: Int, accumulates: Bool, scratch: Output
    ) {
        (self.rows, self.columns, self.depth) = (rows, columns, depth)
        (self.a, self.aRow, self.aColumn) = (a, aRow, aColumn)
        (self.b, self.bRow, self.isPacked) = (b, bRow, isPacked)
        (self.c, self.cRow, self.accumulates, self.scratch) = (c, cRow, accumulates, scratch)
    }
}

/// Rows of an RMSNorm. Forward reads x and weight and writes y and r; backward reads x, weight, r and dy (in `y`),
/// adds to dx, and adds to dWeight where it is given.
public struct NormRows {
    public var rows: Int, width: Int, epsilon: Float
    public var x: Input, weight: Input, y: Output, r: Output
    public var dx: Output?, dWeight: Output?

    public init(rows: Int, width: Int, epsilon: Float, x: Input, weight: Input, y: Output, r: Output, dx: Output? = nil, dWeight: Output? = nil) {
        (self.rows, self.width, self.epsilon) = (rows, width, epsilon)
        (self.x, self.weight, self.y, self.r, self.dx, self.dWeight) = (x, weight, y, r, dx, dWeight)
    }
}

/// Rows to be turned in place by their position: `firstPosition` + row.
public struct RotaryRows {
    public var rows: Int, heads: Int, headWidth: Int, firstPosition: Int
    public var x: Output, xRow: Int
    /// (positions, headWidth / 2) each.
    public var cosine: Input, sine: Input
    /// Turns back: the gradient of the forward turn.
    public var isBackward: Bool

    public init(
        rows: Int, heads: Int, headWidth: Int, firstPosition: Int, x: Output, xRow: Int, cosine: Input, sine: Input, isBackward: Bool
    ) {
        (self.rows, self.heads, self.headWidth, self.firstPosition) = (rows, heads, headWidth, firstPosition)
        (self.x, self.xRow, self.cosine, self.sine, self.isBackward) = (x, xRow, cosine, sine, isBackward)
    }
}

/// Causal attention of one sequence and one key-value head with its group of query heads.
public struct AttentionUnit {
    /// Tokens, floats a head, query heads that share this key-value head.
    public var length: Int, headWidth: Int, group: Int
    /// (length, group * headWidth), rows `qRow` apart: q and the output; their gradients stand the same way.
    public var q: Input, out: Output, qRow: Int
    /// (length, headWidth), rows `kvRow` apart.
    public var k: Input, v: Input, kvRow: Int
    /// (group, length): the largest score of a row and 1 / sum of exp(score - largest). Written forward, read backward.
    public var rowMax: Output, rowScale: Output
    /// Backward: reads dOut (as `out`), writes dq (as q), adds to dk and dv (as k).
    public var dOut: Input?, dq: Output?, dk: Output?, dv: Output?
    /// `AttentionUnit.scratch(...)` floats that no other thread uses.
    public var scratch: Output

    public init(
        length: Int, headWidth: Int, group: Int, q: Input, out: Output, qRow: Int, k: Input, v: Input, kvRow: Int,
        rowMax: Output, rowScale: Output, dOut: Input? = nil, dq: Output? = nil, dk: Output? = nil, dv: Output? = nil, scratch: Output
    ) {
        (self.length, self.headWidth, self.group) = (length, headWidth, group)
        (self.q, self.out, self.qRow, self.k, self.v, self.kvRow) = (q, out, qRow, k, v, kvRow)
        (self.rowMax, self.rowScale) = (rowMax, rowScale)
        (self.dOut, self.dq, self.dk, self.dv, self.scratch) = (dOut, dq, dk, dv, scratch)
    }

    /// Query rows that are worked on at once.
    public static let queryBlock = 48

    /// Floats of scratch: packed keys and values, two blocks of scores, and what the product needs.
    public static func scratch(length: Int, headWidth: Int, panelWidth: Int, productScratch: Int) -> Int {
        let padded = (length + panelWidth - 1) / panelWidth * panelWidth
        return 2 * padded * headWidth + 2 * queryBlock * padded + productScratch
    }
}

/// What one row of logits says of its target.
public struct CrossEntropyRow: Sendable {
    /// Largest logit, sum of exp(logit - largest), logit of the target.
    public var largest: Float, sum: Float, target: Float
    /// Index of the largest logit, the first of equals.
    public var best: Int

    public init(largest: Float, sum: Float, target: Float, best: Int) {
        (self.largest, self.sum, self.target, self.best) = (largest, sum, target, best)
    }
}

/// A range of one tensor's AdamW update.
public struct AdamWRange {
    public var count: Int
    public var weight: Output, gradient: Input, mean: Output, variance: Output
    /// Clipping factor that the gradient is multiplied by.
    public var gradientScale: Float
    public var beta1: Float, beta2: Float, epsilon: Float
    /// 1 - beta1, 1 - beta2, taken in Double: in Float the second would be 1e-5 off for a beta of 0.999.
    public var keep1: Float, keep2: Float
    /// learning rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t), 1 - learning rate * weight decay
    public var stepSize: Float, varianceScale: Float, decay: Float

    public init(
        count: Int, weight: Output, gradient: Input, mean: Output, variance: Output, gradientScale: Float,
        beta1: Double, beta2: Double, epsilon: Float, stepSize: Float, varianceScale: Float, decay: Float
    ) {
        (self.count, self.weight, self.gradient, self.mean, self.variance) = (count, weight, gradient, mean, variance)
        (self.gradientScale, self.beta1, self.beta2, self.epsilon) = (gradientScale, Float(beta1), Float(beta2), epsilon)
        (keep1, keep2) = (Float(1 - beta1), Float(1 - beta2))
        (self.stepSize, self.varianceScale, self.decay) = (stepSize, varianceScale, decay)
    }
}
