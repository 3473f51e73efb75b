import Kernels
import Llama
import Settings
import Testing
import Training

@Suite struct AdamWTests {
    /// A model whose gradients are 0.3 and -2 by turns.
    func model() throws -> LlamaModel {
        let model = try smallModel(layers: 1)
        model.setTrainable { !$0.name.contains("mlp") }
        for parameter in model.parameters {
            guard let gradient = parameter.gradient else { continue }
            for i in 0..<gradient.count { gradient.base[i] = i % 2 == 0 ? 0.3 : -2 }
        }
        return model
    }

    @Test func theNormIsThatOfAllGradientsTogether() throws {
        let model = try model()
        let optimizer = AdamW(model, try trainingSettings(), Compute())
        let count = model.trainedParameterCount
        #expect(count % 2 == 0)
        let expected = (Double(count / 2) * (0.09 + 4)).squareRoot()
        #expect(abs(optimizer.gradientNorm() - expected) < 1e-5 * expected)
    }

    /// Two steps by hand, without clipping, then with: matrices decay, norms do not.
    @Test(arguments: [0.0, 0.5, 1e6])
    func twoStepsByHand(limit: Double) throws {
        let model = try model()
        let before = model.parameters.map { $0.values.values }
        let settings = try trainingSettings(["weight_decay": 0.2, "adam_beta1": 0.8, "adam_beta2": 0.99, "max_grad_norm": .number(limit)])
        let optimizer = AdamW(model, settings, Compute(threads: 2))
        let norm = optimizer.gradientNorm()
        let gradients = model.parameters.map { $0.gradient?.values }
        optimizer.update(learningRate: 0.1, gradientNorm: norm)
        // An update leaves the gradients at 0.
        #expect(model.parameters.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } ?? true })
        for (parameter, values) in zip(model.parameters, gradients) {
            for (i, value) in (values ?? []).enumerated() { parameter.gradient?.base[i] = value }
        }
        optimizer.update(learningRate: 0.05, gradientNorm: norm)
        #expect(optimizer.updates == 2)
        let clip = limit == 0.5 ? 0.5 / (norm + 1e-6) : 1
        for (parameter, start) in zip(model.parameters, before) {
            guard parameter.isTrainable else {
                #expect(parameter.values.values == start)
                continue
            }
            let decay = parameter.shape.count == 2 ? 0.2 : 0
            for (i, value) in parameter.values.values.enumerated() {
                let g = (i % 2 == 0 ? 0.3 : -2) * clip
                // Equal gradients: the corrected mean is g and the corrected root mean square |g|, at both steps.
                var expected = Double(start[i]) * (1 - 0.1 * decay) - 0.1 * g / (abs(g) + 1e-8)
                expected = expected * (1 - 0.05 * decay) - 0.05 * g / (abs(g) + 1e-8)
                guard abs(Double(value) - expected) < 1e-6 else {
                    Issue.record("\(parameter.name)[\(i)] is \(value), expected \(expected)")
                    break
                }
            }
        }
    }

    @Test func nothingTrainedIsNothingKept() throws {
        let model = try smallModel()
        let optimizer = AdamW(model, try trainingSettings(), Compute())
        #expect(optimizer.stateCount == 0 && optimizer.gradientNorm() == 0)
        let before = bits(model)
        optimizer.update(learningRate: 1, gradientNorm: 0)
        #expect(bits(model) == before)
    }
}
