import KernelTypes

extension Compute {
    /// RMSNorm forward: y = x * r * weight, r kept. Shapes: x, y (rows, width); weight (width); r (rows). y may be x.
    public func normForward(
        x: UnsafePointer<Float>, weight: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, r: UnsafeMutablePointer<Float>,
        rows: Int, width: Int, epsilon: Float
    ) {
        forRows(rows) { $0.normForward(x: x, weight: weight, y: Matrix(y, rows, width), r: r, epsilon: epsilon) }
    }
}
