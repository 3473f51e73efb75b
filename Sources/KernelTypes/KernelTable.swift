/// A row of floats that a kernel reads.
public typealias Input = UnsafePointer<Float>
/// A row of floats that a kernel writes or adds to.
public typealias Output = UnsafeMutablePointer<Float>

/// The kernels of one instruction set. Each runs on the calling thread, on memory that does not overlap unless its
/// comment says so, and allocates nothing. How work is cut over threads is decided above, in `Compute`.
public struct KernelTable: Sendable {
    /// `avx512bf16`, `avx512`, `avx2` or `portable`.
    public var name: String
    /// Columns of B that one register tile covers: the width of a packed panel.
    public var panelWidth: Int
    /// Floats of scratch that `product` needs.
    public var productScratch: Int
    /// Operands rounded to bfloat16 are packed as words of two neighbouring k, the even one in the low half: see `steps`. Else each stays a float.
    public var pairsAreWords: Bool

    public var product: @Sendable (Product) -> Void
    public var packTransposed: @Sendable (_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ first: Int) -> Void
    public var packColumns: @Sendable (_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ panelRow: Int, _ width: Int) -> Void
    public var packTransposedRounded: @Sendable (_ source: Input, _ sourceRow: Int, _ columns: Int, _ depth: Int, _ packed: Output, _ first: Int) -> Void
    public var packColumnsRounded: @Sendable (PanelRows) -> Void
    public var roundRows: @Sendable (_ source: Input, _ sourceRow: Int, _ target: Output, _ targetRow: Int, _ rows: Int, _ columns: Int) -> Void
    public var normForward: @Sendable (NormRows) -> Void
    public var normBackward: @Sendable (NormRows) -> Void
    public var rotate: @Sendable (RotaryRows) -> Void
    public var attentionForward: @Sendable (AttentionUnit) -> Void
    public var attentionBackward: @Sendable (AttentionUnit) -> Void
    public var gateForward: @Sendable (_ gate: Input, _ up: Input, _ out: Output, _ count: Int) -> Void
    public var gateBackward: @Sendable (_ gate: Output, _ up: Output, _ dOut: Output, _ count: Int) -> Void
    public var crossEntropyRow: @Sendable (_ logits: Output, _ count: Int, _ target: Int, _ gradientScale: Float) -> CrossEntropyRow
    public var add: @Sendable (_ x: Input, _ to: Output, _ count: Int) -> Void
    public var scale: @Sendable (_ x: Output, _ by: Float, _ count: Int) -> Void
    public var sumOfSquares: @Sendable (_ x: Input, _ count: Int) -> Double
    public var adamW: @Sendable (AdamWRange) -> Void
    public var exponential: @Sendable (_ x: Input, _ y: Output, _ count: Int) -> Void
    public var peak: @Sendable (_ rounds: Int, _ start: Output) -> Int

    public init(
        name: String, panelWidth: Int, productScratch: Int, pairsAreWords: Bool,
        product: @escaping @Sendable (Product) -> Void,
        packTransposed: @escaping @Sendable (Input, Int, Int, Int, Output, Int) -> Void,
        packColumns: @escaping @Sendable (Input, Int, Int, Int, Output, Int, Int) -> Void,
        packTransposedRounded: @escaping @Sendable (Input, Int, Int, Int, Output, Int) -> Void,
        packColumnsRounded: @escaping @Sendable (PanelRows) -> Void,
        roundRows: @escaping @Sendable (Input, Int, Output, Int, Int, Int) -> Void,
        normForward: @escaping @Sendable (NormRows) -> Void,
        normBackward: @escaping @Sendable (NormRows) -> Void,
        rotate: @escaping @Sendable (RotaryRows) -> Void,
        attentionForward: @escaping @Sendable (AttentionUnit) -> Void,
        attentionBackward: @escaping @Sendable (AttentionUnit) -> Void,
        gateForward: @escaping @Sendable (Input, Input, Output, Int) -> Void,
        gateBackward: @escaping @Sendable (Output, Output, Output, Int) -> Void,
        crossEntropyRow: @escaping @Sendable (Output, Int, Int, Float) -> CrossEntropyRow,
        add: @escaping @Sendable (Input, Output, Int) -> Void,
        scale: @escaping @Sendable (Output, Float, Int) -> Void,
        sumOfSquares: @escaping @Sendable (Input, Int) -> Double,
        adamW: @escaping @Sendable (AdamWRange) -> Void,
        exponential: @escaping @Sendable (Input, Output, Int) -> Void,
        peak: @escaping @Sendable (Int, Output) -> Int
    ) {
        self.name = name
        self.panelWidth = panelWidth
        self.productScratch = productScratch
        self.pairsAreWords = pairsAreWords
        self.product = product
        self.packTransposed = packTransposed
        self.packColumns = packColumns
        self.packTransposedRounded = packTransposedRounded
        self.packColumnsRounded = packColumnsRounded
        self.roundRows = roundRows
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
        self.peak = peak
    }

