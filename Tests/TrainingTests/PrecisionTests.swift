import Kernels
import Settings
import Testing
import Training

/// bfloat16 rounds every operand to eight bits: the curve is another, but no further from FP32's than that of another seed.
@Suite struct PrecisionTests {
    private func losses(_ precision: String, seed: Int) throws -> [Double] {
        let model = try smallModel(hidden: 24, seed: seed)
        model.setTrainable { _ in true }
        var losses: [Double] = []
        let settings = try trainingSettings(
            ["steps": 80, "batch_size": 8, "learning_rate": 0.01, "logging_steps": 10, "precision": .string(precision)])
        let trainer = Trainer(model, settings, batches: try smallBatches(seed: seed), Compute())
        try trainer.train(record: { losses.append($0.loss) }, evaluate: { _ in })
        return losses
    }

    @Test func theCurveFollowsFP32WithinTheNoiseBetweenSeeds() throws {
        let seeds = [1, 2, 3]
        let exact = try seeds.map { try losses("fp32", seed: $0) }
        let rounded = try seeds.map { try losses("bf16", seed: $0) }
        #expect(rounded[0] != exact[0])
        func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) } / Double(a.count) }
        let noise = (distance(exact[0], exact[1]) + distance(exact[0], exact[2]) + distance(exact[1], exact[2])) / 3
        let shift = seeds.indices.reduce(0) { $0 + distance(exact[$1], rounded[$1]) } / 3
        #expect(shift < noise / 2, "bf16 is \(shift) nats from fp32, seeds are \(noise) apart")
        #expect(exact.allSatisfy { $0[7] < $0[0] - 0.5 })
    }
}
