import Benchmarks
import Kernels
import Settings
import Testing

@Suite struct TrainingBenchmarkTests {
    private let shape = TrainingShape(
        hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 2, vocabularySize: 32, batchSize: 4, length: 16)

    private func measure(_ strategy: Value, steps: Int = 3, warmup: Int = 0) throws -> TrainingMeasurement {
        try TrainingBenchmark(shape: shape, strategy: strategy, steps: steps, warmup: warmup).measure(Compute(threads: 2))
    }

    @Test func everythingTrained() throws {
        let found = try measure(["kind": "sequential"])
        #expect(found.stepSeconds.values.count == 3 && found.stepSeconds.values.allSatisfy { $0 > 0 })
        #expect(found.firstStepSeconds == found.stepSeconds.values[0])
        #expect(found.tokensAStep == 64)
        // 2 x 32 x 16 at the ends, a norm, and blocks of 16 x (16 + 8 + 8 + 16) + 3 x 16 x 24 and two norms.
        #expect(found.parameterCount == 1024 + 16 + 2 * (768 + 1152 + 32))
        #expect(found.trainedParameterCount == found.parameterCount)
        #expect(found.operations.forward == Double(2 * 512 + 2 * (2 * (768 + 1152) + 2 * 16 * 17)))
        // From about ln 32 = 3.47.
        #expect((3.4...3.6).contains(found.firstLoss) && found.lastLoss < found.firstLoss)
        #expect(found.peak.isFinite && found.peak > 0)
        let value = found.value
        #expect(value["tokens_per_second"]?.asDouble == 64 / found.stepSeconds.median)
        #expect(value["gflops"]?.asDouble == found.tokensASecond * found.operations.total / 1e9)
        #expect(value["percent_of_peak"]?.asDouble == found.operationsASecond / found.peak * 100)
    }

    /// The warm-up counts for the losses and the first step, not for the times.
    @Test func warmup() throws {
        var calls = 0
        let benchmark = try TrainingBenchmark(shape: shape, strategy: ["kind": "sequential"], steps: 1, warmup: 2)
        let found = try benchmark.measure(Compute()) { calls += 1 }
        #expect(calls == 1)
        #expect(found.stepSeconds.values.count == 1)
        let whole = try measure(["kind": "sequential"])
        #expect(found.firstLoss == whole.firstLoss && found.lastLoss == whole.lastLoss)
    }

    @Test func otherStrategies() throws {
        let lora = try measure(["kind": "lora", "r": 2])
        #expect(lora.trainedParameterCount == 2 * 2 * (2 * (16 + 16) + 2 * (16 + 8) + 3 * (16 + 24)))
        #expect(lora.lastLoss.isFinite)
        let expanded = try measure(["kind": "block-expansion", "blocks": 1])
        #expect(expanded.trainedParameterCount == 768 + 1152 + 32)
        #expect(expanded.parameterCount == 1024 + 16 + 3 * (768 + 1152 + 32))
        #expect(expanded.lastLoss.isFinite)
    }

    @Test func wrongSizes() {
        func failure(_ change: (inout TrainingShape) -> Void, strategy: Value = ["kind": "sequential"], steps: Int = 1) -> String {
            var shape = shape
            change(&shape)
            do {
                _ = try TrainingBenchmark(shape: shape, strategy: strategy, steps: steps, warmup: 0)
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(failure { $0.headCount = 3 }.hasPrefix("num_attention_heads: found 3, expected a divisor of hidden_size"))
        #expect(failure { $0.hiddenSize = 0 }.hasPrefix("hidden_size: found 0"))
        #expect(failure { $0.batchSize = 0 }.hasPrefix("batch_size: found 0"))
        #expect(failure({ _ in }, strategy: ["kind": "lora", "r": 0]).hasPrefix("strategy.r: found 0"))
        #expect(failure({ _ in }, strategy: ["kind": "block-expansion"]).hasPrefix("found no key 'blocks'"))
        #expect(failure({ _ in }, steps: 0).hasPrefix("steps: found 0"))
        #expect(throws: SettingsError.self) { try TrainingShape.named("d65") }
    }
}
