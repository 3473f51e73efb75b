import Foundation
/// Floats in memory that starts on a cache line. Zero at the start, freed with its owner.
///
/// Threads may share it as long as they write to parts that do not overlap; the kernels' cuts see to that.
public final class FloatBuffer: @unchecked Sendable {
    private static let largePage = 1 << 21

    public let count: Int
    public let base: UnsafeMutablePointer<Float>

    public init(_ count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats")
        self.count = count
        let bytes = max(count, 16) * 4
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: bytes >= Self.largePage ? Self.largePage : 64)
        #if os(Linux)
            // Fewer pages to look up: what is whole large pages becomes such, where the system grants it on demand only.
            if bytes >= Self.largePage { madvise(raw, bytes / Self.largePage * Self.largePage, MADV_HUGEPAGE) }
        #endif
        base = raw.bindMemory(to: Float.self, capacity: max(count, 16))
        base.update(repeating: 0, count: max(count, 16))
    }

    public convenience init(_ values: [Float]) {
        self.init(values.count)
        for (index, value) in values.enumerated() { base[index] = value }
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }

    public var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    public func fill(_ value: Float) { base.update(repeating: value, count: count) }

    public func copy(from other: FloatBuffer) {
        precondition(count == other.count, "buffers of \(count) and \(other.count) floats")
        base.update(from: other.base, count: count)
    }
}
