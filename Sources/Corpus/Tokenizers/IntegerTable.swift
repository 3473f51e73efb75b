/// A map from whole numbers to whole numbers, made once and read often: open addressing in one array.
struct IntegerTable: Sendable {
    private static let empty = UInt64.max
    private var cells: [(key: UInt64, value: UInt64)]
    private let shift: UInt64

    /// No key may be `UInt64.max`; of a key that comes twice the last value stays.
    init(_ entries: some Collection<(key: UInt64, value: UInt64)>) {
        var bits: UInt64 = 4
        while (1 << bits) < entries.count * 2 { bits += 1 }
        shift = 64 - bits
        cells = Array(repeating: (IntegerTable.empty, 0), count: 1 << bits)
        for (key, value) in entries {
            precondition(key != IntegerTable.empty, "a key that marks empty cells")
            var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
            while cells[index].key != IntegerTable.empty, cells[index].key != key { index = (index + 1) & (cells.count - 1) }
            cells[index] = (key, value)
        }
    }

    @inline(__always)
    subscript(_ key: UInt64) -> UInt64? {
        var index = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift)
        return cells.withUnsafeBufferPointer { cells in
            while true {
                let cell = cells[index]
                if cell.key == key { return cell.value }
                if cell.key == IntegerTable.empty { return nil }
                index = (index + 1) & (cells.count - 1)
            }
        }
    }
}
