import Kernels
import Llama
import Settings
import TestSupport
import Testing

@Suite struct LoRATests {
    @Test(arguments: [Block.linearNames, ["q_proj", "v_proj"], ["down_proj"]], [1, 3, 8])
    func attachingChangesNoLogit(targets: [String], rank: Int) throws {
        let expected = smallModel(try smallConfiguration()).testLogits()
        let model = smallModel(try smallConfiguration())
        let before = model.parameterCount
        model.attachLoRA(LoRASettings(rank: rank, alpha: 16, targetModules: targets), seed: 5)
        #expect(firstBitDifference(model.testLogits(), expected) == nil)
        #expect(model.trainedParameterCount == 0)
        let sizes = ["q_proj": 24, "k_proj": 18, "v_proj": 18, "o_proj": 24, "gate_proj": 22, "up_proj": 22, "down_proj": 22]
        #expect(model.parameterCount - before == 3 * rank * targets.reduce(0) { $0 + (sizes[$1] ?? 0) })
    }

    /// A from U(-1/sqrt(I), 1/sqrt(I)), B zero: at the start B has a gradient and A has none.
    @Test func theStart() throws {
        let model = smallModel(try smallConfiguration())
        model.attachLoRA(LoRASettings(rank: 4, alpha: 8, targetModules: Block.linearNames), seed: 5)
        model.setTrainable { $0.name.contains(".lora_") }
        for block in model.blocks {
            for (_, linear) in block.linears {
                let adapter = try #require(linear.adapter)
                let bound = 1 / Float(linear.weight.shape[1]).squareRoot()
                #expect(adapter.a.shape == [4, linear.weight.shape[1]] && adapter.b.shape == [linear.weight.shape[0], 4])
                let sizes = adapter.a.values.values.map(abs)
                #expect(sizes.allSatisfy { $0 <= bound } && (sizes.max() ?? 0) > 0.8 * bound)
                #expect(adapter.b.values.values.allSatisfy { $0 == 0 })
            }
        }
        let gradients = model.testGradients().gradients
        #expect(gradients.count == 3 * 7 * 2)
        for name in gradients.keys.sorted() {
            #expect(gradients[name]?.allSatisfy { $0 == 0 } == name.hasSuffix("lora_A.weight"), "\(name)")
        }
    }

    /// With B other than zero the model is that of W + (alpha / r) B A.
    @Test func anAdapterIsItsProductAdded() throws {
        let model = smallModel(try smallConfiguration())
        model.attachLoRA(LoRASettings(rank: 2, alpha: 6, targetModules: Block.linearNames), seed: 5)
        let merged = smallModel(try smallConfiguration())
        var random = RandomStream(seed: 1, "B")
        for (block, mergedBlock) in zip(model.blocks, merged.blocks) {
            for ((_, linear), (_, target)) in zip(block.linears, mergedBlock.linears) {
                let adapter = try #require(linear.adapter)
                let (outputs, inputs) = (linear.weight.shape[0], linear.weight.shape[1])
                for i in 0..<adapter.b.count { adapter.b.values.base[i] = Float(0.1 * random.normal()) }
                for o in 0..<outputs {
                    for i in 0..<inputs {
                        for r in 0..<2 { target.weight.values.base[o * inputs + i] += 3 * adapter.b.values.base[o * 2 + r] * adapter.a.values.base[r * inputs + i] }
                    }
                }
            }
        }
        #expect(relativeError(model.testLogits(), merged.testLogits()) < 1e-5)
        #expect(relativeError(model.testLogits(), smallModel(try smallConfiguration()).testLogits()) > 1e-2)
    }

    @Test func seeds() throws {
        func attached(_ seed: Int) throws -> [String: [UInt32]] {
            let model = LlamaModel(try smallConfiguration())
            model.attachLoRA(LoRASettings(rank: 2, alpha: 6, targetModules: ["q_proj", "k_proj"]), seed: seed)
            return bits(model).filter { $0.key.hasSuffix("lora_A.weight") }
        }
        let (first, again, other) = (try attached(1), try attached(1), try attached(2))
        #expect(first == again && first.count == 6)
        for name in first.keys.sorted() { #expect(first[name] != other[name]) }
        #expect(Set(first.values.map { $0.prefix(8) }).count == 6, "each adapter draws its own numbers")
    }

    @Test func settings() throws {
        let settings = LoRASettings(settings: try Settings([:], fields: LoRASettings.fields))
        #expect(settings == LoRASettings(rank: 8, alpha: 16, targetModules: Block.linearNames))
        #expect(LoRASettings(rank: 1, alpha: 2, targetModules: ["up_proj", "k_proj", "up_proj"]).targetModules == ["k_proj", "up_proj"])
        #expect(LoRASettings(settings: try Settings(settings.value, fields: LoRASettings.fields)) == settings)
        for wrong in [["r": 0], ["r": -1], ["lora_alpha": 0], ["target_modules": []], ["target_modules": ["lm_head"]], ["rank": 8]] as [Value] {
            #expect(throws: SettingsError.self) { try Settings(wrong, fields: LoRASettings.fields) }
        }
    }
}
