import KernelTypes

/// The kernels on all threads of a run. Work is cut into pieces by sizes alone, never by the number of threads, and what
/// pieces have to add up is added in the order of the pieces: the same bits for every thread count.
///
/// One caller at a time. Scratch memory grows to what the largest call needs and is then kept.
public final class Compute: @unchecked Sendable {
    public let instructionSet: InstructionSet
    let kernels: UnsafePointer<KernelTable>
    let pool: ThreadPool
    private var scratch: [FloatBuffer]
    private var shared = FloatBuffer(0)

    public init(instructionSet: InstructionSet = .best, threads: Int = 1) {
        self.instructionSet = instructionSet
        let table = UnsafeMutablePointer<KernelTable>.allocate(capacity: 1)
        table.initialize(to: instructionSet.kernels)
        kernels = UnsafePointer(table)
        pool = ThreadPool(threadCount: threads)
        let floats = kernels.pointee.productScratch
        scratch = (0..<threads).map { _ in FloatBuffer(floats) }
    }

    deinit {
        pool.end()
        UnsafeMutablePointer(mutating: kernels).deinitialize(count: 1)
        kernels.deallocate()
    }

    public var threadCount: Int { pool.threadCount }

    /// Makes sure that each thread has scratch of at least `count` floats.
    func reserveScratch(_ count: Int) {
        if scratch[0].count < count { scratch = scratch.map { _ in FloatBuffer(count) } }
    }

    func scratch(of thread: Int) -> UnsafeMutablePointer<Float> { scratch[thread].base }

    /// Scratch that all threads see, of at least `count` floats. Holds until the next call.
    func sharedScratch(_ count: Int) -> UnsafeMutablePointer<Float> {
        if shared.count < count { shared = FloatBuffer(count) }
        return shared.base
    }

    /// `sharedScratch` as doubles.
    func doubleScratch(_ count: Int) -> UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(sharedScratch(2 * count)).bindMemory(to: Double.self, capacity: count)
    }

    /// Runs ranges of the work's size that cover 0..<total.
    func forRanges<Work: RangeWork>(_ total: Int, _ work: Work) {
        pool.forEach((total + Work.size - 1) / Work.size, Ranges(total: total, work: work))
    }
}

/// Work on a range of elements, cut into ranges of one size.
protocol RangeWork {
    static var size: Int { get }
    func run(first: Int, count: Int)
}

private struct Ranges<Work: RangeWork>: PieceWork {
    var total: Int
    var work: Work

    func run(_ piece: Int, _ thread: Int) { work.run(first: piece * Work.size, count: min(Work.size, total - piece * Work.size)) }
}
