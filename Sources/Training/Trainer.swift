import Corpus
import Foundation
import Kernels
import Llama
import Settings

/// One point of a loss curve.
public struct CurvePoint: Sendable, Hashable {
    /// Optimizer steps done, from 1.
    public var step: Int
    /// Mean over the steps since the point before, in nats a token.
    public var loss: Double
    public var learningRate: Double
    /// Norm of the last step's gradient before clipping.
    public var gradientNorm: Double
    /// Tokens trained on so far.
    public var tokens: Int
    /// Seconds of training so far; no part of the result.
    public var seconds: Double

    public init(step: Int, loss: Double, learningRate: Double, gradientNorm: Double, tokens: Int, seconds: Double) {
        (self.step, self.loss, self.learningRate) = (step, loss, learningRate)
        (self.gradientNorm, self.tokens, self.seconds) = (gradientNorm, tokens, seconds)
    }
}

/// The training of one stage: batches, gradients, updates, and what is recorded on the way.
public final class Trainer {
    private let model: LlamaModel
    private let settings: TrainingSettings
    private let compute: Compute
    private let pass: ModelPass
    private let optimizer: AdamW
    private var batches: Batches
    /// Filled anew in every round, so that a step allocates nothing.
    private var batch = Batch()
    private var step = 0
    private var lossSum = 0.0
    private var lossCount = 0
    private var lastLoss: Double?

    /// - Parameter batches: windows of `sequenceLength` tokens, no longer than the model allows.
    public init(_ model: LlamaModel, _ settings: TrainingSettings, batches: Batches, _ compute: Compute) {
        self.model = model
        self.settings = settings
        self.batches = batches
        self.compute = compute
        pass = ModelPass(model, compute, batch: settings.batchSize, length: batches.sequenceLength, precision: settings.precision)
        optimizer = AdamW(model, settings, compute)
        // Once: an update leaves the gradients at 0.
        model.zeroGradients()
    }

    /// Trains for all steps. `record` gets a point every `logging_steps` and for the last step; `evaluate` is called after every
    /// `eval_steps` but the last step, with the steps done.
    public func train(record: (CurvePoint) throws -> Void, evaluate: (_ step: Int) throws -> Void) throws {
        let clock = ContinuousClock()
        var spent = Duration.zero
        while step < settings.steps {
            let start = clock.now
            let (learningRate, gradientNorm) = try takeStep()
            spent += clock.now - start
            let isLast = step == settings.steps
            if isLast || step % settings.loggingSteps == 0 {
                try record(
                    CurvePoint(
                        step: step, loss: lossSum / Double(lossCount), learningRate: learningRate, gradientNorm: gradientNorm,
                        tokens: step * tokensAStep, seconds: Double(spent.components.seconds) + Double(spent.components.attoseconds) * 1e-18))
                (lossSum, lossCount) = (0, 0)
            }
            if settings.evaluationSteps > 0, !isLast, step % settings.evaluationSteps == 0 { try evaluate(step) }
        }
    }

    private var tokensAStep: Int { settings.batchSize * batches.sequenceLength * settings.accumulationSteps }

    /// One optimizer step.
    func takeStep() throws(TrainingError) -> (learningRate: Double, gradientNorm: Double) {
        let learningRate = settings.learningRate(step: step)
        func check(_ value: Double, _ quantity: String) throws(TrainingError) {
            guard value.isFinite else {
                throw .notFinite(quantity: quantity, step: step + 1, learningRate: learningRate, lastLoss: lastLoss)
            }
        }
        var sum = 0.0
        for _ in 0..<settings.accumulationSteps {
            batches.next(settings.batchSize, into: &batch)
            sum += pass.addGradients(tokens: batch.inputs, targets: batch.targets, gradientScale: Float(1 / Double(tokensAStep)))
        }
        let loss = sum / Double(tokensAStep)
        try check(loss, "loss")
        let gradientNorm = optimizer.gradientNorm()
        try check(gradientNorm, "gradient norm")
        optimizer.update(learningRate: learningRate, gradientNorm: gradientNorm)
        step += 1
        lastLoss = loss
        lossSum += loss
        lossCount += 1
        return (learningRate, gradientNorm)
    }
}
