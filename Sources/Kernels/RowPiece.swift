import KernelTypes

/// Rows of the largest piece.
let largestPiece = 96

/// Some rows of the batch, in the hands of one thread. What a token needs of a layer is done for these rows from one end to the other,
/// while they are in the thread's cache. Every method works on rows `first` ..< `first + count` of the matrices it is given.
public struct RowPiece {
    public let index: Int
    public let first: Int
    public let count: Int
    let kernels: UnsafePointer<KernelTable>
    let scratch: UnsafeMutablePointer<Float>
    let localMemory: UnsafeMutablePointer<Float>
    /// For the rounded rows of a left operand.
    let roundedMemory: UnsafeMutablePointer<Float>

    /// Rows that only this piece uses and that are gone after it, on cache lines, behind `offset` floats of the piece's local memory.
    public func local(_ columns: Int, offset: Int = 0) -> Matrix {
        let stride = (columns + 15) / 16 * 16
        var matrix = Matrix(localMemory + offset - first * stride, first + count, columns, rowStride: stride)
        matrix.slack = stride - columns
        return matrix
    }

    /// Floats that `local` takes of the local memory.
    public static func localCount(_ columns: Int) -> Int { largestPiece * ((columns + 15) / 16 * 16) }

    /// The piece's rows of a right operand whose depth are the tokens.
    public func pack(_ x: Matrix, into packed: PackedMatrix) {
        kernels.pack(
            PanelRows(
                source: Input(x.base) + first * x.rowStride, sourceRow: x.rowStride, columns: x.columns, depth: count, packed: packed.base,
                packedDepth: packed.depth, firstRow: first, width: kernels.pointee.panelWidth, isLeft: false), packed.precision)
    }

    /// The piece's rows of a left operand that is summed over the tokens.
    public func pack(_ x: Matrix, into packed: PackedRows) {
        kernels.pack(
            PanelRows(
                source: Input(x.base) + first * x.rowStride, sourceRow: x.rowStride, columns: x.columns, depth: count, packed: packed.base,
                packedDepth: packed.depth, firstRow: first, width: rowGroup, isLeft: true), packed.precision)
    }

    /// c = [c +] a B [+ addend]. The addend is laid out like c, with its slack; it may not be c.
    public func multiply(_ a: Matrix, _ b: PackedMatrix, into c: Matrix, adding addend: UnsafePointer<Float>? = nil, accumulate: Bool = false) {
        assert(a.columns == b.depth && c.columns == b.columns && a.columnStride == 1 && c.columnStride == 1, "shapes of a matrix product")
        let whole = (b.columns + 15) / 16 * 16
        let depth = kernels.steps(b.depth, b.precision)
        var rows = Input(a.base) + first * a.rowStride
        var stride = a.rowStride
        if b.precision == .bf16 {
            stride = (depth + 15) / 16 * 16
            kernels.pointee.roundRows(rows, a.rowStride, roundedMemory, stride, count, b.depth)
            rows = Input(roundedMemory)
        }
        kernels.pointee.product(
            Product(
                rows: count, columns: whole - b.columns <= c.slack ? whole : b.columns, depth: depth, a: rows, aGroup: rowGroup * stride, aRow: stride,
                aColumn: 1, b: Input(b.base), bDepth: depth, c: c.base + first * c.rowStride, cRow: c.rowStride,
                addend: addend.map { $0 + first * c.rowStride }, accumulates: accumulate, isPaired: b.precision == .bf16, scratch: scratch))
    }

    /// Softmax cross-entropy of rows of logits, in nats. losses[t] = -log softmax(logits[t])[targets[t]]; a target below 0
    /// counts nothing: loss 0 and gradient 0. isBest[t] says whether the target is the most likely token.
    /// With gradientScale other than 0 the logits become gradientScale * (softmax - onehot).
    public func crossEntropy(
        logits: Matrix, targets: UnsafePointer<Int32>, gradientScale: Float, losses: UnsafeMutablePointer<Double>,
        isBest: UnsafeMutablePointer<Bool>
    ) {
        for t in first..<first + count {
            let target = Int(targets[t])
            let row = logits.base + t * logits.rowStride
            precondition(target < logits.columns, "target \(target) of a vocabulary of \(logits.columns)")
            if target < 0 {
                losses[t] = 0
                isBest[t] = false
                if gradientScale != 0 { row.update(repeating: 0, count: logits.columns) }
                continue
            }
            let result = kernels.pointee.crossEntropyRow(row, logits.columns, target, gradientScale)
            let isUsable = result.sum.isFinite && result.largest.isFinite && result.sum > 0
            losses[t] = isUsable ? ExactMath.log(Double(result.sum)) - (Double(result.target) - Double(result.largest)) : .nan
            isBest[t] = result.best == target
        }
    }

    /// RMSNorm: y = x * r * weight, r kept, or with `isRepeated` taken as it is. x in dense rows.
    public func normForward(
        x: UnsafePointer<Float>, weight: UnsafePointer<Float>, y: Matrix, r: UnsafeMutablePointer<Float>, epsilon: Float, isRepeated: Bool = false
    ) {
        kernels.pointee.normForward(
            NormRows(
                rows: count, width: y.columns, epsilon: epsilon, x: x + first * y.columns, weight: weight, y: y.base + first * y.rowStride,
                yRow: y.rowStride, r: r + first, isRepeated: isRepeated))
    }

