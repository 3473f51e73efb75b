import Continual
import Llama
import Settings
import Training

/// What the stream of a run takes, from its settings alone: nothing is read and nothing trained.
struct StreamSize: Sendable, Hashable {
    /// Weights that are trained, and weights that are added to the base: the most in any phase.
    private(set) var trained = 0
    private(set) var added = 0
    /// Floating-point operations of the training, what the strategy does beside it included and evaluations not.
    private(set) var operations = 0.0

    init(_ run: Run) throws(SettingsError) {
        var shape = ModelShape(run.base)
        for (index, phase) in run.phases.enumerated() {
            if index == 0 || run.strategy.growsEachPhase { try shape.apply(run.strategy, phase: index) }
            trained = max(trained, shape.trainedParameterCount)
            added = max(added, shape.parameterCount - run.base.parameterCount)
            let train = run.train(in: phase)
            let lesson = Stage.Lesson(train: train, sequenceLength: run.sequenceLength(train), data: [], tokenizer: "", seed: 0, midway: nil)
            operations += shape.cost(of: lesson, run.strategy.overhead(phase: index)).trainingOperations
        }
    }

    /// All of a run that its size follows from.
    struct Source: Hashable {
        private var base: LlamaConfiguration
        private var strategy: Value
        private var taskCount: Int
        /// Steps, rounds a step, sequences a round, tokens a sequence.
        private var lengths: [Int]

        init(_ run: Run) {
            (base, strategy, taskCount) = (run.base, run.settings.settings("strategy").value, run.stream.count)
            lengths = [run.train.steps, run.train.accumulationSteps, run.train.batchSize, run.sequenceLength(run.train)]
        }
    }
}
