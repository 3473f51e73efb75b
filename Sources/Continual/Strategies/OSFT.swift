import Kernels
import Llama
import Settings
import Training

/// The projections of all blocks are trained, but never in their leading singular directions: of each W before the task, the `keep` leading left and right
/// singular vectors U, V are kept, and the change of W lies in the rest, (1 - U U^T) (W - W_before) (1 - V V^T). Embeddings, norms and output projection are frozen.
///
/// The directions are those of the model before each task, found anew.
/// Source: Nayak et al. 2025, Sculpting Subspaces, arXiv 2504.07097. Deviations: one share for all layers instead of one by the layer's importance; W itself is trained and
/// its change projected behind every update, where the paper trains the factors of the rest with projected gradients; weight decay is projected likewise.
public struct OSFT: Strategy {
    public static let variant = Variant(
        "osft", [.optional("keep", .number(0...1), default: 0.5, "share of the singular directions of each projection, the leading ones, that are kept")],
        "the projections of all blocks are trained, outside of their leading singular directions")

    private let keep: Double

    public init(settings: Settings) { keep = settings.number("keep") }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) {
        model.freeze()
        for block in model.blocks { for (_, linear) in block.linears { linear.weight.isTrainable = true } }
    }

    public func retention(_ context: PhaseContext) throws -> (any Retention)? { try Sculpting(context, keep: keep) }

    public func overhead(phase: Int) -> PhaseOverhead { PhaseOverhead(trainedCopies: 3) }
}

private final class Sculpting: Retention {
    private struct Projection {
        var weight: Parameter
        var before: FloatBuffer
        /// U^T (k, O) and V^T (k, I).
        var left: FloatBuffer, right: FloatBuffer
        var count: Int
    }

    private let projections: [Projection]
    private let change: FloatBuffer, inner: FloatBuffer
    private let compute: Compute

    init(_ context: PhaseContext, keep: Double) throws {
        compute = context.compute
        var projections: [Projection] = []
        for (weight, before) in context.model.trainedCopies {
            try context.pause()
            let (rows, columns) = (weight.shape[0], weight.shape[1])
            let count = Int((keep * Double(min(rows, columns))).rounded())
            let decomposition = SingularValues(weight.values.base, rows: rows, columns: columns)
            projections.append(
                Projection(
                    weight: weight, before: before, left: FloatBuffer(decomposition.left[..<count].flatMap { $0.map { Float($0) } }),
                    right: FloatBuffer(decomposition.right[..<count].flatMap { $0.map { Float($0) } }), count: count))
        }
        self.projections = projections
        change = FloatBuffer(projections.reduce(0) { max($0, $1.weight.count) })
        inner = FloatBuffer(projections.reduce(0) { max($0, $1.count * max($1.weight.shape[0], $1.weight.shape[1])) })
    }

    func adjustWeights() {
        for p in projections where p.count > 0 {
            let (rows, columns) = (p.weight.shape[0], p.weight.shape[1])
            // d = W - W_before
            change.base.update(from: p.weight.values.base, count: p.weight.count)
            compute.add(p.before.base, times: -1, to: change.base, count: p.weight.count)
            let d = Matrix(change.base, rows, columns)
            let (left, right) = (Matrix(p.left.base, p.count, rows), Matrix(p.right.base, p.count, columns))
            // d -= U (U^T d), then d -= (d V) V^T
            let first = Matrix(inner.base, p.count, columns)
            compute.multiply(left, d, into: first)
            compute.scale(inner.base, by: -1, count: p.count * columns)
            compute.multiply(left.transposed, first, into: d, accumulate: true)
            let second = Matrix(inner.base, rows, p.count)
            compute.multiply(d, right.transposed, into: second)
            compute.scale(inner.base, by: -1, count: rows * p.count)
            compute.multiply(second, right, into: d, accumulate: true)
            p.weight.values.copy(from: p.before)
            compute.add(d.base, times: 1, to: p.weight.values.base, count: p.weight.count)
        }
    }
}
