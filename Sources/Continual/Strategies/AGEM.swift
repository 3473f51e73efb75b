import Corpus
import Kernels
import Llama
import Settings
import Training

/// All weights are trained. Each step also takes the gradient r of a batch of earlier text; where the task's gradient g disagrees with it, g r < 0, it is
/// projected: g - (g r / r r) r, so that the step does not raise the loss on earlier text to first order.
/// `projected` in the journal is the share of the steps where that happened.
/// Source: Chaudhry et al. 2018, arXiv 1812.00420, eq. 11. Deviation: the earlier text is all of it, not a memory of some examples.
public struct AGEM: Strategy {
    public static let variant = Variant(
        "agem",
        [
            .optional(
                "from", .choice(EarlierSource.allCases.map(\.rawValue)), default: "both",
                "the earlier text: earlier tasks, what the base was trained on, or both, all domains as often")
        ],
        "all weights are trained, gradients projected where they disagree with those of earlier text")

    private let source: EarlierSource

    public init(settings: Settings) { source = EarlierSource(rawValue: settings.string("from")) ?? .both }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.setTrainable { _ in true } }

    public func earlierText(phase: Int) -> EarlierText? { source.text(before: phase) }

    public func retention(_ context: PhaseContext) throws -> (any Retention)? {
        try context.earlier("a-gem").map { Projection(context, $0) }
    }

    /// A batch of earlier text for each batch of the task (the first of a step's rounds).
    public func overhead(phase: Int) -> PhaseOverhead {
        source == .tasks && phase == 0 ? PhaseOverhead() : PhaseOverhead(passes: 1, trainedCopies: 1)
    }
}

private final class Projection: Retention {
    private let own: [(parameter: Parameter, values: FloatBuffer)]
    private var batches: Batches
    private var batch = Batch()
    private let batchSize: Int
    private let compute: Compute
    private var steps = 0
    private var projected = 0

    init(_ context: PhaseContext, _ batches: Batches) {
        own = context.model.trainedCopies
        self.batches = batches
        batchSize = context.settings.batchSize
        compute = context.compute
    }

    func adjustGradients(_ pass: ModelPass) {
        for (parameter, values) in own {
            guard let gradient = parameter.gradient else { continue }
            values.copy(from: gradient)
            gradient.fill(0)
        }
        batches.next(batchSize, into: &batch)
        _ = pass.addGradients(
            tokens: batch.inputs, targets: batch.targets, gradientScale: Float(1 / Double(batchSize * batches.sequenceLength)))
        var (product, square) = (0.0, 0.0)
        for (parameter, values) in own {
            guard let reference = parameter.gradient else { continue }
            product += compute.dot(values.base, reference.base, count: parameter.count)
            square += compute.dot(reference.base, reference.base, count: parameter.count)
        }
        steps += 1
        let disagrees = product < 0 && square > 0
        if disagrees { projected += 1 }
        let factor = disagrees ? Float(-product / square) : 0
        for (parameter, values) in own {
            guard let gradient = parameter.gradient else { continue }
            if disagrees { compute.add(gradient.base, times: factor, to: values.base, count: parameter.count) }
            gradient.copy(from: values)
        }
    }

    var report: [String: Double] { steps == 0 ? [:] : ["projected": Double(projected) / Double(steps)] }

    var state: Value { ["batches": batches.cursor, "steps": .integer(steps), "projected": .integer(projected)] }

    func restore(_ state: Value) throws {
        guard let steps = state["steps"]?.asInteger, let projected = state["projected"]?.asInteger, 0...max(steps, 0) ~= projected, let cursor = state["batches"] else {
            throw CorpusError(place: "a-gem, state", found: state.summary, expected: "'steps', 'projected' and 'batches'")
        }
        try batches.restore(cursor)
        (self.steps, self.projected) = (steps, projected)
    }
}
