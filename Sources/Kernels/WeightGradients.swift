import KernelTypes

/// The gradient of a projection y = x W^T: gradient += dy^T x. Shapes: x (N, I), dy (N, O), both packed; gradient (O, I).
public struct WeightGradient {
    public var x: PackedMatrix, dy: PackedRows, gradient: Matrix

    public init(x: PackedMatrix, dy: PackedRows, gradient: Matrix) {
        precondition(
            x.depth == dy.depth && x.precision == dy.precision && gradient.rows == dy.columns && gradient.columns == x.columns && gradient.columnStride == 1,
            "shapes of a weight's gradient")
        (self.x, self.dy, self.gradient) = (x, dy, gradient)
    }
}

/// Gradients of several projections, computed together, so that small ones fill all threads.
public final class WeightGradients: @unchecked Sendable {
    fileprivate let jobs: [WeightGradient]
    /// Some outputs of a job each.
    fileprivate let pieces: [(job: Int, first: Int, count: Int)]

    public init(_ jobs: [WeightGradient]) {
        self.jobs = jobs
        pieces = jobs.enumerated().flatMap { index, job in
            // About 96: fewer would read the panels of x too often, more would leave threads idle.
            let outputs = job.dy.columns
            let parts = max(1, (outputs + 48) / 96)
            let size = ((outputs + parts - 1) / parts + rowGroup - 1) / rowGroup * rowGroup
            return stride(from: 0, to: outputs, by: size).map { (index, $0, min(size, outputs - $0)) }
        }
    }
}

extension Compute {
    /// Adds all gradients; each element is one chain over ascending tokens, continued from what was there.
    public func addGradients(_ gradients: WeightGradients) {
        pool.forEach(gradients.pieces.count, GradientWork(compute: self, gradients: gradients))
    }
}

private struct GradientWork: PieceWork {
    unowned(unsafe) let compute: Compute
    unowned(unsafe) let gradients: WeightGradients

    func run(_ piece: Int, _ thread: Int) {
        let (job, first, count) = gradients.pieces[piece]
        let (x, dy, gradient) = (gradients.jobs[job].x, gradients.jobs[job].dy, gradients.jobs[job].gradient)
        let depth = compute.kernels.steps(x.depth, x.precision)
        compute.kernels.pointee.product(
            Product(
                rows: count, columns: x.columns, depth: depth, a: Input(dy.base) + first * depth, aGroup: rowGroup * depth, aRow: 1,
                aColumn: rowGroup, b: Input(x.base), bDepth: depth, c: gradient.base + first * gradient.rowStride, cRow: gradient.rowStride,
                accumulates: true, isPaired: x.precision == .bf16, scratch: compute.scratch(of: thread)))
    }
}
