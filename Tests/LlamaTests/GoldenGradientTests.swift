import Kernels
import Llama
import Settings
import TestSupport
import Testing

/// Logits, loss and every gradient tensor against transformers and PEFT, to 1e-5 of the tensor's largest value, on every
/// instruction set that this processor runs and with more threads than one.
@Suite struct GoldenGradientTests {
    static let computes: [(InstructionSet, Int)] = InstructionSet.allCases.filter(\.isAvailable).map { ($0, 1) } + [(.best, 3)]

    @Test(arguments: ["llama", "llama_tied"], computes)
    func fullModel(name: String, compute: (InstructionSet, Int)) throws {
        let golden = try Golden(name)
        let model = try golden.model()
        try model.load(golden.file)
        model.setTrainable { _ in true }
        try check(model, golden, batch: try golden.batch(0), compute)
    }

    @Test(arguments: computes)
    func lora(compute: (InstructionSet, Int)) throws {
        let golden = try Golden("lora")
        let base = try Golden("llama")
        let model = try golden.model()
        try model.load(base.file)
        let targets = golden.about["target_modules"]?.asList?.compactMap(\.asString) ?? []
        model.attachLoRA(
            LoRASettings(rank: golden.about["r"]?.asInteger ?? 0, alpha: golden.about["lora_alpha"]?.asDouble ?? 0, targetModules: targets), seed: 0)
        for parameter in model.parameters where parameter.name.contains(".lora_") {
            let values = try golden.floats(parameter.name)
            try #require(values.count == parameter.count)
            for (i, value) in values.enumerated() { parameter.values.base[i] = value }
            parameter.isTrainable = true
        }
        #expect(model.parameters.filter(\.isTrainable).count == 3 * 7 * 2)
        try check(model, golden, batch: try base.batch(0), compute)
    }

    @Test(arguments: computes)
    func expansion(compute: (InstructionSet, Int)) throws {
        let golden = try Golden("expanded")
        let base = try Golden("llama")
        let model = try base.model()
        try model.load(base.file)
        let after = golden.about["after"]?.asList?.compactMap(\.asInteger) ?? []
        model.expand(after: after)
        #expect(model.addedLayers == golden.about["new_layers"]?.asList?.compactMap(\.asInteger))
        model.setTrainable { parameter in model.addedLayers.contains { parameter.name.hasPrefix("model.layers.\($0).") } }
        let (tokens, targets, batch, length) = try base.batch(0)
        let pass = ModelPass(model, Compute(instructionSet: compute.0, threads: compute.1), batch: batch, length: length)
        let sum = pass.addGradients(tokens: tokens, targets: targets, gradientScale: 1 / Float(tokens.count))
        let loss = try golden.floats("loss")
        #expect(relativeError([Float(sum / Double(tokens.count))], loss) < 1e-5)
        let zero = golden.about["zero_gradients"]?.asList?.compactMap(\.asString) ?? []
        #expect(zero.count == 2 * 7)
        for parameter in model.parameters {
            guard let gradient = parameter.gradient?.values else { continue }
            if zero.contains(parameter.name) {
                #expect(gradient.allSatisfy { $0 == 0 }, "\(parameter.name)")
            } else {
                #expect(relativeError(gradient, try golden.floats("grad." + parameter.name)) < 1e-5, "\(parameter.name)")
            }
        }
    }

    func check(
        _ model: LlamaModel, _ golden: Golden, batch: (tokens: [Int32], targets: [Int32], batch: Int, length: Int),
        _ compute: (InstructionSet, Int)
    ) throws {
        let pass = ModelPass(model, Compute(instructionSet: compute.0, threads: compute.1), batch: batch.batch, length: batch.length)
        #expect(relativeError(pass.logits(tokens: batch.tokens), try golden.floats("logits")) < 1e-5)
        let sum = pass.addGradients(tokens: batch.tokens, targets: batch.targets, gradientScale: 1 / Float(batch.tokens.count))
        #expect(relativeError([Float(sum / Double(batch.tokens.count))], try golden.floats("loss")) < 1e-5)
        for parameter in model.parameters {
            guard let gradient = parameter.gradient else { continue }
            let error = relativeError(gradient.values, try golden.floats("grad." + parameter.name))
            #expect(error < 1e-5, "\(parameter.name)")
        }
    }
}
