import KernelTypes

extension Compute {
    private var rowsAPiece: Int { 64 }

    /// RMSNorm forward: y = x * r * weight, r kept. Shapes: x, y (rows, width); weight (width); r (rows). y may be x.
    public func normForward(
        x: UnsafePointer<Float>, weight: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, r: UnsafeMutablePointer<Float>,
        rows: Int, width: Int, epsilon: Float
    ) {
        forRanges(rows, of: rowsAPiece) { first, count in
            kernels.normForward(
                NormRows(
                    rows: count, width: width, epsilon: epsilon, x: x + first * width, weight: weight, y: y + first * width, r: r + first))
        }
    }

    /// RMSNorm backward: adds to dx, and to dWeight where it is given. dx may not be dy.
    public func normBackward(
        x: UnsafePointer<Float>, weight: UnsafePointer<Float>, r: UnsafeMutablePointer<Float>, dy: UnsafeMutablePointer<Float>,
        dx: UnsafeMutablePointer<Float>, dWeight: UnsafeMutablePointer<Float>?, rows: Int, width: Int, epsilon: Float
    ) {
        let pieces = (rows + rowsAPiece - 1) / rowsAPiece
        // Each piece sums its own rows; the pieces are added in their order below.
        let partial = dWeight == nil ? nil : sharedScratch(pieces * width).base
        partial?.update(repeating: 0, count: pieces * width)
        forRanges(rows, of: rowsAPiece) { first, count in
            kernels.normBackward(
                NormRows(
                    rows: count, width: width, epsilon: epsilon, x: x + first * width, weight: weight, y: dy + first * width, r: r + first,
                    dx: dx + first * width, dWeight: partial.map { $0 + first / rowsAPiece * width }))
        }
        guard let dWeight, let partial else { return }
        for piece in 0..<pieces { kernels.add(Input(partial + piece * width), dWeight, width) }
    }
}
