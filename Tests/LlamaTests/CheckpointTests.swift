import Foundation
import Kernels
import Llama
import Settings
import TestSupport
import Testing

@Suite struct CheckpointTests {
    enum Form: CaseIterable {
        case base, tied, expanded, lora, expandedWithLoRA

        func model(seed: Int = 1) throws -> LlamaModel {
            let model = smallModel(try smallConfiguration(ties: self == .tied), seed: seed)
            if self == .expanded || self == .expandedWithLoRA { model.expand(after: [0, 2, 3]) }
            if self == .lora || self == .expandedWithLoRA {
                model.attachLoRA(LoRASettings(rank: 3, alpha: 7.5, targetModules: ["q_proj", "down_proj"]), seed: seed)
                for parameter in model.parameters where parameter.name.hasSuffix("lora_B.weight") { parameter.values.fill(0.01) }
            }
            return model
        }
    }

    @Test(arguments: Form.allCases)
    func comesBackBitForBit(form: Form) throws {
        let model = try form.model()
        model.parameters[1].values.base[0] = -0.0
        model.parameters[1].values.base[1] = .leastNonzeroMagnitude
        let data = model.encoded()
        let copy = try LlamaModel(Safetensors(data: data, path: "memory"))
        #expect(bits(copy) == bits(model))
        #expect(copy.parameters.map { $0.name } == model.parameters.map { $0.name })
        #expect(copy.parameters.map { $0.shape } == model.parameters.map { $0.shape })
        #expect(copy.configuration == model.configuration && copy.addedLayers == model.addedLayers && copy.lora == model.lora)
        #expect(copy.trainedParameterCount == 0)
        #expect(firstBitDifference(copy.testLogits(), model.testLogits()) == nil)
        #expect(copy.encoded() == data)
    }

    @Test(arguments: Form.allCases)
    func equalModelsGiveEqualBytes(form: Form) throws {
        #expect(try form.model().encoded() == form.model().encoded())
        #expect(try form.model().encoded() != form.model(seed: 2).encoded())
    }

    @Test func filesAreReadAndMissingOnesAreErrors() throws {
        let model = try Form.expanded.model()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("strata-checkpoint-\(UUID().uuidString).safetensors")
        try model.encoded().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(bits(try LlamaModel(checkpoint: file.path)) == bits(model))
        let error = #expect(throws: CheckpointError.self) { try LlamaModel(checkpoint: file.path + ".no") }
        #expect(error?.description == "\(file.path).no: cannot be read; check that the file exists and may be read")
        #expect(throws: CheckpointError.self) { try LlamaModel(checkpoint: FileManager.default.temporaryDirectory.path) }
    }

    // MARK: What is wrong with the metadata or the tensors

    static let sound = Form.allCases.map { form in Result { try SafetensorsBytes(form.model().encoded()) } }

    /// The error of a checkpoint whose header `change` has altered; nil when it is read all the same.
    func error(of form: Form = .base, _ change: (inout Value) -> Void) throws -> CheckpointError? {
        let index = try #require(Form.allCases.firstIndex(of: form))
        let data = try Self.sound[index].get().changed(change)
        do {
            _ = try LlamaModel(Safetensors(data: data, path: "file"))
            return nil
        } catch {
            return error
        }
    }

    func error(of form: Form = .base, metadata key: String, _ text: String?) throws -> CheckpointError? {
        try error(of: form) { $0["__metadata__"]?[key] = text.map { .string($0) } }
    }

