import Foundation
import Kernels
import Llama
import Settings
import TestSupport
import Testing

@Suite struct ModelPassTests {
    /// -log softmax in Double.
    static func loss(_ logits: ArraySlice<Float>, _ target: Int32) -> Double {
        let largest = Double(logits.max() ?? 0)
        let sum = logits.reduce(0) { $0 + exp(Double($1) - largest) }
        return log(sum) + largest - Double(logits[logits.startIndex + Int(target)])
    }

    @Test(arguments: [false, true])
    func lossesAreThoseOfTheLogits(ties: Bool) throws {
        // More rows than the output projection takes at once, which is 256.
        let model = smallModel(try smallConfiguration(ties: ties))
        let pass = ModelPass(model, Compute(threads: 2), batch: 30, length: 10)
        let tokens = randomTokens(300, vocabulary: 19, seed: 1)
        var targets = randomTokens(300, vocabulary: 19, seed: 2)
        targets[0] = -1
        targets[270] = -1
        let logits = pass.logits(tokens: tokens)
        let (losses, isBest) = pass.evaluate(tokens: tokens, targets: targets)
        for row in 0..<300 {
            let own = logits[row * 19..<(row + 1) * 19]
            if targets[row] < 0 {
                #expect(losses[row] == 0 && !isBest[row])
            } else {
                #expect(abs(losses[row] - Self.loss(own, targets[row])) < 1e-5)
                #expect(isBest[row] == (own.firstIndex(of: own.max() ?? 0) == own.startIndex + Int(targets[row])))
            }
        }
        #expect(isBest.contains(true))
    }

    /// A frozen model keeps one block's activations for all, one partly trained some: the logits do not show it.
    @Test func whatIsTrainedChangesNoLogit() throws {
        let expected = smallModel(try smallConfiguration()).testLogits()
        let model = smallModel(try smallConfiguration())
        for layer in 0..<3 {
            model.setTrainable { $0.name.hasPrefix("model.layers.\(layer).mlp") }
            #expect(firstBitDifference(model.testLogits(), expected) == nil)
        }
        model.setTrainable { _ in true }
        #expect(firstBitDifference(model.testLogits(), expected) == nil)
    }

    /// A tensor's gradient is the same bits whatever else is trained.
    @Test(arguments: [false, true])
    func gradientsDoNotDependOnWhatElseIsTrained(ties: Bool) throws {
        let all = smallModel(try smallConfiguration(ties: ties))
        all.setTrainable { _ in true }
        let expected = all.testGradients()
        let parts: [(Parameter) -> Bool] = [
            { $0.name == "model.embed_tokens.weight" }, { $0.name == "model.norm.weight" }, { $0.name.hasPrefix("model.layers.1.") },
            { $0.name == "model.layers.2.mlp.down_proj.weight" }, { $0.name.hasPrefix("model.layers.0.self_attn.q") || $0.name == "model.norm.weight" },
            { $0.name == "lm_head.weight" || $0.name == "model.layers.1.input_layernorm.weight" },
        ]
        for part in parts {
            let model = smallModel(try smallConfiguration(ties: ties))
            model.setTrainable(part)
            let found = model.testGradients()
            #expect(found.loss == expected.loss)
            #expect(!found.gradients.isEmpty && found.gradients.count == model.parameters.filter(part).count)
            for name in found.gradients.keys.sorted() {
                #expect(firstBitDifference(found.gradients[name] ?? [], expected.gradients[name] ?? []) == nil, "\(name)")
            }
        }
    }