    /// Places that the depth of a rounded operand takes in its packed form: what products count k in.
    public func steps(_ depth: Int) -> Int { pairsAreWords ? (depth + 1) / 2 : depth }
}

/// Rows of A that stand together when it is packed: whole register tiles of every instruction set.
public let rowGroup = 12

/// Rows of a matrix product: C (rows, columns) = [C +] A B [+ addend].
public struct Product {
    public var rows: Int, columns: Int, depth: Int
    /// A[i, k] stands at a[i / rowGroup * aGroup + i % rowGroup * aRow + k * aColumn].
    public var a: Input, aGroup: Int, aRow: Int, aColumn: Int
    /// B in packed panels of `panelWidth` columns, each (bDepth, panelWidth); bDepth >= depth. What stands beyond the last
    /// column reaches nothing.
    public var b: Input, bDepth: Int
    public var c: Output, cRow: Int
    /// Added to C when its sums are complete; laid out like C.
    public var addend: Input?
    public var accumulates: Bool
    /// The order of bfloat16 dot products: of each two k the second comes first. A and B are rounded before. Where the kernels have `pairsAreWords`, a k of
    /// `depth`, `aColumn` and `bDepth` is a word of two.
    public var isPaired: Bool
    /// `productScratch` floats that no other thread uses.
    public var scratch: Output

    public init(
        rows: Int, columns: Int, depth: Int, a: Input, aGroup: Int, aRow: Int, aColumn: Int, b: Input, bDepth: Int, c: Output, cRow: Int,
        addend: Input? = nil, accumulates: Bool, isPaired: Bool = false, scratch: Output
    ) {
        (self.rows, self.columns, self.depth) = (rows, columns, depth)
        (self.a, self.aGroup, self.aRow, self.aColumn, self.b, self.bDepth) = (a, aGroup, aRow, aColumn, b, bDepth)
        (self.c, self.cRow, self.addend, self.accumulates, self.isPaired, self.scratch) = (c, cRow, addend, accumulates, isPaired, scratch)
    }
}

/// Rows of an operand to be packed in panels of `width` columns, as rows `firstRow` ..< `firstRow + depth` of `packedDepth`.
public struct PanelRows {
    /// (depth, columns), rows `sourceRow` apart.
    public var source: Input, sourceRow: Int, columns: Int, depth: Int
    /// The first panel; panels follow each other, each (packedDepth, width), or where rounded (`KernelTable.steps(packedDepth)`, width).
    public var packed: Output, packedDepth: Int, firstRow: Int, width: Int
    /// For a left operand. What fills the last word of an odd depth is -0 there and 0 in a right one: their product changes no sum.
    public var isLeft: Bool

    public init(
        source: Input, sourceRow: Int, columns: Int, depth: Int, packed: Output, packedDepth: Int, firstRow: Int, width: Int, isLeft: Bool
    ) {
        (self.source, self.sourceRow, self.columns, self.depth) = (source, sourceRow, columns, depth)
        (self.packed, self.packedDepth, self.firstRow, self.width, self.isLeft) = (packed, packedDepth, firstRow, width, isLeft)
    }
}

/// Rows of an RMSNorm. Forward reads x and weight and writes y and r, or with `isRepeated` reads r; backward reads x, weight, r, dy (in `y`) and `past`, the gradient
/// that goes past the norm, writes dx, and adds to dWeight where it is given.
public struct NormRows {
    public var rows: Int, width: Int, epsilon: Float
    /// Rows of x, past and dx are dense, those of y `yRow` apart.
    public var x: Input, weight: Input, y: Output, yRow: Int, r: Output
    public var past: Input?, dx: Output?, dWeight: Output?
    public var isRepeated: Bool

