import Foundation
import Kernels

/// Floats for a kernel to work on, with what shows mistakes: a start that is on no vector's boundary, marks on both sides that
/// any write outside changes, and on request a wall behind the last float, where any access ends the process.
///
/// The marks, and the contents at the start, are NaNs: whatever is read before it is written shows in the result.
final class Guarded {
    enum Placement {
        case unaligned
        case beforeWall
    }

    static let mark = Float(bitPattern: 0x7fc0_dead)
    private static let margin = 48

    let count: Int
    let base: UnsafeMutablePointer<Float>
    private let memory: UnsafeMutableRawPointer
    private let byteCount: Int
    private let marked: [Range<Int>]

    init(_ count: Int, _ placement: Placement = .unaligned) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let pages = ((count + 2 * Self.margin + 1) * 4 + page - 1) / page
        byteCount = (pages + 1) * page
        guard let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED else {
            preconditionFailure("no memory for a test")
        }
        self.memory = memory
        self.count = count
        let floats = memory.bindMemory(to: Float.self, capacity: pages * page / 4)
        switch placement {
        case .unaligned:
            base = floats + Self.margin + 1
            marked = [-Self.margin..<0, count..<count + Self.margin]
        case .beforeWall:
            mprotect(memory + pages * page, page, PROT_NONE)
            base = floats + pages * page / 4 - count
            marked = [-Self.margin..<0]
        }
        for range in marked { for i in range { base[i] = Self.mark } }
        reset()
    }

    convenience init(_ values: [Float], _ placement: Placement = .unaligned) {
        self.init(values.count, placement)
        fill(values)
    }

    deinit { munmap(memory, byteCount) }

    var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Marks everywhere.
    func reset() { base.update(repeating: Self.mark, count: count) }

    func fill(_ values: [Float]) {
        precondition(values.count == count, "\(values.count) values for \(count) floats")
        for (i, value) in values.enumerated() { base[i] = value }
    }

    /// Whether nothing outside was written.
    var isIntact: Bool {
        marked.allSatisfy { range in range.allSatisfy { base[$0].bitPattern == Self.mark.bitPattern } }
    }
}

/// Numbers for tests, the same in every run.
func randomFloats(_ count: Int, seed: Int, deviation: Double = 1) -> [Float] {
    var random = RandomStream(seed: seed, "test")
    return (0..<count).map { _ in Float(deviation * random.normal()) }
}
