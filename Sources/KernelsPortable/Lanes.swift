import KernelTypes

// Building blocks of every kernel. This folder is compiled once an instruction set: the folders beside it hold links to
// these files. Only pointers, scalars and SIMD types may appear here, and only `while` loops: generic code of the
// standard library would become weak symbols that the linker could share between instruction sets.

typealias Lanes = SIMD16<Float>

/// a * b + c, rounded once where the instruction set can (everywhere but on baseline x86-64).
@inline(__always)
func fused(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
    #if STRATA_FMA
        c.addingProduct(a, b)
    #else
        c + a * b
    #endif
}

@inline(__always)
func load(_ p: UnsafePointer<Float>) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }

@inline(__always)
func load(_ p: UnsafeMutablePointer<Float>) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }

@inline(__always)
func store(_ x: Lanes, _ p: UnsafeMutablePointer<Float>) { UnsafeMutableRawPointer(p).storeBytes(of: x, as: Lanes.self) }

@inline(__always)
func load2(_ p: Input) -> SIMD2<Float> { UnsafeRawPointer(p).loadUnaligned(as: SIMD2<Float>.self) }
@inline(__always)
func load4(_ p: Input) -> SIMD4<Float> { UnsafeRawPointer(p).loadUnaligned(as: SIMD4<Float>.self) }
@inline(__always)
func load8(_ p: Input) -> SIMD8<Float> { UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self) }
@inline(__always)
func store2(_ x: SIMD2<Float>, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: x, as: SIMD2<Float>.self) }
@inline(__always)
func store4(_ x: SIMD4<Float>, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: x, as: SIMD4<Float>.self) }
@inline(__always)
func store8(_ x: SIMD8<Float>, _ p: Output) { UnsafeMutableRawPointer(p).storeBytes(of: x, as: SIMD8<Float>.self) }

/// The first `count` < 16 lanes from memory, the others `fill`. Halves and quarters go as a whole: single lanes are slow.
@inline(__always)
func load(_ p: Input, _ count: Int, fill: Float = 0) -> Lanes {
    let empty4 = SIMD4<Float>(repeating: fill), empty8 = SIMD8<Float>(repeating: fill)
    let at = count & 12
    var rest = empty4
    var i = at
    while i < count {
        rest[i - at] = p[i]
        i += 1
    }
    if count >= 12 { return Lanes(lowHalf: load8(p), highHalf: SIMD8(lowHalf: load4(p + 8), highHalf: rest)) }
    if count >= 8 { return Lanes(lowHalf: load8(p), highHalf: SIMD8(lowHalf: rest, highHalf: empty4)) }
    if count >= 4 { return Lanes(lowHalf: SIMD8(lowHalf: load4(p), highHalf: rest), highHalf: empty8) }
    return Lanes(lowHalf: SIMD8(lowHalf: rest, highHalf: empty4), highHalf: empty8)
}

@inline(__always)
func store(_ x: Lanes, _ p: Output, _ count: Int) {
    let at = count & 12
    var rest = x.lowHalf.lowHalf
    if count >= 8 { store8(x.lowHalf, p) }
    if count >= 12 {
        store4(x.highHalf.lowHalf, p + 8)
        rest = x.highHalf.highHalf
    } else if count >= 8 {
        rest = x.highHalf.lowHalf
    } else if count >= 4 {
        store4(rest, p)
        rest = x.lowHalf.highHalf
    }
    var i = at
    while i < count {
        p[i] = rest[i - at]
        i += 1
    }
}

/// Sum of the lanes by halves: the same tree on every instruction set.
@inline(__always)
func sum(_ x: Lanes) -> Float {
    let a = x.lowHalf + x.highHalf
    let b = a.lowHalf + a.highHalf
    let c = b.lowHalf + b.highHalf
    return c.x + c.y
}

/// Larger of each pair of lanes.
@inline(__always)
func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }

@inline(__always)
func largest(_ x: Lanes) -> Float {
    let a = x.lowHalf.replacing(with: x.highHalf, where: x.highHalf .> x.lowHalf)
    let b = a.lowHalf.replacing(with: a.highHalf, where: a.highHalf .> a.lowHalf)
    let c = b.lowHalf.replacing(with: b.highHalf, where: b.highHalf .> b.lowHalf)
    return c.y > c.x ? c.y : c.x
}

/// e^x lane by lane. x is held to -87.3...88.3 (below, about 1.2e-38; above, 2.2e38); a NaN stays a NaN.
/// Error: at most 2 ULP there.
@_transparent
func exponential(_ x: Lanes) -> Lanes {
    let high = Lanes(repeating: 88.3), low = Lanes(repeating: -87.3)
    var y = x.replacing(with: high, where: x .> high)
    y.replace(with: low, where: y .< low)
    // n = round(x / ln 2) by adding 1.5 x 2^23; its low bits then hold n.
    let shift = Lanes(repeating: 12582912)
    let shifted = fused(y, Lanes(repeating: 1.44269504), shift)
    let n = shifted - shift
    var r = fused(n, Lanes(repeating: -0.693359375), y)
    r = fused(n, Lanes(repeating: 2.12194440e-4), r)
    // Minimax polynomial of e^r on |r| <= ln(2)/2 (degree 6, Cephes coefficients of expf).
    var p = Lanes(repeating: 1.9875691500e-4)
    p = fused(p, r, Lanes(repeating: 1.3981999507e-3))
    p = fused(p, r, Lanes(repeating: 8.3334519073e-3))
    p = fused(p, r, Lanes(repeating: 4.1665795894e-2))
    p = fused(p, r, Lanes(repeating: 1.6666665459e-1))
    p = fused(p, r, Lanes(repeating: 5.0000001201e-1))
    p = fused(p, r * r, r) + 1
    // 2^n by the exponent field: -126 <= n <= 127.
    let bits = unsafeBitCast(shifted, to: SIMD16<Int32>.self) &- SIMD16<Int32>(repeating: 0x4b40_0000 - 127)
    return p * unsafeBitCast(bits &<< 23, to: Lanes.self)
}

/// 1 / (1 + e^-x) lane by lane.
@inline(__always)
func sigmoid(_ x: Lanes) -> Lanes { 1 / (1 + exponential(-x)) }
