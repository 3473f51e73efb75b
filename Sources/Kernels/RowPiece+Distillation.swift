extension RowPiece {
    /// y = softmax(x / temperature), row by row, sums in Double. y may be x. A row that is not finite gives one that is not.
    public func softmax(_ x: Matrix, into y: Matrix, temperature: Float) {
        for row in first..<first + count {
            let (from, to) = (x.base + row * x.rowStride, y.base + row * y.rowStride)
            var largest = from[0]
            for j in 1..<max(x.columns, 1) where from[j] > largest { largest = from[j] }
            for j in 0..<x.columns { to[j] = (from[j] - largest) / temperature }
            kernels.pointee.exponential(to, to, x.columns)
            var sum = 0.0
            for j in 0..<x.columns { sum += Double(to[j]) }
            kernels.pointee.scale(to, Float(1 / sum), x.columns)
        }
    }

    /// y = x - y; rows whose target is below 0 become 0.
    public func subtract(_ x: Matrix, from y: Matrix, where targets: UnsafePointer<Int32>) {
        for row in first..<first + count {
            let (from, to) = (x.base + row * x.rowStride, y.base + row * y.rowStride)
            for j in 0..<x.columns { to[j] = targets[row] < 0 ? 0 : from[j] - to[j] }
        }
    }

    /// y += factor * x.
    public func add(_ x: Matrix, times factor: Float, to y: Matrix) {
        for row in first..<first + count {
            let (from, to) = (x.base + row * x.rowStride, y.base + row * y.rowStride)
            for j in 0..<x.columns { to[j] += factor * from[j] }
        }
    }
}
