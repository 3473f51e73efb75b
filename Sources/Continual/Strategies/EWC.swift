import Corpus
import Kernels
import Llama
import Settings
import Training

/// All weights are trained, and held to where they were, each as firmly as it mattered: (strength / 2) sum_j F_j (w_j - w*_j)^2 is added to the loss in nats
/// a token, w* the weights before the task, F the sum of the Fisher information of everything learned before.
///
/// F_j = (1 / (S T)) sum over S sequences of T tokens of (d log p(sequence) / d w_j)^2, with the text's own tokens as targets, at the weights that had just
/// been trained on that text. Per sequence, never the square of a batch's mean gradient. In units of a token: with strength 1 an earlier text weighs as much as the
/// task's.
/// Source: Kirkpatrick et al. 2017, arXiv 1612.00796, eq. 3; one anchor for all tasks: Huszar 2018, arXiv 1712.03847. Deviations: the diagonal is empirical (targets of
/// the text, not drawn from the model).
public struct EWC: Strategy {
    public static let variant = Variant(
        "ewc",
        [
            .optional("strength", .number(0...1e12), default: 1.0, "weight of the penalty (lambda)"),
            .optional("sequences", .positive, default: 64, "sequences that the Fisher information of a text is measured on"),
            .optional(
                "from", .choice(EarlierSource.allCases.map(\.rawValue)), default: "both", "what is held on to: earlier tasks, what the base was trained on, or both"),
        ],
        "all weights are trained, held to where they were as firmly as they mattered")

    private let strength: Double
    private let sequences: Int
    private let source: EarlierSource

    public init(settings: Settings) {
        strength = settings.number("strength")
        sequences = settings.integer("sequences")
        source = EarlierSource(rawValue: settings.string("from")) ?? .both
    }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.setTrainable { _ in true } }

    public func earlierText(phase: Int) -> EarlierText? { source.latestText(before: phase) }

    public func retention(_ context: PhaseContext) throws -> (any Retention)? { try Consolidation(context, strength: strength, sequences: sequences) }

    public func overhead(phase: Int) -> PhaseOverhead { PhaseOverhead(sequences: sequences, trainedCopies: 2, savedCopies: 1) }
}

/// F and w* of every trained tensor.
private final class Consolidation: Retention {
    private let anchors: [(parameter: Parameter, values: FloatBuffer)]
    private let fisher: [FloatBuffer]
    private let strength: Float
    private let compute: Compute

    init(_ context: PhaseContext, strength: Double, sequences: Int) throws {
        anchors = context.model.trainedCopies
        fisher = anchors.map { FloatBuffer($0.parameter.count) }
        self.strength = Float(strength)
        compute = context.compute
        if let carried = context.carried {
            for (anchor, buffer) in zip(anchors, fisher) { try carried.read("fisher/" + anchor.parameter.name, anchor.parameter.shape, into: buffer) }
        }
        guard var batches = try context.earlier("fisher") else { return }
        context.model.zeroGradients()
        let pass = ModelPass(context.model, compute, batch: 1, length: batches.sequenceLength)
        for _ in 0..<sequences {
            try context.pause()
            let batch = batches.next(batchSize: 1)
            _ = pass.addGradients(tokens: batch.inputs, targets: batch.targets, gradientScale: 1)
            let factor = Float(1 / Double(sequences * batches.sequenceLength))
            for ((parameter, _), buffer) in zip(anchors, fisher) {
                guard let gradient = parameter.gradient else { continue }
                compute.addSquares(gradient.base, times: factor, to: buffer.base, count: parameter.count)
                gradient.fill(0)
            }
        }
    }

    func adjustGradients(_ pass: ModelPass) {
        for (anchor, buffer) in zip(anchors, fisher) {
            guard let gradient = anchor.parameter.gradient else { continue }
            compute.addPull(
                anchor.parameter.values.base, anchor: anchor.values.base, stiffness: buffer.base, times: strength, to: gradient.base,
                count: anchor.parameter.count)
        }
    }

    var carried: [Safetensors.Tensor] { zip(anchors, fisher).map { ("fisher/" + $0.parameter.name, $0.parameter.shape, $1) } }
}
