import Settings

/// One finished run, as plain values: everything that is published about it.
///
/// Shapes: T tasks in the stream, E domains evaluated. A matrix has T+1 rows of E; row 0 is the base model, row t the
/// model after task t. NaN stands for what was not measured.
public struct RunRecord: Sendable {
    /// Unique among the runs of an experiment; names the run's group in the file.
    public var id: String
    /// The run's point in the sweep, in the order of the sweep's axes, with the arm's label and the seed.
    public var axes: [(name: String, value: Value)]
    /// The resolved configuration.
    public var configuration: Value
    /// The strategy as it is shown in a table.
    public var strategy: String
    /// Names of the tasks in the order in which they were trained: T of them.
    public var tasks: [String]
    /// Everything that is evaluated, base domains included: E of them.
    public var domains: [String]
    /// Held-out loss in nats a token, (T+1, E).
    public var losses: [[Double]]
    /// Held-out loss in bits a byte, (T+1, E).
    public var bitsPerByte: [[Double]]
    /// Score of the questions, 0...1, (T+1, E); NaN for a domain without questions.
    public var scores: [[Double]]
    /// What the scores of each domain are, (E): `exact-match`, a share of questions answered rightly, or another of `TaskScore`; empty without questions.
    public var scoreNames: [String] = []
    /// Loss of a model with random weights in nats a token, (E).
    public var randomLosses: [Double]
    /// Score of a model with random weights, (E).
    public var randomScores: [Double]
    public var parameters: Parameters
    /// Metrics in the order in which they are shown; NaN where one is not defined.
    public var metrics: [(name: String, value: Double)]
    /// The stage that measured each row of the matrices, (T+1); empty where the strategy has no such row. Runs whose stages agree are one.
    public var stages: [String]
    /// What the training behind each row took, (T+1): row 0 the base's, row t what was trained since the row before.
    public var costs: [Cost]
    /// Hash of all that determines the content of each domain, (E).
    public var dataHashes: [String]
    /// How far the model behind each row has gone from its base, (T+1), nil where that was not measured; empty for a run that does not measure it.
    public var drift: [DriftRow?] = []
    public var curve: LearningCurve
    public var evaluations: Evaluations
    /// What was measured behind the instruction stage; nil for a run without one.
    public var instructed: Instructed?

    /// What training took.
    public struct Cost: Sendable, Hashable {
        /// Floating-point operations of products and attention, a multiply-add as two, counted from sizes; NaN until it is done.
        public var flops: Double
        /// Seconds of training, NaN until there are some.
        public var seconds: Double
        /// Bytes of weights, gradients, moments and activations, planned from sizes.
        public var memoryBytes: Double

        public static let none = Cost(flops: 0, seconds: 0, memoryBytes: 0)
        static let unknown = Cost(flops: .nan, seconds: .nan, memoryBytes: .nan)

        public init(flops: Double, seconds: Double, memoryBytes: Double) {
            (self.flops, self.seconds, self.memoryBytes) = (flops, seconds, memoryBytes)
        }
    }

    /// What the whole stream took: sums, and the largest memory. The base is not counted.
    public var cost: Cost {
        costs.dropFirst().reduce(.none) {
            Cost(flops: $0.flops + $1.flops, seconds: $0.seconds + $1.seconds, memoryBytes: max($0.memoryBytes, $1.memoryBytes))
        }
    }

    /// Numbers of parameters.
    public struct Parameters: Sendable, Hashable {
        /// In the base model.
        public var base: Int
        /// Added to it by the strategy.
        public var added: Int
        /// Trained at any time in the stream.
        public var trained: Int

        public init(base: Int, added: Int, trained: Int) {
            self.base = base
            self.added = added
            self.trained = trained
        }
    }

    public init(
        id: String, axes: [(name: String, value: Value)], configuration: Value, strategy: String, tasks: [String], domains: [String],
        losses: [[Double]], bitsPerByte: [[Double]], scores: [[Double]], randomLosses: [Double], randomScores: [Double],
        parameters: Parameters, metrics: [(name: String, value: Double)], stages: [String], costs: [Cost], dataHashes: [String],
        curve: LearningCurve = LearningCurve(), evaluations: Evaluations = Evaluations()
    ) {
        self.id = id
        self.axes = axes
        self.configuration = configuration
        self.strategy = strategy
        self.tasks = tasks
        self.domains = domains
        self.losses = losses
        self.bitsPerByte = bitsPerByte
        self.scores = scores
        self.randomLosses = randomLosses
        self.randomScores = randomScores
        self.parameters = parameters
        self.metrics = metrics
        self.stages = stages
        self.costs = costs
        self.dataHashes = dataHashes
        self.curve = curve
        self.evaluations = evaluations
    }
}
