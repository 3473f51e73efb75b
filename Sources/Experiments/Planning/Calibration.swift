import Corpus
import Foundation
import Kernels
import Llama
import Training

/// Some training steps of a shape near that of an experiment, timed: about a second for an estimate where nothing has been trained yet.
public enum Calibration {
    /// Floating-point operations of a step at most, for each thread; and seconds that are measured.
    private static let operations = 4e9
    private static let seconds = 0.6
    /// A model that is larger than this even with one block is not tried out.
    private static let memoryBytes = 2e9

    /// The speed of the kind of stage that most of the work is of; nil when no stage is left that trains, or none that can be tried out.
    public static func speed(_ graph: StageGraph, _ costs: [StageCost], _ survey: StageSurvey, _ compute: Compute) throws -> StageSpeed? {
        var work: [StageSpeed.Kind: Double] = [:]
        for (stage, cost) in zip(graph.stages, costs) where cost.trainedTokens > 0 && survey[stage.key] != .done {
            work[StageSpeed.Kind(cost), default: 0] += cost.operations
        }
        let most = work.max { ($0.value, $0.key.hiddenSize) < ($1.value, $1.key.hiddenSize) }?.key
        let example = graph.stages.lazy.compactMap { stage -> (LlamaConfiguration, Stage.Lesson)? in
            guard case .pretraining(let configuration, _, let lesson) = stage.work, lesson.train.steps > 0 else { return nil }
            return configuration.hiddenSize == most?.hiddenSize ? (configuration, lesson) : nil
        }.first
        guard let most, var (configuration, lesson) = example else { return nil }
        lesson.midway = nil
        (lesson.train.precision, lesson.train.accumulationSteps) = (most.precision, 1)
        (lesson.train.loggingSteps, lesson.train.evaluationSteps, lesson.train.steps) = (1, 0, 1)
        func step() -> StageCost { ModelShape(configuration).cost(of: lesson) }
        // Small enough for a second, first in rows, then in depth.
        let limit = operations * Double(compute.threadCount)
        while step().operations > limit, lesson.train.batchSize > 2 { lesson.train.batchSize /= 2 }
        while step().operations > limit, configuration.layerCount > 1 { configuration.layerCount /= 2 }
        guard step().memoryBytes < memoryBytes else { return nil }

        let cost = step()
        var random = RandomStream(seed: 0, "calibration")
        let tokens = (0...8 * lesson.sequenceLength).map { _ in Int32(random.below(configuration.vocabularySize)) }
        let batches = try Batches(domains: [tokens], weights: [1], sequenceLength: lesson.sequenceLength, seed: 0, label: "calibration")
        let model = LlamaModel(configuration, seed: 0)
        model.setTrainable { _ in true }
        (lesson.train.steps, lesson.train.learningRate) = (1000, 1e-4)
        var first: Double?
        /// Seconds and steps behind the first step, which reserves memory.
        var timed = (seconds: 0.0, steps: 0)
        struct Enough: Error {}
        do {
            try Trainer(model, lesson.train, batches: batches, compute).train(
                record: { point in
                    guard let start = first else {
                        first = point.seconds
                        return
                    }
                    timed = (point.seconds - start, point.step - 1)
                    if timed.seconds > seconds { throw Enough() }
                }, evaluate: { _ in })
        } catch is Enough {}
        var speed = StageSpeed()
        speed.add(cost, seconds: timed.seconds / Double(timed.steps), threads: compute.threadCount)
        return speed
    }
}
