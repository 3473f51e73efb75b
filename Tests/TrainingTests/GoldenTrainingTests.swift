import Kernels
import Llama
import Settings
import TestSupport
import Testing
import Training

/// Ten steps of AdamW against PyTorch: every loss and gradient norm to 1e-5, the final weights to 1e-5 by Euclidean norm.
@Suite struct GoldenTrainingTests {
    enum Case: String, CaseIterable {
        case llama, lora, expanded

        /// The model as it stands before training, with what the case trains.
        func model(_ golden: Golden, _ base: Golden) throws -> LlamaModel {
            let model = try base.model()
            try model.load(base.file)
            switch self {
            case .llama: model.setTrainable { _ in true }
            case .lora:
                let targets = golden.about["target_modules"]?.asList?.compactMap(\.asString) ?? []
                let (rank, alpha) = (golden.about["r"]?.asInteger ?? 0, golden.about["lora_alpha"]?.asDouble ?? 0)
                model.attachLoRA(LoRASettings(rank: rank, alpha: alpha, targetModules: targets), seed: 0)
                model.setTrainable { $0.name.contains(".lora_") }
                for parameter in model.parameters where parameter.isTrainable {
                    let values = try golden.floats(parameter.name)
                    try #require(values.count == parameter.count)
                    for (i, value) in values.enumerated() { parameter.values.base[i] = value }
                }
            case .expanded:
                model.expand(after: golden.about["after"]?.asList?.compactMap(\.asInteger) ?? [])
                model.setTrainable { parameter in model.addedLayers.contains { parameter.name.hasPrefix("model.layers.\($0).") } }
            }
            return model
        }
    }

    @Test(arguments: Case.allCases, InstructionSet.allCases.filter(\.isAvailable))
    func tenSteps(of kind: Case, set: InstructionSet) throws {
        let (golden, base) = (try Golden(kind.rawValue), try Golden("llama"))
        let model = try kind.model(golden, base)
        let frozen = model.parameters.filter { !$0.isTrainable }.map { ($0, $0.values.values) }
        let compute = Compute(instructionSet: set)
        let settings = try trainingSettings([
            "learning_rate": 1e-3, "lr_scheduler_type": "constant", "warmup_ratio": 0, "weight_decay": 0.1, "max_grad_norm": 1,
        ])
        let optimizer = AdamW(model, settings, compute)
        #expect(optimizer.stateCount == 2 * model.trainedParameterCount)
        let (losses, norms) = (try golden.floats("losses"), try golden.floats("gradient_norms"))
        try #require(losses.count == 10 && norms.count == 10)
        let shape = try base.batch(0)
        let pass = ModelPass(model, compute, batch: shape.batch, length: shape.length)
        func gradients(_ index: Int) throws -> Double {
            let batch = try base.batch(index)
            model.zeroGradients()
            let count = Double(batch.tokens.count)
            return pass.addGradients(tokens: batch.tokens, targets: batch.targets, gradientScale: Float(1 / count)) / count
        }
        for step in 0..<10 {
            #expect(relativeError([Float(try gradients(step))], [losses[step]]) < 1e-5, "loss of step \(step)")
            let norm = optimizer.gradientNorm()
            #expect(relativeError([Float(norm)], [norms[step]]) < 1e-5, "gradient norm of step \(step)")
            optimizer.update(learningRate: settings.learningRate(step: step), gradientNorm: norm)
        }
        #expect(optimizer.updates == 10)
        for parameter in model.parameters where parameter.isTrainable {
            let expected = try golden.floats("final." + parameter.name)
            #expect(euclideanError(parameter.values.values, expected) < 1e-5, "\(parameter.name)")
        }
        for (parameter, values) in frozen { #expect(firstBitDifference(parameter.values.values, values) == nil, "\(parameter.name)") }
        guard kind == .expanded else { return }
        // With o_proj and down_proj no longer zero every gradient of the new blocks is alive.
        #expect(relativeError([Float(try gradients(10))], try golden.floats("loss_after")) < 1e-5)
        for parameter in model.parameters {
            guard let gradient = parameter.gradient else { continue }
            #expect(relativeError(gradient.values, try golden.floats("grad_after." + parameter.name)) < 1e-5, "\(parameter.name)")
        }
    }
}
