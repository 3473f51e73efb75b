import Kernels
import Settings
import TestSupport
import Testing

@testable import Llama

/// Layers of two blocks, and wider feed-forward layers.
@Suite struct SecondBlockTests {
    private func model(expert: Bool, zeroed: Bool = false, layers: [Int] = [1, 3], gates: (Float, Float) = (0, 0)) throws -> LlamaModel {
        let model = smallModel(try smallConfiguration())
        model.addSecondBlocks(to: layers, isExpert: expert, isZeroed: zeroed, gates: gates)
        return model
    }

    /// Moves all second tensors away from those of the first.
    private func stir(_ model: LlamaModel) {
        var random = RandomStream(seed: 8, "stir")
        for parameter in model.blocks.compactMap(\.second).flatMap(\.parameters) {
            for i in 0..<parameter.count { parameter.values.base[i] += Float(0.2 * random.normal()) }
        }
    }

    private let base = { () throws -> [Float] in smallModel(try smallConfiguration()).testLogits() }

    @Test func aCopyChangesNothing() throws {
        for gates in [(0, 0), (0, 1.5), (3, 0)] as [(Float, Float)] {
            let model = try model(expert: false, gates: gates)
            #expect(firstBitDifference(model.testLogits(), try base()) == nil && model.secondLayers == [0, 2])
            stir(model)
            #expect(relativeError(model.testLogits(), try base()) > 1e-2)
        }
        #expect(try model(expert: true).parameterCount - smallModel(smallConfiguration()).parameterCount == 2 * (3 * 12 * 10 + 2))
        #expect(try model(expert: false).parameterCount - smallModel(smallConfiguration()).parameterCount == 2 * ((2 * 12 + 2 * 6) * 12 + 3 * 12 * 10 + 2 * 12 + 2))
    }

    /// A second expert that gives nothing leaves e / (1 + e) = 0.731 of the first.
    @Test func theExpertsStart() throws {
        let found = try model(expert: true, zeroed: true, layers: [1, 2, 3], gates: (1, 0))
        let expected = smallModel(try smallConfiguration())
        for block in expected.blocks { for i in 0..<block.down.weight.count { block.down.weight.values.base[i] *= 0.731_058_58 } }
        #expect(abs(try #require(found.blocks[0].second).weight - 0.268_941_421) < 1e-9)
        #expect(relativeError(found.testLogits(), expected.testLogits()) < 1e-5)
        #expect(relativeError(found.testLogits(), try base()) > 1e-2)
    }

    /// Two experts are one feed-forward layer of twice the width: its down projections stand beside each other, each times its weight.
    @Test func expertsAreOneWideLayer() throws {
        let found = try model(expert: true, layers: [1, 2, 3], gates: (0.25, -0.5))
        stir(found)
        let wide = smallModel(try smallConfiguration(intermediate: 20))
        for (block, target) in zip(found.blocks, wide.blocks) {
            let second = try #require(block.second)
            for (from, to) in zip(block.parameters, target.parameters) where from.count == to.count { to.values.copy(from: from.values) }
            for (first, other, to) in [(block.gate, second.block.gate, target.gate), (block.up, second.block.up, target.up)] {
                for i in 0..<120 { (to.weight.values.base[i], to.weight.values.base[120 + i]) = (first.weight.values.base[i], other.weight.values.base[i]) }
            }
            for row in 0..<12 {
                for unit in 0..<10 {
                    target.down.weight.values.base[row * 20 + unit] = Float(1 - second.weight) * block.down.weight.values.base[row * 10 + unit]
                    target.down.weight.values.base[row * 20 + 10 + unit] = Float(second.weight) * second.block.down.weight.values.base[row * 10 + unit]
                }
            }
        }
        for parameter in [(found.embedding, wide.embedding), (found.norm, wide.norm), (found.head, wide.head)] { parameter.1.values.copy(from: parameter.0.values) }
        #expect(relativeError(found.testLogits(), wide.testLogits()) < 1e-5)
        for second in found.blocks.compactMap(\.second) { for parameter in second.parameters { parameter.isTrainable = true } }
        wide.setTrainable { _ in true }
        let (own, reference) = (found.testGradients(), wide.testGradients())
        #expect(abs(own.loss - reference.loss) < 1e-4)
        for layer in 0..<3 {
            let stem = "model.layers.\(layer)."
            let up = try #require(own.gradients[stem + "second.mlp.up_proj.weight"]), wideUp = try #require(reference.gradients[stem + "mlp.up_proj.weight"])
            #expect(relativeError(up, Array(wideUp[120...])) < 1e-4, "\(layer)")
        }
    }

