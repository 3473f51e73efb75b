/// A view of floats as a matrix: element (i, j) stands at base[i * rowStride + j * columnStride].
public struct Matrix {
    public var base: UnsafeMutablePointer<Float>
    public var rows: Int
    public var columns: Int
    public var rowStride: Int
    public var columnStride: Int
    /// Floats behind each row that belong to nobody and may be overwritten, so that a product need not stop within a vector.
    public var slack = 0

    /// Row-major, rows `rowStride` apart (default: dense).
    public init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, rowStride: Int? = nil) {
        (self.base, self.rows, self.columns) = (base, rows, columns)
        (self.rowStride, columnStride) = (rowStride ?? columns, 1)
    }

    public var transposed: Matrix {
        var copy = self
        (copy.rows, copy.columns) = (columns, rows)
        (copy.rowStride, copy.columnStride) = (columnStride, rowStride)
        copy.slack = 0
        return copy
    }

    /// Columns `first` ..< `first + count`.
    public func slice(_ first: Int, _ count: Int) -> Matrix {
        precondition(columnStride == 1 && first >= 0 && first + count <= columns, "columns \(first) ..< \(first + count) of \(columns)")
        return Matrix(base + first, rows, count, rowStride: rowStride)
    }
}

/// Rows of activations, each on a cache line.
public final class ActivationBuffer {
    private let buffer: FloatBuffer
    public let matrix: Matrix

    public init(_ rows: Int, _ columns: Int) {
        let stride = (columns + 15) / 16 * 16
        buffer = FloatBuffer(rows * stride)
        var matrix = Matrix(buffer.base, rows, columns, rowStride: stride)
        matrix.slack = stride - columns
        self.matrix = matrix
    }
}
