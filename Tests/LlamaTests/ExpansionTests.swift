import Kernels
import Llama
import Settings
import TestSupport
import Testing

/// What SCIENCE.md, section 1, says of block expansion.
@Suite struct ExpansionTests {
    /// Placements of k blocks in a model of L, with a list that names every place from below the first block to above the last.
    static func placements(_ k: Int, _ layerCount: Int) -> [BlockPlacement] {
        [.interleaved, .bottom, .top, .layers((0..<k).map { $0 * 2 % (layerCount + 1) })]
    }

    @Test(arguments: [3, 4], 1...9)
    func logitsAreTheBases(layerCount: Int, k: Int) throws {
        let configuration = try smallConfiguration(layers: layerCount)
        let computes = [Compute(), Compute(instructionSet: .portable)]
        let expected = computes.map { smallModel(configuration).testLogits($0) }
        for placement in Self.placements(k, layerCount) {
            let model = smallModel(configuration)
            model.expand(after: try placement.layers(count: k, layerCount: layerCount))
            #expect(model.blocks.count == layerCount + k && model.configuration.layerCount == layerCount + k)
            for (compute, logits) in zip(computes, expected) {
                #expect(firstBitDifference(model.testLogits(compute), logits) == nil, "\(placement)")
            }
        }
    }

    /// At the start only o_proj and down_proj of new blocks have a gradient, and the loss is the base's.
    @Test(arguments: [3, 4], [1, 2, 3, 5, 9])
    func firstGradients(layerCount: Int, k: Int) throws {
        let base = smallModel(try smallConfiguration(layers: layerCount))
        base.setTrainable { _ in true }
        let expected = base.testGradients()
        for placement in Self.placements(k, layerCount) {
            let model = smallModel(try smallConfiguration(layers: layerCount))
            model.expand(after: try placement.layers(count: k, layerCount: layerCount))
            #expect(model.trainedParameterCount == 0)
            model.setTrainable { parameter in model.addedLayers.contains { parameter.name.hasPrefix("model.layers.\($0).") } }
            let found = model.testGradients()
            #expect(found.loss == expected.loss)
            #expect(found.gradients.count == 9 * k)
            for name in found.gradients.keys.sorted() {
                let isAlive = name.hasSuffix("o_proj.weight") || name.hasSuffix("down_proj.weight")
                let values = found.gradients[name] ?? []
                #expect(values.allSatisfy { $0 == 0 } == !isAlive && values.allSatisfy { $0.isFinite }, "\(placement), \(name)")
            }
        }
    }

    /// New blocks pass gradients on unchanged: those of the base's tensors are the base's, bit for bit.
    @Test func gradientsOfTheBaseAreTheBases() throws {
        let base = smallModel(try smallConfiguration())
        base.setTrainable { _ in true }
        let expected = base.testGradients().gradients
        let model = smallModel(try smallConfiguration())
        model.expand(after: [0, 1, 3, 3])
        model.setTrainable { _ in true }
        let found = model.testGradients().gradients
        let old = (0..<7).filter { !model.addedLayers.contains($0) }
        for (layer, place) in old.enumerated() {
            for name in expected.keys.sorted() where name.hasPrefix("model.layers.\(layer).") {
                let moved = "model.layers.\(place)." + name.split(separator: ".", maxSplits: 3)[3]
                #expect(firstBitDifference(found[moved] ?? [], expected[name] ?? []) == nil, "\(name)")
            }
        }
        for name in ["model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"] {
            #expect(firstBitDifference(found[name] ?? [], expected[name] ?? []) == nil, "\(name)")
        }
    }

    /// Each new block is a copy of the one below it, o_proj and down_proj zero, under the names of its place.
    @Test func copiesAreOfTheNeighbourBelow() throws {
        let base = smallModel(try smallConfiguration())
        let model = smallModel(try smallConfiguration())
        model.expand(after: [0, 1, 1, 3])
        #expect(model.addedLayers == [0, 2, 3, 6])
        let sources = [0, 0, 0, 0, 1, 2, 2]
        for (layer, block) in model.blocks.enumerated() {
            for (parameter, source) in zip(block.parameters, base.blocks[sources[layer]].parameters) {
                #expect(parameter.name == source.name.replacing("layers.\(sources[layer]).", with: "layers.\(layer)."))
                let isZeroed = model.addedLayers.contains(layer) && (parameter === block.o.weight || parameter === block.down.weight)
                #expect(parameter.values.values == (isZeroed ? source.values.values.map { _ in 0 } : source.values.values), "\(parameter.name)")
            }
        }
        #expect(Set(model.parameters.map { $0.name }).count == model.parameters.count)
    }

