import Kernels

/// How fast the matrix product runs at a size that suits it: 384 x 384 x 384.
public enum ProductSpeed {
    /// Floating-point operations a second, the best of 20.
    public static func operationsASecond(_ compute: Compute) -> Double {
        let size = 384
        let a = FloatBuffer(size * size), b = FloatBuffer(size * size), c = FloatBuffer(size * size)
        a.fill(0.5)
        b.fill(0.25)
        var best = Duration.seconds(1000)
        let clock = ContinuousClock()
        for repetition in 0..<20 {
            a.base[repetition] = Float(repetition)
            let start = clock.now
            compute.multiply(Matrix(a.base, size, size), Matrix(b.base, size, size), into: Matrix(c.base, size, size))
            best = min(best, clock.now - start)
        }
        return 2 * Double(size * size * size) / (best / .seconds(1))
    }
}
