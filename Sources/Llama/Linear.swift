import Kernels

/// A projection without bias: y = x W^T, and with an adapter y = x W^T + (alpha / r) (x A^T) B^T.
/// Letters: N rows, I input width, O output width, r rank. Shapes: x (N, I), W (O, I), A (r, I), B (O, r), y (N, O).
/// Source of the adapter: Hu et al. 2021, arXiv 2106.09685, eq. 3.
public final class Linear {
    public let weight: Parameter
    public internal(set) var adapter: LowRankAdapter?

    var outputs: Int { weight.shape[0] }
    var inputs: Int { weight.shape[1] }

    init(_ name: String, outputs: Int, inputs: Int) {
        weight = Parameter(name + ".weight", [outputs, inputs])
    }

    var parameters: [Parameter] { [weight] + (adapter.map { [$0.a, $0.b] } ?? []) }
    var isTrainable: Bool { parameters.contains(where: \.isTrainable) }

    /// Writes y. `low` (N, r) keeps (alpha / r) x A^T for backward; unused without an adapter.
    func forward(_ x: FloatBuffer, into y: FloatBuffer, low: FloatBuffer?, rows: Int, _ compute: Compute) {
        let x = Matrix(x.base, rows, inputs)
        let y = Matrix(y.base, rows, outputs)
        compute.multiply(x, Matrix(weight.values.base, outputs, inputs).transposed, into: y)
        guard let adapter, let low else { return }
        let t = Matrix(low.base, rows, adapter.rank)
        compute.multiply(x, Matrix(adapter.a.values.base, adapter.rank, inputs).transposed, into: t)
        compute.scale(low.base, by: adapter.scale, count: rows * adapter.rank)
        compute.multiply(t, Matrix(adapter.b.values.base, outputs, adapter.rank).transposed, into: y, accumulate: true)
    }

    /// Adds to the gradients of what is trained; writes dx, or adds to it when `accumulates`, where it is wanted.
    /// `dLow` (N, r) is scratch.
    func backward(
        _ x: FloatBuffer, dy: FloatBuffer, dx: FloatBuffer?, accumulates: Bool, low: FloatBuffer?, dLow: FloatBuffer?, rows: Int,
        _ compute: Compute
    ) {
        let x = Matrix(x.base, rows, inputs)
        let dy = Matrix(dy.base, rows, outputs)
        if let gradient = weight.gradient {
            compute.multiply(dy.transposed, x, into: Matrix(gradient.base, outputs, inputs), accumulate: true)
        }
        if let dx {
            let dx = Matrix(dx.base, rows, inputs)
            compute.multiply(dy, Matrix(weight.values.base, outputs, inputs), into: dx, accumulate: accumulates)
        }
        guard let adapter, let low, let dLow else { return }
        let t = Matrix(low.base, rows, adapter.rank)
        if let gradient = adapter.b.gradient {
            compute.multiply(dy.transposed, t, into: Matrix(gradient.base, outputs, adapter.rank), accumulate: true)
        }
        let dt = Matrix(dLow.base, rows, adapter.rank)
        compute.multiply(dy, Matrix(adapter.b.values.base, outputs, adapter.rank), into: dt)
        compute.scale(dLow.base, by: adapter.scale, count: rows * adapter.rank)
        if let gradient = adapter.a.gradient {
            compute.multiply(dt.transposed, x, into: Matrix(gradient.base, adapter.rank, inputs), accumulate: true)
        }
        if let dx {
            let dx = Matrix(dx.base, rows, inputs)
            compute.multiply(dt, Matrix(adapter.a.values.base, adapter.rank, inputs), into: dx, accumulate: true)
        }
    }
}

/// The trained part of a low-rank adapter: A (r, I) and B (O, r), scaled by alpha / r.
public final class LowRankAdapter {
    public let a: Parameter
    public let b: Parameter
    public let alpha: Double

    public var rank: Int { a.shape[0] }
    var scale: Float { Float(alpha / Double(rank)) }

    init(_ linear: Linear, rank: Int, alpha: Double) {
        let stem = linear.weight.name.dropLast(".weight".count)
        a = Parameter(stem + ".lora_A.weight", [rank, linear.inputs])
        b = Parameter(stem + ".lora_B.weight", [linear.outputs, rank])
        self.alpha = alpha
    }
}
