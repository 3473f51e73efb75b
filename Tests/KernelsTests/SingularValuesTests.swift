import Kernels
import Testing

struct SingularValuesTests {
    private func values(_ rows: [[Float]]) -> [Double] {
        let buffer = FloatBuffer(rows.count * rows[0].count)
        for (i, row) in rows.enumerated() { for (j, value) in row.enumerated() { buffer.base[i * row.count + j] = value } }
        return SingularValues.of(Matrix(buffer.base, rows.count, rows[0].count))
    }

    private func expectClose(_ found: [Double], _ expected: [Double], within tolerance: Double = 1e-12) {
        #expect(found.count == expected.count)
        for (f, e) in zip(found, expected) { #expect(abs(f - e) <= tolerance * (expected.last ?? 1), "\(found) instead of \(expected)") }
    }

    /// Worked by hand: A'A of [[3, 0], [4, 5]] has trace 50 and determinant 225, so eigenvalues 5 and 45.
    @Test func ofATwoByTwo() { expectClose(values([[3, 0], [4, 5]]), [Double(5).squareRoot(), Double(45).squareRoot()]) }

    @Test func ofDiagonalsAndZeros() {
        expectClose(values([[0, 2, 0], [-3, 0, 0], [0, 0, 0.5]]), [0.5, 2, 3])
        expectClose(values([[0, 0], [0, 0]]), [0, 0])
        expectClose(values([[-7]]), [7])
        // Wide and tall are the same.
        expectClose(values([[1, 2, 3], [4, 5, 6]]), values([[1, 4], [2, 5], [3, 6]]))
    }

    /// A path of n points has the eigenvalues 2 - 2 cos(k pi / (n + 1)): here A is its Laplacian with open ends, symmetric and positive.
    @Test(arguments: [3, 10, 40]) func ofThePath(n: Int) {
        let rows = (0..<n).map { i in (0..<n).map { j in i == j ? Float(2) : abs(i - j) == 1 ? -1 : 0 } }
        let expected = (1...n).map { 2 - 2 * ExactMath.sineCosine(Double($0) * .pi / Double(n + 1)).cosine }
        // The smallest are squared and drawn out again.
        expectClose(values(rows), expected, within: 1e-9)
    }

    /// Sum of squares and rank of random products.
    @Test(arguments: [(30, 50, 4), (64, 20, 20)]) func ofRandomMatrices(m: Int, n: Int, rank: Int) {
        var random = RandomStream(seed: 3, "singular")
        let a = (0..<m).map { _ in (0..<rank).map { _ in random.normal() } }, b = (0..<rank).map { _ in (0..<n).map { _ in random.normal() } }
        let product = a.map { row in (0..<n).map { j in Float(zip(row, b).reduce(0) { $0 + $1.0 * $1.1[j] }) } }
        let found = values(product)
        let squares = product.joined().reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(found.reduce(0) { $0 + $1 * $1 } - squares) <= 1e-10 * squares)
        #expect(found.filter { $0 > 1e-5 * (found.last ?? 0) }.count == rank)
    }
}
