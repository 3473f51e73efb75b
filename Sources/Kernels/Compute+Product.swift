import KernelTypes

extension Compute {
    /// C = A B, or C + A B: each element one chain of fused multiply-adds in ascending k.
    ///
    /// A and B may be transposed views; C is row-major and overlaps neither. Shapes that do not fit trap.
    public func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, accumulate: Bool = false) {
        precondition(a.columns == b.rows && a.rows == c.rows && b.columns == c.columns && c.columnStride == 1, "shapes of a matrix product")
        precondition((a.columnStride == 1 || a.rowStride == 1) && (b.columnStride == 1 || b.rowStride == 1), "rows or columns stand together")
        guard c.rows > 0, c.columns > 0 else { return }
        if a.columnStride == 1 {
            let count = PackedMatrix.floatCount(depth: b.rows, columns: c.columns, self)
            let memory = sharedScratch(count)
            let packed = PackedMatrix(depth: b.rows, columns: c.columns, memory: memory)
            if b.columnStride == 1 {
                pack(Packing.rows(b, into: packed, self))
            } else {
                pack(Packing.transposed(b.transposed, into: packed, self))
            }
            forRows(c.rows) { piece in piece.multiply(a, packed, into: c, accumulate: accumulate) }
        } else {
            precondition(b.columnStride == 1, "A transposed goes with B as it is")
            if !accumulate {
                for row in 0..<c.rows { (c.base + row * c.rowStride).update(repeating: 0, count: c.columns) }
            }
            let first = PackedRows.floatCount(depth: b.rows, columns: a.rows)
            let memory = sharedScratch(first + PackedMatrix.floatCount(depth: b.rows, columns: b.columns, self))
            let left = PackedRows(depth: b.rows, columns: a.rows, memory: memory)
            let right = PackedMatrix(depth: b.rows, columns: b.columns, memory: memory + first)
            forRows(b.rows) { piece in
                piece.pack(a.transposed, into: left)
                piece.pack(b, into: right)
            }
            addGradients(WeightGradients([WeightGradient(x: right, dy: left, gradient: c)]))
        }
    }
}
