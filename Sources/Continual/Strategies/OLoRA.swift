import Kernels
import Llama
import Settings
import Training

/// A new adapter per task, held orthogonal to the earlier ones, which are merged into the weights when their task is done (the paper keeps them beside the
/// weights, frozen: the same function).
///
/// Adds to the loss: penalty * sum over adapted projections and earlier tasks i of sum_jk (A_i A^T)_jk^2, A (r, I) the new one.
/// That can be lowered by shrinking A; the true overlap is reported: the mean of squared cosines of the principal angles between the rows of A and the
/// span of all earlier A_i, from 0 (orthogonal) to 1 (within it), `overlap` in the journal.
/// Source: Wang et al. 2023, arXiv 2310.14152, eq. 6-8; penalty 0.5 as there. The authors' code sums absolute values instead of squares.
public struct OLoRA: Strategy {
    public static let variant = Variant(
        "o-lora",
        LoRASettings.fields + [.optional("penalty", .number(0...1e6), default: 0.5, "weight of the overlap with earlier adapters in the loss")],
        "a new low-rank adapter per task, held orthogonal to the earlier ones")

    private let settings: LoRASettings
    private let penalty: Double

    public init(settings: Settings) {
        self.settings = LoRASettings(settings: settings)
        penalty = settings.number("penalty")
    }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) { try settings.check(base) }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) {
        model.attachLoRA(settings, seed: seed, set: phase)
        model.setTrainable(\.isAdapter)
    }

    public func retention(_ context: PhaseContext) throws -> (any Retention)? { try Orthogonality(context, penalty) }

    public func finish(_ model: LlamaModel, phase: Int) { model.mergeLoRA() }

    /// The earlier A are kept: about half an adapter for each phase before, and this one.
    public func overhead(phase: Int) -> PhaseOverhead { PhaseOverhead(trainedCopies: (phase + 1) / 2, savedCopies: (phase + 2) / 2) }
}

/// Earlier A below each other, and the new one.
private final class Orthogonality: Retention {
    private struct Projection {
        var a: Parameter
        /// (earlier ranks, I)
        var earlier: FloatBuffer
        var rows: Int, width: Int
    }

    private let projections: [Projection]
    private let penalty: Double

    init(_ context: PhaseContext, _ penalty: Double) throws {
        self.penalty = penalty
        var projections: [Projection] = []
        for block in context.model.blocks {
            for (_, linear) in block.linears {
                guard let a = linear.adapter?.a else { continue }
                let width = a.shape[1]
                let rows = context.carried?.entries[a.name]?.shape[0] ?? 0
                let earlier = FloatBuffer(rows * width)
                if let carried = context.carried { try carried.read(a.name, [rows, width], into: earlier) }
                projections.append(Projection(a: a, earlier: earlier, rows: rows, width: width))
            }
        }
        self.projections = projections
    }

    /// Gradient of A: 2 penalty (A A_i^T) A_i, an earlier row after the other, in Double.
    func adjustGradients(_ pass: ModelPass) {
        guard penalty > 0 else { return }
        for p in projections {
            guard let gradient = p.a.gradient else { continue }
            for r in 0..<p.a.shape[0] {
                let (own, target) = (p.a.values.base + r * p.width, gradient.base + r * p.width)
                for e in 0..<p.rows {
                    let row = p.earlier.base + e * p.width
                    var overlap = 0.0
                    for i in 0..<p.width { overlap += Double(own[i]) * Double(row[i]) }
                    let factor = Float(2 * penalty * overlap)
                    for i in 0..<p.width { target[i] += factor * row[i] }
                }
            }
        }
    }

    var carried: [Safetensors.Tensor] {
        projections.map { p in
            let all = FloatBuffer(p.earlier.values + p.a.values.values)
            return (p.a.name, [p.rows + p.a.shape[0], p.width], all)
        }
    }

    var report: [String: Double] {
        let earlier = projections.filter { $0.rows > 0 }
        guard !earlier.isEmpty else { return [:] }
        let overlaps = earlier.map { p in
            Subspace.overlap(of: Subspace.rows(p.a.values, p.a.shape[0], p.width), with: Subspace.rows(p.earlier, p.rows, p.width))
        }
        return ["overlap": overlaps.reduce(0, +) / Double(overlaps.count)]
    }
}
