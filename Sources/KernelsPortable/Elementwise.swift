import KernelTypes

/// to[i] += x[i]. Shapes: (count). One rounding an element.
func add(_ x: Input, _ to: Output, _ count: Int) {
    var i = 0
    while i < count {
        to[i] += x[i]
        i += 1
    }
}

/// x[i] *= by. Shapes: (count). One rounding an element.
func scale(_ x: Output, _ by: Float, _ count: Int) {
    var i = 0
    while i < count {
        x[i] *= by
        i += 1
    }
}

/// Sum of x[i]^2, in blocks of 1024 whose sums are added in Double.
/// Error: relative error at most 5e-6 for 1e-15 <= |x| <= 1e15 (or x = 0); a block whose sum is beyond Float gives infinity.
func sumOfSquares(_ x: Input, _ count: Int) -> Double {
    var total = 0.0
    var i = 0
    while i < count {
        let end = count - i < 1024 ? count : i + 1024
        var squares = Lanes(repeating: 0)
        while i + 16 <= end {
            let v = load(x + i)
            squares = fused(v, v, squares)
            i += 16
        }
        if i < end {
            let v = load(x + i, end - i)
            squares = fused(v, v, squares)
            i = end
        }
        total += Double(sum(squares))
    }
    return total
}

/// y[i] = e^x[i]. Shapes: (count). y may be x. Error: at most 2 ULP for -87.3 <= x <= 88.3, held to that range outside.
func exponential(_ x: Input, _ y: Output, _ count: Int) {
    var i = 0
    while i + 16 <= count {
        store(exponential(load(x + i)), y + i)
        i += 16
    }
    if i < count { store(exponential(load(x + i, count - i)), y + i, count - i) }
}
