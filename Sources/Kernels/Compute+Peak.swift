import KernelTypes

extension Compute {
    /// The peak of the multiply-add units in floating-point operations a second, on all threads at once: the best repetition within a
    /// tenth of a second. It is that of the moment: what else runs on the machine, and the clock that heat allows, are in it.
    public func peak() -> Double {
        let rounds = 8192
        // Of some 20 microseconds each, so that a thread that comes late finds enough of them left; all together short enough to fall
        // between two interruptions by others.
        let pieces = 32 * threadCount
        // A cache line a thread, so that no two of them write to one.
        let starts = FloatBuffer(16 * threadCount)
        starts.fill(0.5)
        let operations = Double(pieces * kernels.pointee.peak(rounds, starts.base))
        var best = 0.0
        let clock = ContinuousClock()
        let begin = clock.now
        while clock.now - begin < .milliseconds(100) {
            let start = clock.now
            pool.forEach(pieces, PeakWork(kernels: kernels, rounds: rounds, starts: starts.base))
            best = max(best, operations / ((clock.now - start) / .seconds(1)))
        }
        return best
    }
}

extension Compute {
    /// to = x, in the pieces that kernels of single elements get: what they can be held against. Shapes: (count).
    public func copy(_ x: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, count: Int) {
        forRanges(count, CopyWork(x: x, to: to))
    }
}

private struct PeakWork: PieceWork {
    let kernels: UnsafePointer<KernelTable>, rounds: Int, starts: Output

    func run(_ piece: Int, _ thread: Int) { _ = kernels.pointee.peak(rounds, starts + 16 * thread) }
}

private struct CopyWork: RangeWork {
    static var size: Int { 16384 }
    let x: Input, to: Output

    func run(first: Int, count: Int) { (to + first).update(from: x + first, count: count) }
}
