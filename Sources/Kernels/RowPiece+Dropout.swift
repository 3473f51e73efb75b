/// Which elements of a matrix are dropped: each with probability `share`, independently. The others are multiplied by 1 / (1 - share).
public struct DropoutMask: Sendable {
    private let key: UInt64
    private let threshold: UInt64
    private let scale: Float

    /// - `key`: parts the rounds of a training.
    /// - `place`: parts the matrices of a round.
    public init(key: UInt64, place: UInt64, share: Double) {
        self.key = Self.mixed(key &+ Self.mixed(place))
        threshold = UInt64(share * 0x1p32)
        scale = Float(1 / (1 - share))
    }

    /// SplitMix64.
    @inline(__always)
    private static func mixed(_ x: UInt64) -> UInt64 {
        var z = x &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// What an element is multiplied by.
    @inline(__always)
    public func factor(_ row: Int, _ column: Int) -> Float {
        Self.mixed(key ^ (UInt64(UInt32(row)) << 32 | UInt64(UInt32(column)))) >> 32 < threshold ? 0 : scale
    }
}

extension RowPiece {
    /// to = mask * x, element by element. Columns stand together. to may be x.
    public func drop(_ x: Matrix, into to: Matrix, _ mask: DropoutMask) {
        for row in first..<first + count {
            let (from, target) = (x.base + row * x.rowStride, to.base + row * to.rowStride)
            for column in 0..<x.columns { target[column] = mask.factor(row, column) * from[column] }
        }
    }

    /// to += mask * x.
    public func addDropped(_ x: Matrix, to: Matrix, _ mask: DropoutMask) {
        for row in first..<first + count {
            let (from, target) = (x.base + row * x.rowStride, to.base + row * to.rowStride)
            for column in 0..<x.columns { target[column] += mask.factor(row, column) * from[column] }
        }
    }
}
