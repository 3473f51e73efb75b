import KernelTypes

extension Compute {
    /// C = A B, or C + A B: each element one chain of fused multiply-adds in ascending k.
    ///
    /// A and B may be transposed views; C is row-major and overlaps neither. Shapes that do not fit trap.
    public func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, accumulate: Bool = false) {
        precondition(a.columns == b.rows && a.rows == c.rows && b.columns == c.columns && c.columnStride == 1, "shapes of a matrix product")
        guard c.rows > 0, c.columns > 0 else { return }
        let depth = a.columns
        let width = kernels.panelWidth
        var bBase = Input(b.base), bRow = b.rowStride
        let packs = b.columnStride != 1
        if packs {
            precondition(b.rowStride == 1, "B is row-major or transposed")
            let panels = (c.columns + width - 1) / width
            let packed = sharedScratch(panels * width * depth).base
            let panelsAPiece = max(1, 16384 / max(1, depth * width))
            forRanges(panels, of: panelsAPiece) { first, count in
                let j = first * width
                kernels.packTransposed(
                    Input(b.base) + j * b.columnStride, b.columnStride, min(count * width, c.columns - j), depth, packed + j * depth)
            }
            (bBase, bRow) = (Input(packed), width)
        }
        // Whole tiles (12 rows suit every instruction set): many pieces where there are many rows, some where there are few.
        let rowsAPiece = c.rows >= 1024 ? 96 : c.rows >= 240 ? 48 : 24
        let scratch = threadScratch(kernels.productScratch)
        let pieces = (c.rows + rowsAPiece - 1) / rowsAPiece
        pool.forEach(pieces) { piece, thread in
            let i = piece * rowsAPiece
            kernels.product(
                Product(
                    rows: min(rowsAPiece, c.rows - i), columns: c.columns, depth: depth,
                    a: Input(a.base) + i * a.rowStride, aRow: a.rowStride, aColumn: a.columnStride,
                    b: bBase, bRow: bRow, isPacked: packs, c: c.base + i * c.rowStride, cRow: c.rowStride,
                    accumulates: accumulate, scratch: scratch[thread].base))
        }
    }
}
