/// What was logged while a run trained: parallel arrays, one entry a logged step.
public struct LearningCurve: Sendable, Hashable {
    /// Optimizer step.
    public var steps: [Int]
    /// The stage that the step belongs to: a task of the stream.
    public var stages: [String]
    /// Training loss in nats a token.
    public var losses: [Double]
    public var learningRates: [Double]
    /// Norm of the gradient before clipping.
    public var gradientNorms: [Double]
    /// Tokens trained on so far.
    public var tokens: [Int]
    /// Seconds of training so far.
    public var seconds: [Double]

    public init(
        steps: [Int] = [], stages: [String] = [], losses: [Double] = [], learningRates: [Double] = [], gradientNorms: [Double] = [],
        tokens: [Int] = [], seconds: [Double] = []
    ) {
        self.steps = steps
        self.stages = stages
        self.losses = losses
        self.learningRates = learningRates
        self.gradientNorms = gradientNorms
        self.tokens = tokens
        self.seconds = seconds
    }
}

/// Evaluations along the way: parallel arrays, one entry an evaluation.
public struct Evaluations: Sendable, Hashable {
    /// Optimizer step at which the evaluation was made.
    public var steps: [Int]
    /// The stage that the step belongs to: a task of the stream.
    public var stages: [String]
    /// Held-out loss in nats a token, (evaluations, E).
    public var losses: [[Double]]
    /// Score of the questions, 0...1, (evaluations, E), NaN for a domain without questions; empty where nothing has any.
    public var scores: [[Double]]

    public init(steps: [Int] = [], stages: [String] = [], losses: [[Double]] = [], scores: [[Double]] = []) {
        (self.steps, self.stages, self.losses, self.scores) = (steps, stages, losses, scores)
    }
}