    public init(
        rows: Int, width: Int, epsilon: Float, x: Input, weight: Input, y: Output, yRow: Int, r: Output, past: Input? = nil, dx: Output? = nil,
        dWeight: Output? = nil, isRepeated: Bool = false
    ) {
        (self.rows, self.width, self.epsilon, self.isRepeated) = (rows, width, epsilon, isRepeated)
        (self.x, self.weight, self.y, self.yRow, self.r) = (x, weight, y, yRow, r)
        (self.past, self.dx, self.dWeight) = (past, dx, dWeight)
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
    /// Tokens before the queries, whose keys and values stand in front of theirs: query i sees keys 0 ... past + i. Forward only.
    public var past = 0
    /// Tokens, floats a head, query heads that share this key-value head.
    public var length: Int, headWidth: Int, group: Int
    /// (length, group * headWidth): q, rows `qRow` apart, as in its gradient; the output, rows `outRow` apart, as in its gradient.
    public var q: Input, qRow: Int, out: Output, outRow: Int
    /// (past + length, headWidth), rows `kvRow` apart, as in their gradients.
    public var k: Input, v: Input, kvRow: Int
    /// (group, length): the largest score of a row and 1 / sum of exp(score - largest). Written forward, read backward.
    public var rowMax: Output, rowScale: Output
    /// Backward: reads dOut (as `out`), writes dq (as q), adds to dk and dv (as k).
    public var dOut: Input?, dq: Output?, dk: Output?, dv: Output?
    /// `AttentionUnit.scratch` floats that no other thread uses, on a cache line.
    public var scratch: Output

    public init(
        length: Int, headWidth: Int, group: Int, q: Input, qRow: Int, out: Output, outRow: Int, k: Input, v: Input, kvRow: Int,
        rowMax: Output, rowScale: Output, dOut: Input? = nil, dq: Output? = nil, dk: Output? = nil, dv: Output? = nil, scratch: Output
    ) {
        (self.length, self.headWidth, self.group) = (length, headWidth, group)
        (self.q, self.qRow, self.out, self.outRow, self.k, self.v, self.kvRow) = (q, qRow, out, outRow, k, v, kvRow)
        (self.rowMax, self.rowScale) = (rowMax, rowScale)
        (self.dOut, self.dq, self.dk, self.dv, self.scratch) = (dOut, dq, dk, dv, scratch)
    }

    /// Queries and keys that a block of scores covers. The block of keys is part of the numerics: the softmax goes on block by block.
    public static let queryBlock = 64, keyBlock = 64

    /// Floats of scratch, whatever the length: a block of queries, of their gradients and of those of the output, across the lanes and
    /// packed, two blocks of scores, the statistics of the rows, and what the product needs.
    public static func scratch(headWidth: Int, panelWidth: Int, productScratch: Int) -> Int {
        let packed = (headWidth + panelWidth - 1) / panelWidth * panelWidth
        return queryBlock * (3 * headWidth + 2 * packed + 2 * keyBlock + 3) + productScratch
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
    public var weight: Output, gradient: Output, mean: Output, variance: Output
    /// Clipping factor that the gradient is multiplied by.
    public var gradientScale: Float
    public var beta1: Float, beta2: Float, epsilon: Float
    /// 1 - beta1, 1 - beta2, taken in Double: in Float the second would be 1e-5 off for a beta of 0.999.
    public var keep1: Float, keep2: Float
    /// learning rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t), 1 - learning rate * weight decay
    public var stepSize: Float, varianceScale: Float, decay: Float

    public init(
        count: Int, weight: Output, gradient: Output, mean: Output, variance: Output, gradientScale: Float,
        beta1: Double, beta2: Double, epsilon: Float, stepSize: Float, varianceScale: Float, decay: Float
    ) {
        (self.count, self.weight, self.gradient, self.mean, self.variance) = (count, weight, gradient, mean, variance)
        (self.gradientScale, self.beta1, self.beta2, self.epsilon) = (gradientScale, Float(beta1), Float(beta2), epsilon)
        (keep1, keep2) = (Float(1 - beta1), Float(1 - beta2))
        (self.stepSize, self.varianceScale, self.decay) = (stepSize, varianceScale, decay)
    }
}
