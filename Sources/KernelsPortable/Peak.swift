import KernelTypes

// A vector as wide as the registers: a wider one would take twice the registers and spill.
#if STRATA_AVX512
    typealias PeakVector = SIMD16<Float>
#elseif STRATA_AVX2
    typealias PeakVector = SIMD8<Float>
#else
    typealias PeakVector = SIMD4<Float>
#endif

/// The most that the multiply-add units do: chains x <- x / 2 + 1 / 2 that wait for nothing but themselves, no memory, no loads. A
/// core has two units or so that take about four cycles each, which asks for at least eight; fourteen fit into sixteen registers.
/// Without fused multiply-add each link is a product and a sum.
///
/// start[0] is read, so that nothing can be computed beforehand, and becomes the mean of the chains, so that nothing can be left
/// out: they all tend to 1, and are there within 1e-6 after 64 rounds from any start between -1e6 and 1e6.
/// Returns the floating-point operations done, a fused multiply-add as two.
func peak(_ rounds: Int, _ start: Output) -> Int {
    let chainCount = 14
    let half = PeakVector(repeating: 0.5)
    let x = PeakVector(repeating: start[0])
    // A literal, for the reason given in Product.swift.
    var chains: InlineArray<14, PeakVector> = [x, x, x, x, x, x, x, x, x, x, x, x, x, x]
    var i = 0
    while i < chainCount {
        chains[i] = chains[i] + PeakVector(repeating: Float(i))
        i += 1
    }
    var round = 0
    while round < rounds {
        i = 0
        while i < chainCount {
            #if STRATA_FMA
                chains[i] = half.addingProduct(chains[i], half)
            #else
                chains[i] = chains[i] * half + half
            #endif
            i += 1
        }
        round += 1
    }
    var sum = PeakVector(repeating: 0)
    i = 0
    while i < chainCount {
        sum = sum + chains[i]
        i += 1
    }
    var mean: Float = 0
    i = 0
    while i < PeakVector.scalarCount {
        mean += sum[i]
        i += 1
    }
    start[0] = mean / Float(chainCount * PeakVector.scalarCount)
    return rounds * 2 * chainCount * PeakVector.scalarCount
}
