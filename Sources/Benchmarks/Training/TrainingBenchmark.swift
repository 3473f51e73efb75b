import Continual
import Corpus
import Foundation
import Kernels
import Llama
import Settings
import Training

/// Training steps of one model, timed as they are taken: batch, forward, backward, clipping, AdamW, by the trainer that experiments use.
public struct TrainingBenchmark {
    private let shape: TrainingShape
    private let configuration: LlamaConfiguration
    private let strategy: any Strategy
    private let settings: TrainingSettings
    private let warmup: Int

    /// - Parameters:
    ///   - strategy: the strategy as in an experiment file; `sequential` trains all weights.
    ///   - precision: of the products of weights.
    ///   - steps: steps that are timed, after `warmup` that are not.
    /// Throws where sizes do not go together.
    public init(shape: TrainingShape, strategy: Value, precision: Precision = .fp32, steps: Int, warmup: Int) throws(SettingsError) {
        guard steps >= 1, warmup >= 0, steps + warmup <= 1_000_000 else {
            throw SettingsError(
                path: Path(dotted: "steps"), found: "\(steps), and \(warmup) of warm-up", expected: "from 1 up, a warm-up from 0 up, a million together")
        }
        self.shape = shape
        self.warmup = warmup
        configuration = try LlamaConfiguration(value: shape.configuration)
        let words = try Settings(["strategy": strategy], fields: [.required("strategy", strategyKind, "what is trained")])
        self.strategy = try Continual.strategy(words.settings("strategy"))
        try self.strategy.check(configuration)
        // A record a step is what the times are taken from.
        settings = TrainingSettings(
            settings: try Settings(
                [
                    "steps": .integer(warmup + steps), "batch_size": .integer(shape.batchSize), "sequence_length": .integer(shape.length),
                    "lr_scheduler_type": "constant", "warmup_ratio": 0, "logging_steps": 1, "precision": .string(precision.rawValue),
                ],
                fields: TrainingSettings.fields))
    }

    /// Trains. `beforeTiming` is called between the warm-up and the first step that is timed.
    public func measure(_ compute: Compute, beforeTiming: () -> Void = {}) throws -> TrainingMeasurement {
        let clock = ContinuousClock()
        let start = clock.now
        let peakBefore = compute.peak()
        let measuring = start.duration(to: clock.now) / .seconds(1)

        let model = LlamaModel(configuration, seed: 0)
        try strategy.prepare(model, phase: 0, seed: 0)
        let batches = try Batches(domains: [tokens()], weights: [1], sequenceLength: shape.length, seed: 0, label: "benchmark")
        let trainer = Trainer(model, settings, batches: batches, compute)
        let readySeconds = ProcessFacts.age.map { $0 - measuring }
        var points: [CurvePoint] = []
        if warmup == 0 { beforeTiming() }
        try trainer.train(
            record: { point in
                points.append(point)
                if point.step == warmup { beforeTiming() }
            }, evaluate: { _ in })
        let seconds = points.indices.map { $0 == 0 ? points[0].seconds : points[$0].seconds - points[$0 - 1].seconds }
        return TrainingMeasurement(
            parameterCount: model.parameterCount, trainedParameterCount: model.trainedParameterCount,
            tokensAStep: shape.batchSize * shape.length, stepSeconds: Sample(Array(seconds[warmup...])), firstStepSeconds: seconds[0],
            operations: TrainingOperations(model, length: shape.length), peak: max(peakBefore, compute.peak()),
            peakResidentBytes: ProcessFacts.peakResidentBytes, readySeconds: readySeconds, firstLoss: points[0].loss,
            lastLoss: points[points.count - 1].loss)
    }

    /// Each token is five times the one before plus 0 to 3: every token is as frequent as any other, so that rows of the embedding are
    /// read as in the worst case, and yet there is something to learn.
    private func tokens() -> [Int32] {
        var random = RandomStream(seed: 0, "benchmark")
        var token = 0
        // Windows for every step: none comes twice.
        return (0...(settings.steps + 1) * shape.batchSize * shape.length).map { _ in
            token = (5 * token + random.below(4)) % configuration.vocabularySize
            return Int32(token)
        }
    }
}
