/// A projection without bias: y = x W^T, and with an adapter y = x W^T + (alpha / r) (x A^T) B^T.
/// Letters: I input width, O output width, r rank. Shapes: W (O, I), A (r, I), B (O, r).
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
