import Corpus
import Foundation
import Kernels
import Llama
import Settings

/// One point of a loss curve.
public struct CurvePoint: Sendable, Hashable {
    /// Optimizer steps done, from 1.
    public var step: Int
    /// Mean over the steps since the point before, in nats a token that counts.
    public var loss: Double
    public var learningRate: Double
    /// Norm of the last step's gradient before clipping.
    public var gradientNorm: Double
    /// Tokens trained on so far: all that went through the model, with prompts and padding.
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
    public let settings: TrainingSettings
    private let pass: ModelPass
    let optimizer: AdamW
    var batches: Batches
    /// A batch a round, filled anew in every step, so that one allocates nothing.
    private var rounds: [Batch]
    /// Steps done.
    public internal(set) var step = 0
    /// Of the steps since the last point of the curve.
    var lossSum = 0.0
    var lossCount = 0
    var lastLoss: Double?
    /// The last step after which was evaluated.
    var evaluatedStep = 0
    /// Time of the steps, that of an interrupted attempt with it.
    var spent = Duration.zero

    /// - Parameter batches: windows of `sequenceLength` tokens, no longer than the model allows.
    public init(_ model: LlamaModel, _ settings: TrainingSettings, batches: Batches, _ compute: Compute) {
        self.settings = settings
        self.batches = batches
        rounds = Array(repeating: Batch(), count: settings.accumulationSteps)
        pass = ModelPass(model, compute, batch: settings.batchSize, length: batches.sequenceLength, precision: settings.precision)
        optimizer = AdamW(model, settings, compute)
        // Once: an update leaves the gradients at 0.
        model.zeroGradients()
    }

    /// Trains for all steps that are left. `record` gets a point every `logging_steps` and for the last step; `evaluate` is called after
    /// every `eval_steps` but the last step, with the steps done; `pause` after every step but the last, before the evaluation: what is
    /// saved then (`stateTensors`, `stateValues`) goes on with it.
    public func train(record: (CurvePoint) throws -> Void, evaluate: (_ step: Int) throws -> Void, pause: () throws -> Void = {}) throws {
        let clock = ContinuousClock()
        while step < settings.steps {
            if settings.evaluationSteps > 0, step > evaluatedStep, step % settings.evaluationSteps == 0 {
                try evaluate(step)
                evaluatedStep = step
            }
            let start = clock.now
            let (learningRate, gradientNorm) = try takeStep()
            spent += clock.now - start
            let isLast = step == settings.steps
            if isLast || step % settings.loggingSteps == 0 {
                try record(
                    CurvePoint(
                        step: step, loss: lossSum / Double(lossCount), learningRate: learningRate, gradientNorm: gradientNorm,
                        tokens: step * tokensAStep, seconds: spent / .seconds(1)))
                (lossSum, lossCount) = (0, 0)
            }
            if !isLast { try pause() }
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
        // The mean over what counts in all rounds together, as transformers' trainer takes it.
        var scored = 0
        for round in rounds.indices {
            batches.next(settings.batchSize, into: &rounds[round])
            scored += rounds[round].scoredCount
        }
        var sum = 0.0
        for batch in rounds {
            sum += pass.addGradients(tokens: batch.inputs, targets: batch.targets, gradientScale: Float(1 / Double(max(scored, 1))))
        }
        let loss = sum / Double(max(scored, 1))
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