    @Test func gradientsAddUp() throws {
        let model = smallModel(try smallConfiguration())
        model.setTrainable { _ in true }
        let once = model.testGradients().gradients
        let pass = ModelPass(model, Compute(), batch: 2, length: 9)
        _ = pass.addGradients(tokens: randomTokens(18, vocabulary: 19, seed: 2), targets: randomTokens(18, vocabulary: 19, seed: 3), gradientScale: 1 / 18)
        for parameter in model.parameters {
            let twice = (once[parameter.name] ?? []).map { 2 * $0 }
            #expect(relativeError(parameter.gradient?.values ?? [], twice) < 1e-6, "\(parameter.name)")
        }
        model.zeroGradients()
        #expect(model.parameters.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } == true })
    }

    @Test func sequencesDoNotSeeEachOtherAndTokensNotTheirSuccessors() throws {
        let model = smallModel(try smallConfiguration())
        let tokens = randomTokens(30, vocabulary: 19, seed: 4)
        let together = ModelPass(model, Compute(), batch: 3, length: 10).logits(tokens: tokens)
        let alone = ModelPass(model, Compute(), batch: 1, length: 10)
        for sequence in 0..<3 {
            let own = Array(tokens[sequence * 10..<(sequence + 1) * 10])
            #expect(firstBitDifference(alone.logits(tokens: own), Array(together[sequence * 190..<(sequence + 1) * 190])) == nil)
        }
        let short = ModelPass(model, Compute(), batch: 1, length: 7).logits(tokens: Array(tokens.prefix(7)))
        #expect(firstBitDifference(short, Array(together.prefix(7 * 19))) == nil)
        var changed = Array(tokens.prefix(10))
        changed[6] = (changed[6] + 1) % 19
        let other = alone.logits(tokens: changed)
        #expect(firstBitDifference(Array(other.prefix(6 * 19)), Array(together.prefix(6 * 19))) == nil)
        #expect(Array(other[6 * 19..<10 * 19]) != Array(together[6 * 19..<10 * 19]))
    }

    /// A target that is not scored adds neither loss nor gradient.
    @Test func unscoredTargets() throws {
        let model = smallModel(try smallConfiguration())
        model.setTrainable { _ in true }
        let pass = ModelPass(model, Compute(), batch: 2, length: 5)
        let tokens = randomTokens(10, vocabulary: 19, seed: 5)
        #expect(pass.addGradients(tokens: tokens, targets: [Int32](repeating: -1, count: 10), gradientScale: 1) == 0)
        #expect(model.parameters.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } == true })
        // The second sequence is not scored: its tokens do not matter.
        let targets = randomTokens(5, vocabulary: 19, seed: 6) + [Int32](repeating: -1, count: 5)
        let first = pass.addGradients(tokens: tokens, targets: targets, gradientScale: 1)
        let gradients = model.blocks[0].q.weight.gradient?.values ?? []
        model.zeroGradients()
        let second = pass.addGradients(tokens: tokens.prefix(5) + randomTokens(5, vocabulary: 19, seed: 7), targets: targets, gradientScale: 1)
        #expect(first == second && firstBitDifference(model.blocks[0].q.weight.gradient?.values ?? [], gradients) == nil)
    }

    @Test func aWeightThatIsNaNShowsInTheLoss() throws {
        for index in 0..<21 {
            let model = smallModel(try smallConfiguration(layers: 2))
            model.setTrainable { _ in true }
            let parameter = model.parameters[index]
            parameter.values.fill(.nan)
            #expect(model.testGradients().loss.isNaN, "\(parameter.name)")
        }
    }

    @Test func impossibleRequestsTrap() async {
        await #expect(processExitsWith: .failure) { _ = ModelPass(LlamaModel(try smallConfiguration()), Compute(), batch: 1, length: 17) }
        await #expect(processExitsWith: .failure) {
            _ = ModelPass(LlamaModel(try smallConfiguration()), Compute(), batch: 1, length: 3).logits(tokens: [1, 2])
        }
        await #expect(processExitsWith: .failure) {
            _ = ModelPass(LlamaModel(try smallConfiguration()), Compute(), batch: 1, length: 1).addGradients(tokens: [1], targets: [1], gradientScale: 1)
        }
    }
}
