import KernelTypes

/// How the operands of products are rounded. Sums are in FP32 either way, and so is everything that is kept.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    case fp32
    /// Both operands rounded to bfloat16: seven bits behind the point, the range of FP32. Sums go in the order of the processor's bfloat16 dot product and have its
    /// bits on sets without it too, but for sums below 1.2e-38 (the smallest normal number), which the processor makes 0.
    case bf16
}

/// The right operand of products, in the panels that the kernels read: B (depth, columns), from any number of sources beside or below
/// each other.
public struct PackedMatrix: @unchecked Sendable {
    public let depth: Int
    public let columns: Int
    public let precision: Precision
    /// Columns rounded up to whole panels, times depth; with words of two k about half of it is used.
    let base: UnsafeMutablePointer<Float>

    /// - `memory`: `floatCount` floats that outlive the matrix. What belongs to no column may hold anything.
    public init(depth: Int, columns: Int, precision: Precision = .fp32, memory: UnsafeMutablePointer<Float>) {
        (self.depth, self.columns, self.precision, base) = (depth, columns, precision, memory)
    }

    /// Floats of memory that a packed matrix takes.
    public static func floatCount(depth: Int, columns: Int, _ compute: Compute) -> Int {
        let width = compute.kernels.pointee.panelWidth
        return (columns + width - 1) / width * width * depth
    }
}

/// The left operand of products that sum over its rows: the transpose of (depth, columns), in panels of `rowGroup` columns.
public struct PackedRows: @unchecked Sendable {
    public let depth: Int
    public let columns: Int
    public let precision: Precision
    let base: UnsafeMutablePointer<Float>

    /// - `memory`: `floatCount` floats that outlive the rows.
    public init(depth: Int, columns: Int, precision: Precision = .fp32, memory: UnsafeMutablePointer<Float>) {
        (self.depth, self.columns, self.precision, base) = (depth, columns, precision, memory)
    }

    public static func floatCount(depth: Int, columns: Int) -> Int { (columns + rowGroup - 1) / rowGroup * rowGroup * depth }
}

/// One source of a packed matrix, or a part of it small enough to be a piece of work.
public struct Packing: @unchecked Sendable {
    let source: UnsafePointer<Float>, sourceRow: Int, columns: Int, depth: Int
    let target: UnsafeMutablePointer<Float>, targetDepth: Int
    /// First column of the transposed source, else its first row in the target.
    let first: Int
    let isTransposed: Bool
    let precision: Precision

    func run(_ kernels: UnsafePointer<KernelTable>) {
        guard isTransposed else {
            kernels.pack(
                PanelRows(
                    source: source, sourceRow: sourceRow, columns: columns, depth: depth, packed: target, packedDepth: targetDepth, firstRow: first,
                    width: kernels.pointee.panelWidth, isLeft: false), precision)
            return
        }
        switch precision {
        case .fp32: kernels.pointee.packTransposed(source, sourceRow, columns, depth, target, first)
        case .bf16: kernels.pointee.packTransposedRounded(source, sourceRow, columns, depth, target, first)
        }
    }

    /// Pieces that pack `weight` (columns, depth) transposed into columns `first`... of `packed`: B[k, first + j] = weight[j, k].
    public static func transposed(_ weight: Matrix, into packed: PackedMatrix, firstColumn first: Int = 0, _ compute: Compute) -> [Packing] {
        precondition(weight.columnStride == 1 && weight.columns == packed.depth && first + weight.rows <= packed.columns, "the shape of a packed matrix")
        let size = max(1, 16384 / max(1, weight.columns) / 16) * 16
        return stride(from: 0, to: weight.rows, by: size).map { j in
            Packing(
                source: Input(weight.base) + j * weight.rowStride, sourceRow: weight.rowStride, columns: min(size, weight.rows - j), depth: weight.columns,
                target: packed.base, targetDepth: packed.depth, first: first + j, isTransposed: true, precision: packed.precision)
        }
    }

    /// Pieces that pack `rows` (depth, columns) as rows `first`... of `packed`: B[first + k, j] = rows[k, j].
    public static func rows(_ rows: Matrix, into packed: PackedMatrix, firstRow first: Int = 0, _ compute: Compute) -> [Packing] {
        precondition(rows.columnStride == 1 && rows.columns == packed.columns && first + rows.rows <= packed.depth, "the shape of a packed matrix")
        // Even, so that no pair of rows is cut that need not be.
        let size = max(2, 16384 / max(1, rows.columns) / 2 * 2)
        return stride(from: 0, to: rows.rows, by: size).map { k in
            Packing(
                source: Input(rows.base) + k * rows.rowStride, sourceRow: rows.rowStride, columns: rows.columns, depth: min(size, rows.rows - k),
                target: packed.base, targetDepth: packed.depth, first: first + k, isTransposed: false, precision: packed.precision)
        }
    }
}

extension UnsafePointer<KernelTable> {
    /// Packs rows in panels, rounded or as they are.
    func pack(_ rows: PanelRows, _ precision: Precision) {
        switch precision {
        case .fp32:
            pointee.packColumns(
                rows.source, rows.sourceRow, rows.columns, rows.depth, rows.packed + rows.firstRow * rows.width, rows.packedDepth * rows.width, rows.width)
        case .bf16: pointee.packColumnsRounded(rows)
        }
    }

    /// What products count the depth in.
    func steps(_ depth: Int, _ precision: Precision) -> Int { precision == .bf16 ? pointee.steps(depth) : depth }
}

extension Compute {
    public func pack(_ pieces: [Packing]) {
        pool.forEach(pieces.count, PackingWork(kernels: kernels, pieces: pieces))
    }
}

private struct PackingWork: PieceWork {
    let kernels: UnsafePointer<KernelTable>, pieces: [Packing]

    func run(_ piece: Int, _ thread: Int) { pieces[piece].run(kernels) }
}