    /// Backward of RMSNorm: dx = past + what comes through the norm; x, past and dx in dense rows. With `partial` (pieces, width) the weight's gradient
    /// over the rows of this piece is written to its row.
    public func normBackward(
        x: UnsafePointer<Float>, weight: UnsafePointer<Float>, r: UnsafeMutablePointer<Float>, dy: Matrix, past: UnsafePointer<Float>?,
        dx: UnsafeMutablePointer<Float>, partial: UnsafeMutablePointer<Float>?, epsilon: Float
    ) {
        let width = dy.columns
        let own = partial.map { $0 + index * width }
        own?.update(repeating: 0, count: width)
        kernels.pointee.normBackward(
            NormRows(
                rows: count, width: width, epsilon: epsilon, x: x + first * width, weight: weight, y: dy.base + first * dy.rowStride, yRow: dy.rowStride,
                r: r + first, past: past.map { $0 + first * width }, dx: dx + first * width, dWeight: own))
    }

    /// Turns heads by their position in the sequence, or back. Rows `rowStride` apart.
    public func rotate(
        _ x: UnsafeMutablePointer<Float>, rowStride: Int, length: Int, heads: Int, headWidth: Int, cosine: UnsafePointer<Float>,
        sine: UnsafePointer<Float>, isBackward: Bool
    ) {
        var row = first
        while row < first + count {
            let rows = min(first + count - row, length - row % length)
            kernels.pointee.rotate(
                RotaryRows(
                    rows: rows, heads: heads, headWidth: headWidth, firstPosition: row % length, x: x + row * rowStride, xRow: rowStride,
                    cosine: cosine, sine: sine, isBackward: isBackward))
            row += rows
        }
    }

    /// Turns the heads of each row by the row's own position. Rows `rowStride` apart.
    public func rotate(
        _ x: UnsafeMutablePointer<Float>, rowStride: Int, positions: UnsafePointer<Int>, heads: Int, headWidth: Int, cosine: UnsafePointer<Float>,
        sine: UnsafePointer<Float>
    ) {
        for row in first..<first + count {
            kernels.pointee.rotate(
                RotaryRows(
                    rows: 1, heads: heads, headWidth: headWidth, firstPosition: positions[row], x: x + row * rowStride, xRow: rowStride,
                    cosine: cosine, sine: sine, isBackward: false))
        }
    }

    /// SwiGLU: out = silu(gate) * up, `width` columns each. gate and up in rows of one stride.
    public func gateForward(gate: Matrix, up: Matrix, out: Matrix) {
        for row in first..<first + count {
            kernels.pointee.gateForward(
                Input(gate.base) + row * gate.rowStride, Input(up.base) + row * up.rowStride, out.base + row * out.rowStride, gate.columns)
        }
    }

    /// Backward of SwiGLU in place: gate and up become their gradients, dOut becomes the output again.
    public func gateBackward(gate: Matrix, up: Matrix, dOut: Matrix) {
        for row in first..<first + count {
            kernels.pointee.gateBackward(
                gate.base + row * gate.rowStride, up.base + row * up.rowStride, dOut.base + row * dOut.rowStride, gate.columns)
        }
    }

    /// y += x. x is laid out like y.
    public func add(_ x: UnsafePointer<Float>, to y: Matrix) {
        for row in first..<first + count { kernels.pointee.add(x + row * y.rowStride, y.base + row * y.rowStride, y.columns) }
    }

    /// x *= factor.
    public func scale(_ x: Matrix, by factor: Float) {
        for row in first..<first + count { kernels.pointee.scale(x.base + row * x.rowStride, factor, x.columns) }
    }
}

extension Compute {
    /// Rows a piece: whole register tiles of every instruction set, many pieces where there are many rows, some where there are few.
    private func rowsAPiece(_ rows: Int) -> Int { rows >= 1024 ? largestPiece : rows >= 240 ? 48 : 24 }

    /// Pieces that `forRows` makes of so many rows.
    public func pieceCount(rows: Int) -> Int { (rows + rowsAPiece(rows) - 1) / rowsAPiece(rows) }

    /// Calls `body` for pieces that cover all rows, on all threads. A body that is kept from call to call costs no allocation.
    /// - Parameters:
    ///   - localCount: floats of local memory of a piece.
    ///   - roundedDepth: the largest depth of a product in bfloat16.
    public func forRows(_ rows: Int, localCount: Int = 0, roundedDepth: Int = 0, _ body: @escaping (RowPiece) -> Void) {
        reserveScratch(kernels.pointee.productScratch + localCount + RowPiece.localCount(roundedDepth))
        pool.forEach(pieceCount(rows: rows), RowWork(compute: self, rows: rows, size: rowsAPiece(rows), localCount: localCount, body: body))
    }

    /// Memory for `partial` in `normBackward` (pieces, width). Holds until the next call that needs scratch of all threads.
    public func partialRows(_ rows: Int, width: Int) -> UnsafeMutablePointer<Float> { sharedScratch(pieceCount(rows: rows) * width) }

    /// Adds the rows of `partial` (pieces, width) to `total` (width) in their order.
    public func addPartials(_ partial: UnsafePointer<Float>, rows: Int, width: Int, to total: UnsafeMutablePointer<Float>) {
        for piece in 0..<pieceCount(rows: rows) { kernels.pointee.add(partial + piece * width, total, width) }
    }
}

private struct RowWork: PieceWork {
    unowned(unsafe) let compute: Compute
    let rows: Int, size: Int, localCount: Int
    let body: (RowPiece) -> Void

    func run(_ piece: Int, _ thread: Int) {
        let scratch = compute.scratch(of: thread)
        body(
            RowPiece(
                index: piece, first: piece * size, count: min(size, rows - piece * size), kernels: compute.kernels, scratch: scratch,
                localMemory: scratch + compute.kernels.pointee.productScratch,
                roundedMemory: scratch + compute.kernels.pointee.productScratch + localCount))
    }
}
