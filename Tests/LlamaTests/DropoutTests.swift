import Kernels
import Llama
import TestSupport
import Testing

@Suite struct DropoutTests {
    private func model(dropout: Double, targets: [String] = Block.linearNames) throws -> LlamaModel {
        let model = smallModel(try smallConfiguration())
        model.attachLoRA(LoRASettings(rank: 2, alpha: 6, targetModules: targets, dropout: dropout), seed: 5)
        var random = RandomStream(seed: 1, "B")
        for block in model.blocks {
            for (_, linear) in block.linears { if let b = linear.adapter?.b { for i in 0..<b.count { b.values.base[i] = Float(0.3 * random.normal()) } } }
        }
        model.setTrainable(\.isAdapter)
        return model
    }

    private let tokens = randomTokens(18, vocabulary: 19, seed: 2), targets = randomTokens(18, vocabulary: 19, seed: 3)

    private func loss(_ pass: ModelPass, key: UInt64) -> Double {
        pass.model.zeroGradients()
        return pass.addGradients(tokens: tokens, targets: targets, gradientScale: 1, dropoutKey: key)
    }

    /// What is dropped follows from the key alone, and an evaluation drops nothing.
    @Test func keys() throws {
        let model = try model(dropout: 0.4)
        let evaluated = model.testLogits()
        for threads in [1, 3] {
            let pass = ModelPass(model, Compute(threads: threads), batch: 2, length: 9)
            let (first, again, other) = (loss(pass, key: 7), loss(pass, key: 7), loss(pass, key: 8))
            #expect(first == again && first != other)
            #expect(pass.evaluate(tokens: tokens, targets: targets).losses.reduce(0, +) != first)
            #expect(firstBitDifference(pass.logits(tokens: tokens), evaluated) == nil)
        }
        #expect(firstBitDifference(try self.model(dropout: 0).testLogits(), evaluated) == nil)
    }

    /// Gradients are those of the loss with the same elements dropped, forward and through all layers: central differences.
    @Test(arguments: [Block.linearNames, ["q_proj", "down_proj"]])
    func gradients(targets: [String]) throws {
        let model = try model(dropout: 0.4, targets: targets)
        let pass = ModelPass(model, Compute(), batch: 2, length: 9)
        _ = loss(pass, key: 7)
        let gradients = model.parameters.compactMap { parameter in parameter.gradient.map { (parameter, $0.values) } }
        var checked = 0
        for (parameter, gradient) in gradients {
            let i = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
            let value = parameter.values.base[i]
            let step: Float = 4e-3
            parameter.values.base[i] = value + step
            let above = loss(pass, key: 7)
            parameter.values.base[i] = value - step
            let below = loss(pass, key: 7)
            parameter.values.base[i] = value
            let slope = (above - below) / Double(2 * step)
            #expect(abs(slope - Double(gradient[i])) < 0.02 * abs(slope) + 2e-2, "\(parameter.name)[\(i)]: \(gradient[i]), \(slope)")
            checked += 1
        }
        #expect(checked == 3 * targets.count * 2)
    }

    /// As many are dropped as asked for, others grow so that the mean stays, and neighbours have nothing to do with each other.
    @Test func shares() {
        for share in [0.1, 0.5, 0.9] {
            let mask = DropoutMask(key: 3, place: 1, share: share)
            let factors = (0..<200).flatMap { row in (0..<100).map { mask.factor(row, $0) } }
            let zeros = Double(factors.count { $0 == 0 }) / 20_000
            #expect(abs(zeros - share) < 4 * (share * (1 - share) / 20_000).squareRoot())
            #expect(factors.allSatisfy { $0 == 0 || $0 == Float(1 / (1 - share)) })
            let pairs = Double(zip(factors, factors.dropFirst()).count { $0 == 0 && $1 == 0 }) / 20_000
            #expect(abs(pairs - share * share) < 0.02)
            let other = DropoutMask(key: 3, place: 2, share: share)
            #expect((0..<100).contains { mask.factor(0, $0) != other.factor(0, $0) })
        }
    }

    @Test func merging() throws {
        let model = try model(dropout: 0.5)
        let logits = model.testLogits()
        let count = LlamaModel(try smallConfiguration()).parameterCount
        model.mergeLoRA()
        #expect(model.lora == nil && model.parameterCount == count && model.trainedParameterCount == 0)
        #expect(relativeError(model.testLogits(), logits) < 1e-5)
        #expect(relativeError(smallModel(try smallConfiguration()).testLogits(), logits) > 1e-2)
    }
}
