import Settings

/// What timed training steps showed.
public struct TrainingMeasurement: Sendable, Hashable {
    public var parameterCount: Int
    public var trainedParameterCount: Int
    public var tokensAStep: Int
    /// Seconds of each timed step.
    public var stepSeconds: Sample
    /// Seconds of the first step of all, warm-up or not.
    public var firstStepSeconds: Double
    /// A token.
    public var operations: TrainingOperations
    /// Floating-point operations a second that the units did at most, before or after the steps.
    public var peak: Double
    public var peakResidentBytes: Int?
    /// Seconds from the start of the process to the first step, less those that the measurement of the peak took.
    public var readySeconds: Double?
    /// Nats a token, of the first step of all and of the last.
    public var firstLoss: Double
    public var lastLoss: Double

    /// From the median step.
    public var tokensASecond: Double { Double(tokensAStep) / stepSeconds.median }
    public var operationsASecond: Double { tokensASecond * operations.total }
    public var shareOfPeak: Double { operationsASecond / peak }

    /// The figures under the keys of the JSON line.
    public var value: Value {
        [
            "parameters": .integer(parameterCount), "trained_parameters": .integer(trainedParameterCount),
            "tokens_per_step": .integer(tokensAStep), "timed_steps": .integer(stepSeconds.values.count),
            "step_ms": .number(stepSeconds.median * 1e3), "step_ms_min": .number(stepSeconds.minimum * 1e3),
            "first_step_ms": .number(firstStepSeconds * 1e3), "tokens_per_second": .number(tokensASecond),
            "flop_per_token": .number(operations.total), "gflops": .number(operationsASecond / 1e9), "peak_gflops": .number(peak / 1e9),
            "percent_of_peak": .number(shareOfPeak * 100), "peak_memory_bytes": peakResidentBytes.map { .integer($0) } ?? .null,
            "ready_seconds": readySeconds.map { .number($0) } ?? .null, "loss_first": .number(firstLoss), "loss_last": .number(lastLoss),
        ]
    }
}
