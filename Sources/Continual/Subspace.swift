import Kernels

/// Spans of vectors, in Double.
public enum Subspace {
    /// Rows of a matrix (rows, width).
    public static func rows(_ buffer: FloatBuffer, _ rows: Int, _ width: Int) -> [[Double]] {
        (0..<rows).map { row in (0..<width).map { Double(buffer.base[row * width + $0]) } }
    }

    /// Orthonormal vectors that span the same: Gram-Schmidt, each vector orthogonalised twice. One that keeps less than 1e-9 of its length is left out.
    public static func orthonormal(_ vectors: [[Double]]) -> [[Double]] {
        var basis: [[Double]] = []
        for vector in vectors {
            var rest = vector
            for _ in 0..<2 { for direction in basis { subtract(dot(rest, direction), direction, from: &rest) } }
            let length = dot(rest, rest).squareRoot()
            guard length > 1e-9 * dot(vector, vector).squareRoot() else { continue }
            basis.append(rest.map { $0 / length })
        }
        return basis
    }

    /// Mean over the dimensions of the first span of the squared cosine of the principal angles with the second: 0 orthogonal, 1 within it. 0 for no vectors.
    public static func overlap(of vectors: [[Double]], with others: [[Double]]) -> Double {
        let (a, b) = (orthonormal(vectors), orthonormal(others))
        guard !a.isEmpty else { return 0 }
        let squares = a.reduce(0) { sum, x in b.reduce(sum) { $0 + dot(x, $1) * dot(x, $1) } }
        return squares / Double(a.count)
    }

    public static func dot(_ x: [Double], _ y: [Double]) -> Double {
        var sum = 0.0
        for i in x.indices { sum += x[i] * y[i] }
        return sum
    }

    private static func subtract(_ factor: Double, _ y: [Double], from x: inout [Double]) { for i in x.indices { x[i] -= factor * y[i] } }
}
