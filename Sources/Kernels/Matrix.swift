/// A view of floats as a matrix: element (i, j) stands at base[i * rowStride + j * columnStride].
public struct Matrix {
    public var base: UnsafeMutablePointer<Float>
    public var rows: Int
    public var columns: Int
    public var rowStride: Int
    public var columnStride: Int

    /// Row-major, rows `rowStride` apart (default: dense).
    public init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, rowStride: Int? = nil) {
        (self.base, self.rows, self.columns) = (base, rows, columns)
        (self.rowStride, columnStride) = (rowStride ?? columns, 1)
    }

    public var transposed: Matrix {
        var copy = self
        (copy.rows, copy.columns) = (columns, rows)
        (copy.rowStride, copy.columnStride) = (columnStride, rowStride)
        return copy
    }
}
