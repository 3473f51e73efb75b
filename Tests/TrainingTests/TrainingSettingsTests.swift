import Settings
import Testing
import Training

@Suite struct TrainingSettingsTests {
    /// Factors of a schedule of these steps and this warm-up ratio, with a peak of 1.
    func factors(_ schedule: String, steps: Int, warmup: Double) throws -> [Double] {
        let settings = try trainingSettings([
            "steps": .integer(steps), "learning_rate": 1, "warmup_ratio": .number(warmup), "lr_scheduler_type": .string(schedule),
        ])
        return (0..<steps).map { settings.learningRate(step: $0) }
    }

    func isClose(_ found: [Double], _ expected: [Double]) -> Bool {
        found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
    }

    @Test func schedulesByHand() throws {
        #expect(isClose(try factors("linear", steps: 8, warmup: 0.5), [0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25]))
        #expect(isClose(try factors("constant", steps: 5, warmup: 0.4), [0.5, 1, 1, 1, 1]))
        let half = 0.5.squareRoot()
        #expect(isClose(try factors("cosine", steps: 6, warmup: 1.0 / 3), [0.5, 1, 1, (1 + half) / 2, 0.5, (1 - half) / 2]))
        #expect(isClose(try factors("cosine", steps: 4, warmup: 0), [1, (1 + half) / 2, 0.5, (1 - half) / 2]))
        #expect(isClose(try factors("linear", steps: 4, warmup: 0), [1, 0.75, 0.5, 0.25]))
    }

    @Test func firstAndLastSteps() throws {
        for schedule in LearningRateSchedule.allCases {
            for steps in [1, 2, 3, 100, 1000] {
                let factors = try factors(schedule.rawValue, steps: steps, warmup: 0.06)
                let warmup = (steps * 6 + 99) / 100
                #expect(abs(factors[0] - 1 / Double(warmup)) < 1e-12)
                #expect(factors[warmup - 1] == 1 && factors.allSatisfy { $0 > 0 && $0 <= 1 })
                #expect(zip(factors[(warmup - 1)...], factors[warmup...]).allSatisfy { $0 >= $1 })
                // 0 stands behind the last step, not on it.
                if schedule != .constant, steps > warmup { #expect(schedule.factor(step: steps, of: steps, warmup: warmup) == 0) }
            }
        }
        // Warm-up to the end, and none where there are no steps.
        #expect(isClose(try factors("cosine", steps: 4, warmup: 1), [0.25, 0.5, 0.75, 1]))
        #expect(try factors("cosine", steps: 0, warmup: 0.5).isEmpty)
    }

    @Test func warmupIsRoundedUp() throws {
        #expect(isClose(Array(try factors("constant", steps: 10, warmup: 0.11).prefix(3)), [0.5, 1, 1]))
        #expect(isClose(Array(try factors("constant", steps: 10, warmup: 0.001).prefix(2)), [1, 1]))
    }

    @Test func thePeakScales() throws {
        #expect(try trainingSettings(["learning_rate": 0.004, "warmup_ratio": 0.2, "steps": 10]).learningRate(step: 0) == 0.002)
        #expect(try trainingSettings(["learning_rate": 0, "warmup_ratio": 0.2]).learningRate(step: 3) == 0)
    }

    @Test func defaults() throws {
        let settings = TrainingSettings(settings: try Settings(["steps": 7], fields: TrainingSettings.fields))
        #expect(settings.steps == 7 && settings.batchSize == 32 && settings.sequenceLength == nil && settings.accumulationSteps == 1)
        #expect(settings.learningRate == 1e-3 && settings.warmupRatio == 0.06 && settings.schedule == .cosine && settings.weightDecay == 0.1)
        #expect(settings.beta1 == 0.9 && settings.beta2 == 0.95 && settings.epsilon == 1e-8 && settings.maxGradientNorm == 1)
        #expect(settings.loggingSteps == 10 && settings.evaluationSteps == 0)
        #expect(try trainingSettings(["sequence_length": 64]).sequenceLength == 64)
    }

    @Test func wrongSettings() {
        let wrong: [(String, Value)] = [
            ("steps", -1), ("steps", 1.5), ("batch_size", 0), ("sequence_length", 0), ("gradient_accumulation_steps", 0), ("learning_rate", -1e-3),
            ("learning_rate", 101), ("warmup_ratio", 1.1), ("lr_scheduler_type", "cosin"), ("weight_decay", -1), ("adam_beta1", 1), ("adam_beta2", 1),
            ("adam_epsilon", 0), ("max_grad_norm", -1), ("logging_steps", 0), ("eval_steps", -1),
        ]
        for (key, value) in wrong {
            let error = #expect(throws: SettingsError.self) { try trainingSettings([key: value]) }
            #expect(error?.path.description == key)
        }
        #expect(throws: SettingsError.self) { try Settings([:], fields: TrainingSettings.fields) }
    }
}