    /// Central differences, with everything trained and with second blocks only; on every number of threads the same bits.
    @Test(arguments: [true, false], [true, false])
    func gradients(expert: Bool, everything: Bool) throws {
        let model = try model(expert: expert, layers: [2, 3], gates: (0.5, 0))
        stir(model)
        let second = Set(model.blocks.compactMap(\.second).flatMap(\.parameters).map(\.name))
        // The attention of experts is the first block's: with everything trained it would get both gradients.
        model.setTrainable { everything || second.contains($0.name) }
        let (_, gradients) = model.testGradients()
        #expect(model.testGradients(Compute(threads: 3)).gradients == gradients && gradients.count > (expert ? 7 : 19))
        for parameter in model.parameters {
            guard let gradient = gradients[parameter.name] else { continue }
            let i = gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0
            let (value, step): (Float, Float) = (parameter.values.base[i], 4e-3)
            parameter.values.base[i] = value + step
            let above = model.testGradients().loss
            parameter.values.base[i] = value - step
            let below = model.testGradients().loss
            parameter.values.base[i] = value
            let slope = (above - below) / Double(2 * step) / 18
            #expect(abs(slope - Double(gradient[i])) < 0.02 * abs(slope) + 1e-3, "\(parameter.name)[\(i)]: \(gradient[i]), \(slope)")
        }
    }

    @Test(arguments: [true, false]) func checkpoints(expert: Bool) throws {
        let model = try model(expert: expert)
        stir(model)
        let bytes = model.encoded()
        let copy = try LlamaModel(Safetensors(data: bytes, path: "memory"))
        #expect(copy.secondLayers == [0, 2] && copy.encoded() == bytes && firstBitDifference(copy.testLogits(), model.testLogits()) == nil)
        #expect(copy.blocks[2].second?.isExpert == expert && copy.trainedParameterCount == 0)
        for broken in ["[]", "{\"layers\":[3],\"expert\":true}", "{\"layers\":[2,0],\"expert\":true}", "{\"layers\":[0]}", "{\"layers\":[1],\"expert\":true}"] {
            let file = Safetensors.encoded(
                tensors: model.parameters.map { ($0.name, $0.shape, $0.values) },
                metadata: ["config": model.configuration.value.canonicalJSON, "second_blocks": broken])
            #expect(throws: CheckpointError.self, "\(broken)") { try LlamaModel(Safetensors(data: file, path: "memory")) }
        }
    }

    // MARK: Width

    @Test(arguments: [11, 15, 20, 35]) func wideningPreservesTheFunction(width: Int) throws {
        let model = smallModel(try smallConfiguration())
        model.widen(to: width, noise: 0, seed: 1)
        #expect(model.configuration.intermediateSize == width && model.blocks[1].up.weight.shape == [width, 12] && model.trainedParameterCount == 0)
        #expect(relativeError(model.testLogits(), try base()) < 1e-5)
        let down = model.blocks[0].down.weight.values, first = smallModel(try smallConfiguration()).blocks[0].down.weight.values
        // Unit 0 has as many copies as fit.
        #expect(down.base[0] == first.base[0] / Float((width + 9) / 10) && down.base[10] == down.base[0])
    }

    /// Without noise copies get the same gradients for ever; with it they do not.
    @Test func noisePartsCopies() throws {
        func gap(_ noise: Double) throws -> Float {
            let model = smallModel(try smallConfiguration())
            model.widen(to: 20, noise: noise, seed: 1)
            if noise > 0 { #expect(relativeError(model.testLogits(), try base()) < 0.05) }
            model.setTrainable { _ in true }
            let gradient = try #require(model.testGradients().gradients["model.layers.1.mlp.gate_proj.weight"])
            return (0..<120).reduce(0) { max($0, abs(gradient[$1] - gradient[120 + $1])) } / (gradient.map(abs).max() ?? 1)
        }
        #expect(try gap(0) == 0)
        #expect(try gap(0.05) > 1e-3)
    }
}
