import KernelTypes

/// The kernels on all threads of a run. Work is cut into pieces by sizes alone, never by the number of threads, and what
/// pieces have to add up is added in the order of the pieces: the same bits for every thread count.
///
/// One caller at a time. Scratch memory grows to what the largest call needs and is then kept.
public final class Compute: @unchecked Sendable {
    public let instructionSet: InstructionSet
    let kernels: KernelTable
    let pool: ThreadPool
    private var scratch: [FloatBuffer]
    private var shared: [FloatBuffer] = []

    public init(instructionSet: InstructionSet = .best, threads: Int = 1) {
        self.instructionSet = instructionSet
        kernels = instructionSet.kernels
        pool = ThreadPool(threadCount: threads)
        scratch = (0..<threads).map { _ in FloatBuffer(0) }
    }

    deinit { pool.end() }

    public var threadCount: Int { pool.threadCount }

    /// Scratch of at least `count` floats for each thread.
    func threadScratch(_ count: Int) -> [FloatBuffer] {
        if scratch[0].count < count { scratch = scratch.map { _ in FloatBuffer(count) } }
        return scratch
    }

    /// Scratch that all threads see, of at least `count` floats. Holds until the next call.
    func sharedScratch(_ count: Int) -> FloatBuffer {
        if let buffer = shared.first, buffer.count >= count { return buffer }
        let buffer = FloatBuffer(count)
        shared = [buffer]
        return buffer
    }

    /// Calls `body(first, count)` for ranges of `size` that cover 0..<total.
    func forRanges(_ total: Int, of size: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
        pool.forEach((total + size - 1) / size) { piece, _ in
            body(piece * size, min(size, total - piece * size))
        }
    }
}
