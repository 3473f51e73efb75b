/// Singular values of matrices: additions, products, quotients and square roots alone, so the same bits everywhere.
public enum SingularValues {
    /// The singular values of a matrix, ascending: roots of the eigenvalues of its smaller Gram matrix, so that those below about 1e-8 of the
    /// greatest are rounding alone.
    public static func of(_ matrix: Matrix) -> [Double] {
        let m = matrix.rows <= matrix.columns ? matrix : matrix.transposed
        var values = [Double](repeating: 0, count: m.rows * m.columns)
        for i in 0..<m.rows {
            for k in 0..<m.columns { values[i * m.columns + k] = Double(m.base[i * m.rowStride + k * m.columnStride]) }
        }
        var gram = [Double](repeating: 0, count: m.rows * m.rows)
        for i in 0..<m.rows {
            for j in 0...i {
                var sum = 0.0
                for k in 0..<m.columns { sum += values[i * m.columns + k] * values[j * m.columns + k] }
                (gram[i * m.rows + j], gram[j * m.rows + i]) = (sum, sum)
            }
        }
        return symmetricEigenvalues(gram, m.rows).map { max($0, 0).squareRoot() }
    }

    /// The eigenvalues of a symmetric matrix (n, n), row-major, ascending. About 4/3 n^3 operations: reflections make it tridiagonal, then
    /// implicitly shifted QL steps.
    /// Source: Wilkinson and Reinsch 1971, Handbook for Automatic Computation II, contributions II/2 and II/4.
    static func symmetricEigenvalues(_ matrix: [Double], _ n: Int) -> [Double] {
        precondition(matrix.count == n * n, "\(matrix.count) numbers for \(n) x \(n)")
        guard n > 1 else { return matrix }
        var (diagonal, beside) = tridiagonal(matrix, n)
        diagonalise(&diagonal, &beside)
        return diagonal.sorted()
    }

    /// Diagonal, and what stands beside it (n, the last 0).
    private static func tridiagonal(_ matrix: [Double], _ n: Int) -> ([Double], [Double]) {
        var a = matrix
        var beside = [Double](repeating: 0, count: n)
        var v = [Double](repeating: 0, count: n), p = v
        for k in 0..<max(n - 2, 0) {
            // The reflection that leaves of column k only what stands beside the diagonal.
            var square = 0.0
            for i in k + 1..<n {
                v[i] = a[i * n + k]
                square += v[i] * v[i]
            }
            let norm = square.squareRoot()
            guard norm > 0 else { continue }
            let alpha = v[k + 1] > 0 ? -norm : norm
            v[k + 1] -= alpha
            beside[k] = alpha
            // 2 / |v|^2
            let scale = 1 / (square - alpha * a[(k + 1) * n + k])
            var vp = 0.0
            for i in k + 1..<n {
                var sum = 0.0
                for j in k + 1..<n { sum += a[i * n + j] * v[j] }
                p[i] = sum * scale
                vp += v[i] * p[i]
            }
            let half = vp * scale / 2
            for i in k + 1..<n { p[i] -= half * v[i] }
            for i in k + 1..<n {
                for j in k + 1..<n { a[i * n + j] -= v[i] * p[j] + p[i] * v[j] }
            }
        }
        beside[n - 2] = a[(n - 1) * n + n - 2]
        return ((0..<n).map { a[$0 * n + $0] }, beside)
    }

    /// Leaves the eigenvalues in `d`, in no order.
    private static func diagonalise(_ d: inout [Double], _ e: inout [Double]) {
        let n = d.count
        for first in 0..<n {
            // Far more steps than any matrix needs; what is left then is as small as rounding makes it.
            for _ in 0..<60 {
                let last = (first..<n - 1).first { abs(e[$0]) <= 0x1p-53 * (abs(d[$0]) + abs(d[$0 + 1])) } ?? n - 1
                guard last > first else { break }
                var g = (d[first + 1] - d[first]) / (2 * e[first])
                var r = (g * g + 1).squareRoot()
                g = d[last] - d[first] + e[first] / (g + (g < 0 ? -r : r))
                var (sine, cosine, p) = (1.0, 1.0, 0.0)
                var isSplit = false
                for i in stride(from: last - 1, through: first, by: -1) {
                    let f = sine * e[i], b = cosine * e[i]
                    r = (f * f + g * g).squareRoot()
                    e[i + 1] = r
                    if r == 0 {
                        d[i + 1] -= p
                        e[last] = 0
                        isSplit = true
                        break
                    }
                    (sine, cosine) = (f / r, g / r)
                    g = d[i + 1] - p
                    r = (d[i] - g) * sine + 2 * cosine * b
                    p = sine * r
                    d[i + 1] = g + p
                    g = cosine * r - b
                }
                if isSplit { continue }
                d[first] -= p
                e[first] = g
                e[last] = 0
            }
        }
    }
}
