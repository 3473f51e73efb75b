import KernelTypes

extension Compute {
    private var floatsAPiece: Int { 16384 }

    /// SwiGLU: out = silu(gate) * up. Shapes: all (count). out may be gate or up.
    public func gateForward(gate: UnsafePointer<Float>, up: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, of: floatsAPiece) { first, count in kernels.gateForward(gate + first, up + first, out + first, count) }
    }

    /// Backward of SwiGLU in place: gate and up become their gradients. dOut may not be either.
    public func gateBackward(gate: UnsafeMutablePointer<Float>, up: UnsafeMutablePointer<Float>, dOut: UnsafePointer<Float>, count: Int) {
        forRanges(count, of: floatsAPiece) { first, count in kernels.gateBackward(gate + first, up + first, dOut + first, count) }
    }

    /// to += x. Shapes: (count).
    public func add(_ x: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, of: floatsAPiece) { first, count in kernels.add(x + first, to + first, count) }
    }

    /// x *= factor. Shapes: (count).
    public func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        forRanges(count, of: floatsAPiece) { first, count in kernels.scale(x + first, factor, count) }
    }

    /// y = e^x. Shapes: (count). Error: see the kernel.
    public func exponential(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, of: floatsAPiece) { first, count in kernels.exponential(x + first, y + first, count) }
    }

    /// Sum of x[i]^2 in Double, the pieces added in order.
    public func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
        let pieces = (count + floatsAPiece - 1) / floatsAPiece
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(pieces, 1)) { sums in
            nonisolated(unsafe) let sums = sums
            pool.forEach(pieces) { piece, _ in
                let first = piece * floatsAPiece
                sums[piece] = kernels.sumOfSquares(x + first, min(floatsAPiece, count - first))
            }
            return sums.prefix(pieces).reduce(0, +)
        }
    }

    /// AdamW of one tensor; see the kernel and `AdamWRange`.
    public func adamW(_ range: AdamWRange) {
        forRanges(range.count, of: floatsAPiece) { first, count in
            var part = range
            part.count = count
            part.weight += first
            part.gradient += first
            part.mean += first
            part.variance += first
            kernels.adamW(part)
        }
    }
}
