/// A stream of random numbers that is the same on every machine: xoshiro256** seeded through SplitMix64.
///
/// A label parts streams of one seed: `RandomStream(seed: 7, "batches")` and `RandomStream(seed: 7, "init")` are independent.
/// Source: Blackman & Vigna 2021, arXiv 1805.01407; Lemire 2019, arXiv 1805.10941, for the unbiased range.
public struct RandomStream: RandomNumberGenerator, Sendable, Hashable {
    /// The whole state, to be kept for an exact resume.
    public var state: (UInt64, UInt64, UInt64, UInt64) { (s0, s1, s2, s3) }
    private var s0: UInt64, s1: UInt64, s2: UInt64, s3: UInt64

    public init(seed: Int, _ label: String = "") {
        // FNV-1a over the label, then SplitMix64 over seed and hash.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var mix = UInt64(bitPattern: Int64(seed)) &+ hash &* 0x9e37_79b9_7f4a_7c15
        func next() -> UInt64 {
            mix &+= 0x9e37_79b9_7f4a_7c15
            var z = mix
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
        (s0, s1, s2, s3) = (next(), next(), next(), next())
    }

    public init(state: (UInt64, UInt64, UInt64, UInt64)) {
        precondition(state != (0, 0, 0, 0), "xoshiro cannot start from zeros")
        (s0, s1, s2, s3) = state
    }

    public mutating func next() -> UInt64 {
        func rotated(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotated(s1 &* 5, 7) &* 9
        let t = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = rotated(s3, 45)
        return result
    }

    /// A whole number from 0 to `bound` - 1, every one as likely.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a range needs at least one number")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// A real number in [0, 1) with 53 random bits.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number from the standard normal distribution (Box-Muller, one of the pair).
    public mutating func normal() -> Double {
        let u = 1 - uniform()
        let angle = uniform() * 6.283185307179586
        return (-2 * ExactMath.log(u)).squareRoot() * ExactMath.sineCosine(angle).cosine
    }

    /// One of the elements, every one as likely.
    public mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    /// The elements in a random order (Fisher-Yates).
    public mutating func shuffled<T>(_ items: [T]) -> [T] {
        var items = items
        var i = items.count - 1
        while i > 0 {
            items.swapAt(i, below(i + 1))
            i -= 1
        }
        return items
    }
}