    @Test func soundHeadersAreRead() throws {
        for form in Form.allCases { #expect(try error(of: form) { _ in } == nil) }
        #expect(try error(metadata: "note", "kept by someone else") == nil)
    }

    @Test func metadataThatCannotBeUsed() throws {
        #expect(try error(metadata: "config", nil)?.problem == "its metadata has no 'config'")
        #expect(try error(metadata: "config", "{")?.problem.hasPrefix("its metadata 'config' is not JSON") == true)
        #expect(try error(metadata: "config", "[]")?.problem.hasPrefix("its metadata 'config': ") == true)
        for layers in ["[-1]", "[6]", "[1,1]", "[2,1]", "[\"1\"]", "[0.5]", "3", "{}", "null"] {
            #expect(try error(of: .expanded, metadata: "added_layers", layers)?.problem.hasPrefix("its metadata 'added_layers' is not") == true, "\(layers)")
        }
        for lora in ["3", "null", "{\"r\":0}", "{\"r\":3,\"rank\":3}", "{\"target_modules\":[\"head\"]}"] {
            #expect(try error(of: .lora, metadata: "lora", lora)?.problem.hasPrefix("its metadata 'lora': ") == true, "\(lora)")
        }
        #expect(try error(of: .lora, metadata: "lora", "{\"r\":4,\"target_modules\":[\"q_proj\"]}")?.problem.contains("lora_A.weight' as F32 of shape [3, 12], expected F32 of shape [4, 12]") == true)
        #expect(try error(of: .lora, metadata: "lora", "{\"r\":2147483647}") != nil)
        // Adapters that nothing speaks of would be left out silently.
        #expect(try error(of: .lora, metadata: "lora", nil)?.problem.contains("lora_A.weight', which a model of its 'config' does not have") == true)
    }

    @Test func tensorsThatDoNotFitTheConfiguration() throws {
        let name = "model.layers.1.mlp.up_proj.weight"
        #expect(try error { $0[name]?["shape"] = [12, 10] }?.problem == "holds tensor '\(name)' as F32 of shape [12, 10], expected F32 of shape [10, 12]")
        #expect(try error { $0[name]?["shape"] = [120] }?.problem.contains("of shape [120], expected") == true)
        let renamed = try error {
            let entry = $0[name]
            $0[name] = nil
            $0["model.layers.1.mlp.up_prj.weight"] = entry
        }
        #expect(renamed?.problem == "has no tensor '\(name)'" && renamed?.advice.contains("up_proj") == true)
        let integers = try error { $0["model.norm.weight"]?["dtype"] = "I64"; $0["model.norm.weight"]?["shape"] = [6] }
        #expect(integers?.problem == "holds tensor 'model.norm.weight' as I64 of shape [6], expected F32, F16 or BF16 of shape [12]")
    }

    /// Sizes that would allocate more than any machine has, or overflow, each alone in a configuration that is sound otherwise.
    @Test func hostileConfigurationsAreErrors() throws {
        let values: [Value] = [
            0, -1, 1, 2, 5, 24, 1_000_000_000, 2_147_483_647, 2_147_483_648, .integer(Int.max), .integer(Int.min), 1e300, -0.5, "3", nil, true, [], [:],
        ]
        let sizes = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size"]
        for form in [Form.base, .expandedWithLoRA] {
            let configuration = try form.model().configuration.value
            for key in sizes {
                for value in values where !(key == "num_attention_heads" && value == 24) && value != configuration[key] {
                    var changed = configuration
                    changed[key] = value
                    let error = try error(of: form, metadata: "config", changed.canonicalJSON)
                    // Heads without a number of their own for keys are as many as query heads: an error here too, by shape.
                    #expect(error != nil, "\(key): \(value)")
                }
            }
            // No weight depends on these: they are read, and nothing of their size is made.
            for (key, value) in [("max_position_embeddings", 1_048_576), ("rope_theta", 1e12)] as [(String, Value)] {
                var changed = configuration
                changed[key] = value
                #expect(try error(of: form, metadata: "config", changed.canonicalJSON) == nil)
            }
        }
    }

    /// A file of 8 MB whose few tensors fit a configuration that would need terabytes for the others.
    @Test func aSmallFileCannotClaimALargeModel() throws {
        let width = 500_000
        let config: Value = [
            "vocab_size": 1, "hidden_size": .integer(width), "intermediate_size": 1, "num_hidden_layers": 1, "num_attention_heads": 1,
            "tie_word_embeddings": true,
        ]
        let entry: (Int, [Int]) -> Value = { from, shape in
            ["dtype": "F32", "shape": .list(shape.map { .integer($0) }), "data_offsets": [.integer(from), .integer(from + 4 * width)]]
        }
        let header: Value = [
            "__metadata__": ["config": .string(config.canonicalJSON)], "model.embed_tokens.weight": entry(0, [1, width]),
            "model.layers.0.mlp.gate_proj.weight": entry(4 * width, [1, width]), "model.layers.0.input_layernorm.weight": entry(8 * width, [width]),
            "model.layers.0.post_attention_layernorm.weight": entry(12 * width, [width]),
        ]
        let data = SafetensorsBytes(header: header, data: Data(count: 16 * width)).encoded
        let error = #expect(throws: CheckpointError.self) { try LlamaModel(Safetensors(data: data, path: "file")) }
        #expect(error?.problem == "has no tensor 'model.layers.0.self_attn.q_proj.weight'")
    }

    @Test func loadingIntoAnotherShapeIsAnError() throws {
        let file = try Safetensors(data: try Form.base.model().encoded(), path: "file")
        #expect(throws: CheckpointError.self) { try LlamaModel(try smallConfiguration(layers: 4)).load(file) }
        #expect(throws: CheckpointError.self) { try LlamaModel(try smallConfiguration(intermediate: 11)).load(file) }
        // A model of fewer layers finds all it asks for.
        let small = LlamaModel(try smallConfiguration(layers: 2))
        try small.load(file)
        #expect(small.blocks[1].q.weight.values.values == (try Form.base.model().blocks[1].q.weight.values.values))
    }
}
