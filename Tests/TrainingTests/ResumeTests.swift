import Foundation
import Kernels
import Llama
import Settings
import Testing
import Training

/// A training that is saved and goes on in another trainer ends with the same bits.
@Suite struct ResumeTests {
    private struct Stopped: Error {}

    /// What a training leaves behind.
    private final class Log {
        var points: [[Double]] = []
        var evaluations: [Int] = []
    }

    private func model(_ strategy: String) throws -> LlamaModel {
        let model = try smallModel(layers: 3)
        switch strategy {
        case "lora":
            model.attachLoRA(LoRASettings(rank: 2, alpha: 4, targetModules: Block.linearNames), seed: 1)
            model.setTrainable { $0.name.contains("lora_") }
        case "block-expansion":
            model.expand(after: [2])
            for layer in model.addedLayers { for parameter in model.blocks[layer].parameters { parameter.isTrainable = true } }
        default: model.setTrainable { _ in true }
        }
        return model
    }

    private let settings: [String: Value] = ["steps": 12, "logging_steps": 4, "eval_steps": 3, "gradient_accumulation_steps": 2]

    private func trainer(_ model: LlamaModel, _ changes: [String: Value] = [:], threads: Int = 1) throws -> Trainer {
        Trainer(model, try trainingSettings(settings.merging(changes) { $1 }), batches: try smallBatches(), Compute(threads: threads))
    }

    /// Trains to the end, or until so many steps are done.
    private func train(_ trainer: Trainer, until last: Int = .max, _ log: Log) throws {
        do {
            try trainer.train(
                record: { log.points.append([Double($0.step), $0.loss, $0.learningRate, $0.gradientNorm, Double($0.tokens)]) },
                evaluate: { log.evaluations.append($0) }, pause: { if trainer.step == last { throw Stopped() } })
        } catch is Stopped {}
    }

    /// The state as a file would hold it.
    private func saved(_ trainer: Trainer) throws -> (Safetensors, Value) {
        (try Safetensors(data: Safetensors.encoded(tensors: trainer.stateTensors, metadata: [:]), path: "state"), try Value(json: trainer.stateValues.canonicalJSON))
    }

    @Test(arguments: ["full", "lora", "block-expansion"], ["fp32", "bf16"])
    func goesOnBitForBit(strategy: String, precision: String) throws {
        let changes: [String: Value] = ["precision": .string(precision)]
        let (whole, log) = (try model(strategy), Log())
        try train(trainer(whole, changes), log)
        #expect(log.points.map { $0[0] } == [4, 8, 12] && log.evaluations == [3, 6, 9])
        for step in 1..<12 {
            let (first, parts) = (try trainer(model(strategy), changes), Log())
            try train(first, until: step, parts)
            let again = try model(strategy)
            let second = try trainer(again, changes, threads: step % 3 + 1)
            let (tensors, values) = try saved(first)
            // What happens to the one does not reach the other.
            try train(first, Log())
            try second.restore(tensors, values)
            #expect(second.step == step)
            try train(second, parts)
            #expect(bits(again) == bits(whole), "\(strategy) after step \(step)")
            #expect(parts.points == log.points && parts.evaluations == log.evaluations, "\(strategy) after step \(step)")
        }
    }

    /// Several times, and the time adds up.
    @Test func goesOnAgainAndAgain() throws {
        let (whole, log) = (try model("full"), Log())
        try train(trainer(whole), log)
        var current = try trainer(model("full"))
        var (last, parts, seconds) = (try model("full"), Log(), 0.0)
        for step in 1..<12 {
            try train(current, until: step, parts)
            let (tensors, values) = try saved(current)
            let spent = try #require(values["seconds"]?.asDouble)
            #expect(spent > seconds)
            seconds = spent
            last = try model("full")
            current = try trainer(last)
            try current.restore(tensors, values)
        }
        try train(current, parts)
        #expect(bits(last) == bits(whole) && parts.points == log.points && parts.evaluations == log.evaluations)
    }

    /// Without the moments, or with another place in the data, the numbers are others: the comparison sees it.
    @Test func everyPartOfTheStateCounts() throws {
        let whole = try model("full")
        try train(trainer(whole), Log())
        let first = try trainer(model("full"))
        try train(first, until: 6, Log())
        let (tensors, values) = try saved(first)
        func end(_ change: (Trainer, LlamaModel, inout Value) throws -> Void) throws -> Bool {
            let again = try model("full")
            let second = try trainer(again)
            var changed = values
            try change(second, again, &changed)
            try second.restore(tensors, changed)
            try train(second, Log())
            return bits(again) == bits(whole)
        }
        #expect(try end { _, _, _ in })
        #expect(try !end { _, _, values in values["batches"] = try trainer(model("full")).stateValues["batches"] })
        let withoutMeans = first.stateTensors.map { ($0.name, $0.shape, $0.name.hasPrefix("mean/") ? FloatBuffer($0.values.count) : $0.values) }
        let without = try Safetensors(data: Safetensors.encoded(tensors: withoutMeans, metadata: [:]), path: "state")
        let again = try model("full")
        let second = try trainer(again)
        try second.restore(without, values)
        try train(second, Log())
        #expect(bits(again) != bits(whole))
    }

    @Test func whatDoesNotFitIsRefusedAndChangesNothing() throws {
        let first = try trainer(model("full"))
        try train(first, until: 6, Log())
        let (tensors, values) = try saved(first)
        let (adapters, adapterValues) = try saved(trainer(model("lora")))
        let other = try model("full")
        let before = bits(other)
        let second = try trainer(other)
        func refused(_ tensors: Safetensors, _ values: Value) -> Bool { (try? second.restore(tensors, values)) == nil }
        #expect(refused(adapters, values) && refused(tensors, adapterValues))
        for key in ["step", "updates", "batches", "loss_sum", "loss_count", "evaluated_step", "seconds"] {
            var without = values
            without[key] = nil
            #expect(refused(tensors, without), "\(key)")
        }
        for step in [0, 12, 13, -1] {
            var wrong = values
            (wrong["step"], wrong["updates"]) = (.integer(step), .integer(step))
            #expect(refused(tensors, wrong), "\(step)")
        }
        #expect(second.step == 0 && bits(other) == before)
        try second.restore(tensors, values)
        #expect(second.step == 6 && bits(other) != before)
    }
}
