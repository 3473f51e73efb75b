/// The singular value decomposition of a matrix, in Double: A = sum_k s_k u_k v_k^T, s descending.
///
/// One-sided Jacobi rotations of the shorter side, in a fixed order until no two are further from orthogonal than 1e-12 of their lengths (at most 60 rounds).
/// Error: of A about 1e-13 of its norm. Takes time like the cube of the shorter side.
/// Source: Hestenes 1958; de Rijk 1989 for the convergence.
public struct SingularValues {
    public private(set) var values: [Double] = []
    /// u_k (rows) and v_k (columns), of length one; zero where s_k is 0.
    public private(set) var left: [[Double]] = []
    public private(set) var right: [[Double]] = []

    /// - `matrix`: (rows, columns), row-major.
    public init(_ matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
        let isTall = rows >= columns
        let (count, length) = (min(rows, columns), max(rows, columns))
        // `count` vectors of `length` (the columns of A, or of its transpose), and what they are made of.
        var vectors = [Double](repeating: 0, count: count * length)
        var rotation = [Double](repeating: 0, count: count * count)
        for k in 0..<count {
            for i in 0..<length { vectors[k * length + i] = Double(isTall ? matrix[i * columns + k] : matrix[k * columns + i]) }
            rotation[k * count + k] = 1
        }
        vectors.withUnsafeMutableBufferPointer { vectors in
            rotation.withUnsafeMutableBufferPointer { rotation in
                guard let v = vectors.baseAddress, let r = rotation.baseAddress else { return }
                for _ in 0..<60 where !Self.round(v, r, count, length) { break }
            }
        }
        let lengths = (0..<count).map { k in
            vectors[k * length..<(k + 1) * length].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        for k in lengths.indices.sorted(by: { (-lengths[$0], $0) < (-lengths[$1], $1) }) {
            let own = lengths[k] > 0 ? vectors[k * length..<(k + 1) * length].map { $0 / lengths[k] } : [Double](repeating: 0, count: length)
            let other = Array(rotation[k * count..<(k + 1) * count])
            values.append(lengths[k])
            left.append(isTall ? own : other)
            right.append(isTall ? other : own)
        }
    }

    /// Rotates every pair once. Returns whether any was far from orthogonal.
    private static func round(_ v: UnsafeMutablePointer<Double>, _ r: UnsafeMutablePointer<Double>, _ count: Int, _ length: Int) -> Bool {
        var hasChanged = false
        for p in 0..<count {
            for q in p + 1..<max(count, p + 1) {
                let (x, y) = (v + p * length, v + q * length)
                var (a, b, c) = (0.0, 0.0, 0.0)
                for i in 0..<length {
                    a += x[i] * x[i]
                    b += y[i] * y[i]
                    c += x[i] * y[i]
                }
                guard c * c > 1e-24 * a * b else { continue }
                hasChanged = true
                let zeta = (b - a) / (2 * c)
                let t = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
                let cosine = 1 / (1 + t * t).squareRoot()
                let sine = cosine * t
                rotate(x, y, length, cosine, sine)
                rotate(r + p * count, r + q * count, count, cosine, sine)
            }
        }
        return hasChanged
    }

    private static func rotate(_ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int, _ cosine: Double, _ sine: Double) {
        for i in 0..<count { (x[i], y[i]) = (cosine * x[i] - sine * y[i], sine * x[i] + cosine * y[i]) }
    }
}