    /// The places in the paper's expanded model of 32 blocks.
    @Test func addedLayersArethePapers() throws {
        let paper: [Int: [Int]] = [
            1: [32], 2: [16, 33], 4: [8, 17, 26, 35], 8: [4, 9, 14, 19, 24, 29, 34, 39],
            16: Array(stride(from: 2, through: 47, by: 3)), 32: Array(stride(from: 1, through: 63, by: 2)),
        ]
        for k in paper.keys.sorted() {
            let model = LlamaModel(try smallConfiguration(layers: 32, hidden: 4, intermediate: 2, heads: 2, keyValueHeads: 1, vocabulary: 3))
            model.expand(after: try BlockPlacement.interleaved.layers(count: k, layerCount: 32))
            #expect(model.addedLayers == paper[k])
        }
    }

    /// New blocks stand above those that an earlier expansion put after the same original layer, and are copies of that layer.
    @Test func expandingAgain() throws {
        let model = smallModel(try smallConfiguration())
        let logits = model.testLogits()
        let first = model.blocks.map { $0.q.weight.values.values }
        #expect(model.expand(after: [0, 2, 3]) == [0, 3, 5] && model.addedLayers == [0, 3, 5])
        // Original layers are now 1, 2 and 4.
        for i in 0..<model.blocks[3].o.weight.count { model.blocks[3].o.weight.values.base[i] = 0.01 * Float(i % 7) }
        let trained = model.testLogits()
        #expect(firstBitDifference(trained, logits) != nil)
        #expect(model.expand(after: [0, 2, 2]) == [1, 5, 6] && model.addedLayers == [0, 1, 4, 5, 6, 8])
        #expect(firstBitDifference(model.testLogits(), trained) == nil)
        #expect([2, 3, 7].map { model.blocks[$0].q.weight.values.values } == first)
        #expect([1, 5, 6].map { model.blocks[$0].q.weight.values.values } == [first[0], first[1], first[1]])
        #expect(model.blocks[8].q.weight.name == "model.layers.8.self_attn.q_proj.weight" && model.configuration.layerCount == 9)
    }

    @Test func waysToBegin() throws {
        func expanded(_ start: NewBlock, seed: Int = 1) throws -> LlamaModel {
            let model = smallModel(try smallConfiguration())
            model.expand(after: [1], as: start, seed: seed)
            return model
        }
        let logits = smallModel(try smallConfiguration()).testLogits()
        for start in [NewBlock.identity, .zeroNorms] { #expect(firstBitDifference(try expanded(start).testLogits(), logits) == nil, "\(start)") }
        for start in [NewBlock.copy, .random] { #expect(relativeError(try expanded(start).testLogits(), logits) > 1e-2, "\(start)") }
        let copy = try expanded(.copy)
        #expect(zip(copy.blocks[0].parameters, copy.blocks[1].parameters).allSatisfy { $0.values.values == $1.values.values })
        let random = try expanded(.random).blocks[1]
        #expect(random.inputNorm.values.values.allSatisfy { $0 == 1 })
        let deviation = (random.gate.weight.values.values.reduce(0) { $0 + $1 * $1 } / Float(random.gate.weight.count)).squareRoot()
        #expect(abs(deviation - 0.3) < 0.06 && random.gate.weight.values.values != copy.blocks[1].gate.weight.values.values)
        #expect(try expanded(.random, seed: 2).blocks[1].gate.weight.values.values != random.gate.weight.values.values)
    }

    /// With its norm zero SwiGLU has no gradient, neither in its weights nor in the norm; attention's half learns.
    @Test func zeroedNormsLeaveTheFeedForwardDead() throws {
        let model = smallModel(try smallConfiguration())
        let layer = model.expand(after: [2], as: .zeroNorms)[0]
        let block = model.blocks[layer]
        for parameter in block.parameters { parameter.isTrainable = true }
        _ = model.testGradients()
        func isZero(_ parameter: Parameter) -> Bool { parameter.gradient?.values.allSatisfy { $0 == 0 } ?? false }
        for parameter in [block.postNorm, block.gate.weight, block.up.weight, block.down.weight] { #expect(isZero(parameter), "\(parameter.name)") }
        #expect(!isZero(block.inputNorm) && isZero(block.o.weight) && isZero(block.v.weight))
    }

    @Test func whatCannotBeExpandedTraps() async {
        await #expect(processExitsWith: .failure) {
            let model = LlamaModel(try smallConfiguration())
            model.attachLoRA(LoRASettings(rank: 1, alpha: 1, targetModules: ["q_proj"]), seed: 1)
            model.expand(after: [1])
        }
        await #expect(processExitsWith: .failure) { LlamaModel(try smallConfiguration()).expand(after: [4]) }
    }
}
