import KernelTypes

/// Operations on whole tensors that strategies use. Every element is rounded as it is written here, so that all instruction sets and numbers
/// of threads give the same bits. Shapes: (count).
extension Compute {
    /// Sum of x[i] * y[i] in Double, in ascending order within a piece, the pieces added in order.
    public func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int) -> Double {
        let pieces = (count + Dot.size - 1) / Dot.size
        let sums = doubleScratch(pieces)
        forRanges(count, Dot(x: x, y: y, sums: sums))
        return UnsafeBufferPointer(start: sums, count: pieces).reduce(0, +)
    }

    /// to += factor * x.
    public func add(_ x: UnsafePointer<Float>, times factor: Float, to: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, AddScaled(x: x, factor: factor, to: to))
    }

    /// x *= factor.
    public func scale(_ x: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        forRanges(count, Scale(kernels: kernels, x: x, factor: factor))
    }

    /// to += factor * x^2.
    public func addSquares(_ x: UnsafePointer<Float>, times factor: Float, to: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, AddSquares(x: x, factor: factor, to: to))
    }

    /// to += factor * stiffness * (x - anchor): the gradient of (factor / 2) stiffness (x - anchor)^2.
    public func addPull(
        _ x: UnsafePointer<Float>, anchor: UnsafePointer<Float>, stiffness: UnsafePointer<Float>, times factor: Float,
        to: UnsafeMutablePointer<Float>, count: Int
    ) {
        forRanges(count, AddPull(x: x, anchor: anchor, stiffness: stiffness, factor: factor, to: to))
    }

    /// x = (1 - share) * before + share * x; for a share of 0 and 1 the bits of the one and the other.
    public func interpolate(_ before: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>, share: Float, count: Int) {
        forRanges(count, Interpolate(before: before, x: x, share: share))
    }
}

private let vectorPiece = 16384

private struct Dot: RangeWork {
    static var size: Int { vectorPiece }
    let x: Input, y: Input, sums: UnsafeMutablePointer<Double>

    func run(first: Int, count: Int) {
        var sum = 0.0
        var i = first
        while i < first + count {
            sum += Double(x[i]) * Double(y[i])
            i += 1
        }
        sums[first / Self.size] = sum
    }
}

private struct AddScaled: RangeWork {
    static var size: Int { vectorPiece }
    let x: Input, factor: Float, to: Output

    func run(first: Int, count: Int) {
        var i = first
        while i < first + count {
            to[i] += factor * x[i]
            i += 1
        }
    }
}

private struct Scale: RangeWork {
    static var size: Int { vectorPiece }
    let kernels: UnsafePointer<KernelTable>, x: Output, factor: Float

    func run(first: Int, count: Int) { kernels.pointee.scale(x + first, factor, count) }
}

private struct AddSquares: RangeWork {
    static var size: Int { vectorPiece }
    let x: Input, factor: Float, to: Output

    func run(first: Int, count: Int) {
        var i = first
        while i < first + count {
            to[i] += factor * (x[i] * x[i])
            i += 1
        }
    }
}

private struct AddPull: RangeWork {
    static var size: Int { vectorPiece }
    let x: Input, anchor: Input, stiffness: Input, factor: Float, to: Output

    func run(first: Int, count: Int) {
        var i = first
        while i < first + count {
            to[i] += factor * stiffness[i] * (x[i] - anchor[i])
            i += 1
        }
    }
}

private struct Interpolate: RangeWork {
    static var size: Int { vectorPiece }
    let before: Input, x: Output, share: Float

    func run(first: Int, count: Int) {
        let rest = 1 - share
        var i = first
        while i < first + count {
            x[i] = rest * before[i] + share * x[i]
            i += 1
        }
    }
}
