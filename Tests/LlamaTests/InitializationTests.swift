import Kernels
import Llama
import Settings
import Testing

@Suite struct InitializationTests {
    @Test func theSeedDecidesTheBits() throws {
        let configuration = try smallConfiguration()
        let (first, again, other) = (LlamaModel(configuration, seed: 1), LlamaModel(configuration, seed: 1), LlamaModel(configuration, seed: 2))
        #expect(bits(first) == bits(again))
        for (a, b) in zip(first.parameters, other.parameters) { #expect((a.values.values == b.values.values) == (a.shape.count == 1), "\(a.name)") }
    }

    /// Each tensor draws from a stream of its own name.
    @Test func addingLayersChangesNoOtherTensor() throws {
        let small = bits(LlamaModel(try smallConfiguration(layers: 2), seed: 1))
        let large = bits(LlamaModel(try smallConfiguration(layers: 5), seed: 1))
        #expect(small.count == 2 * 9 + 3 && large.count == 5 * 9 + 3)
        for name in small.keys.sorted() { #expect(small[name] == large[name], "\(name)") }
        let matrices = large.filter { $0.value.count >= 12 * 9 }
        #expect(Set(matrices.values.map { $0.prefix(20) }).count == matrices.count, "no two tensors are alike")
    }

    @Test func theDistribution() throws {
        let model = LlamaModel(try smallConfiguration(hidden: 48, intermediate: 100), seed: 3)
        for parameter in model.parameters {
            let values = parameter.values.values.map { Double($0) }
            if parameter.shape.count == 1 {
                #expect(values.allSatisfy { $0 == 1 })
            } else {
                // Within five standard errors of mean 0 and deviation 0.3.
                let count = Double(values.count)
                let mean = values.reduce(0, +) / count
                let deviation = (values.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
                #expect(abs(mean) < 5 * 0.3 / count.squareRoot(), "\(parameter.name)")
                #expect(abs(deviation - 0.3) < 5 * 0.3 / (2 * count).squareRoot(), "\(parameter.name)")
            }
        }
    }

    @Test func namesAndOrderAreThoseOfTransformers() throws {
        let names = LlamaModel(try smallConfiguration(layers: 1)).parameters.map { $0.name }
        let block = [
            "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "post_attention_layernorm",
            "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
        ]
        #expect(names == ["model.embed_tokens.weight"] + block.map { "model.layers.0.\($0).weight" } + ["model.norm.weight", "lm_head.weight"])
        let tied = LlamaModel(try smallConfiguration(layers: 1, ties: true))
        #expect(tied.parameters.map { $0.name } == names.dropLast() && tied.head === tied.embedding)
    }

    @Test func frozenCostsNoMemory() throws {
        let model = LlamaModel(try smallConfiguration(), seed: 1)
        #expect(model.parameters.allSatisfy { $0.gradient == nil && !$0.isTrainable } && model.trainedParameterCount == 0)
        model.setTrainable { $0.shape.count == 1 }
        #expect(model.trainedParameterCount == 7 * 12)
        #expect(model.parameters.allSatisfy { ($0.gradient?.count ?? 0) == ($0.shape.count == 1 ? $0.count : 0) })
        model.freeze()
        #expect(model.parameters.allSatisfy { $0.gradient == nil })
    }
}
