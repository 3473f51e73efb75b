/// Floats in memory that starts on a cache line. Zero at the start, freed with its owner.
///
/// Threads may share it as long as they write to parts that do not overlap; the kernels' cuts see to that.
public final class FloatBuffer: @unchecked Sendable {
    public let count: Int
    public let base: UnsafeMutablePointer<Float>

    public init(_ count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats")
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
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
