import KernelTypes

private let floatsAPiece = 16384

extension Compute {
    /// y = e^x. Shapes: (count). Error: see the kernel.
    public func exponential(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, Exponential(kernels: kernels, x: x, y: y))
    }

    /// Sum of x[i]^2 in Double, the pieces added in order.
    public func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
        let pieces = (count + floatsAPiece - 1) / floatsAPiece
        let sums = doubleScratch(pieces)
        forRanges(count, SumOfSquares(kernels: kernels, x: x, sums: sums))
        return UnsafeBufferPointer(start: sums, count: pieces).reduce(0, +)
    }

    /// AdamW of one tensor, whose gradient becomes 0; see the kernel and `AdamWRange`.
    public func adamW(_ range: AdamWRange) {
        forRanges(range.count, AdamW(kernels: kernels, range: range))
    }
}

private struct Exponential: RangeWork {
    static var size: Int { floatsAPiece }
    let kernels: UnsafePointer<KernelTable>, x: Input, y: Output

    func run(first: Int, count: Int) { kernels.pointee.exponential(x + first, y + first, count) }
}

private struct SumOfSquares: RangeWork {
    static var size: Int { floatsAPiece }
    let kernels: UnsafePointer<KernelTable>, x: Input, sums: UnsafeMutablePointer<Double>

    func run(first: Int, count: Int) { sums[first / Self.size] = kernels.pointee.sumOfSquares(x + first, count) }
}

private struct AdamW: RangeWork {
    static var size: Int { floatsAPiece }
    let kernels: UnsafePointer<KernelTable>, range: AdamWRange

    func run(first: Int, count: Int) {
        var part = range
        part.count = count
        part.weight += first
        part.gradient += first
        part.mean += first
        part.variance += first
        kernels.pointee.adamW(part)
    }
}
