import Foundation
import Kernels
import Llama
import Settings
import Testing

/// Folders as transformers writes them, made by hand.
@Suite struct LlamaFolderTests {
    /// A folder that is gone with the test.
    final class Folder {
        let path: String
        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("strata-llama-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        deinit { try? FileManager.default.removeItem(atPath: path) }
        func write(_ name: String, _ data: Data) throws { try data.write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
        func write(_ name: String, _ json: Value) throws { try write(name, Data(json.canonicalJSON.utf8)) }
    }

    static let config: Value = [
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 19, "hidden_size": 12, "intermediate_size": 10, "num_hidden_layers": 2,
        "num_attention_heads": 3, "num_key_value_heads": 1, "hidden_act": "silu", "rms_norm_eps": 1e-5, "torch_dtype": "float32", "rope_scaling": nil,
        "rope_theta": 500.0, "head_dim": 4, "attention_bias": false, "use_cache": true, "eos_token_id": [1, 2], "max_position_embeddings": 32,
    ]

    static func model() throws -> LlamaModel { smallModel(try LlamaConfiguration(configJSON: config, file: "config.json")) }

    static func file(_ tensors: [Safetensors.Tensor]) -> Data { Safetensors.encoded(tensors: tensors, metadata: ["format": "pt"]) }

    /// The model in two files.
    static func sharded(_ folder: Folder) throws -> LlamaModel {
        let model = try model()
        let tensors = model.baseTensors
        try folder.write("config.json", config)
        var map: Value = [:]
        for (name, part) in [("model-00001-of-00002.safetensors", tensors.prefix(7)), ("model-00002-of-00002.safetensors", tensors.dropFirst(7))] {
            try folder.write(name, file(Array(part)))
            for tensor in part { map[tensor.name] = .string(name) }
        }
        try folder.write("model.safetensors.index.json", ["metadata": ["total_size": 1], "weight_map": map])
        return model
    }

    @Test func oneFileAndShards() throws {
        let model = try Self.model()
        let one = try Folder()
        try one.write("config.json", Self.config)
        try one.write("model.safetensors", Self.file(model.baseTensors))
        let folder = try LlamaFolder(one.path)
        #expect(folder.configuration == model.configuration && folder.weightFiles.count == 1 && folder.types == [.float32])
        #expect(try bits(folder.model()) == bits(model))
        let two = try Folder()
        let whole = try Self.sharded(two)
        #expect(try bits(LlamaFolder(two.path).model()) == bits(whole))
        #expect(try LlamaFolder(two.path).weightFiles.map { $0.split(separator: "/").last } == ["model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
    }

    func problem(_ change: (Folder) throws -> Void) throws -> String {
        let folder = try Folder()
        _ = try Self.sharded(folder)
        try change(folder)
        let error = #expect(throws: CheckpointError.self) { try LlamaFolder(folder.path).model() }
        #expect(error?.path.hasPrefix(folder.path) == true)
        return error.map { "\($0)".replacingOccurrences(of: folder.path, with: "DIR") } ?? ""
    }

    @Test func brokenFolders() throws {
        let files = FileManager.default
        #expect(try problem { try files.removeItem(atPath: $0.path + "/config.json") }.hasPrefix("DIR: holds no config.json"))
        #expect(try problem { try $0.write("config.json", Data("{".utf8)) }.hasPrefix("DIR/config.json:1:2: found the end of the text"))
        #expect(try problem { try $0.write("model.safetensors", Data()) }.hasPrefix("DIR: holds both model.safetensors and model.safetensors.index.json"))
        #expect(try problem { try files.removeItem(atPath: $0.path + "/model-00002-of-00002.safetensors") }.hasPrefix("DIR/model-00002-of-00002.safetensors: cannot be read"))
        let unused = try problem {
            try files.removeItem(atPath: $0.path + "/model.safetensors.index.json")
            try $0.write("pytorch_model.bin", Data())
        }
        #expect(unused.contains("holds neither") && unused.contains("pytorch_model.bin"))
        // An index that says something else than the shards.
        func index(_ map: Value) throws -> String { try problem { try $0.write("model.safetensors.index.json", ["weight_map": map]) } }
        #expect(try index([:]).contains("'weight_map' is empty"))
        #expect(try index(["a": "../model.safetensors"]).contains("is no name of a safetensors file"))
        #expect(try index(["a": 3]).contains("is no name of a safetensors file"))
        #expect(try index(["a": "model-00001-of-00002.safetensors"]).contains("names no file for tensor 'lm_head.weight', which stands in model-00001-of-00002.safetensors"))
        #expect(try problem { try $0.write("model.safetensors.index.json", []) }.contains("it has no mapping 'weight_map'"))
        let moved = try problem { folder in
            var index = try Value(json: Data(contentsOf: URL(fileURLWithPath: folder.path + "/model.safetensors.index.json")))
            var map = try #require(index["weight_map"])
            map["model.norm.weight"] = "model-00001-of-00002.safetensors"
            index["weight_map"] = map
            try folder.write("model.safetensors.index.json", index)
        }
        #expect(moved.contains("for tensor 'model.norm.weight', which stands in model-00002-of-00002.safetensors"))
        // Weights that do not go with the configuration.
        func config(_ key: String, _ value: Value) throws -> String {
            var config = Self.config
            config[key] = value
            return try problem { try $0.write("config.json", config) }
        }
        #expect(try config("num_hidden_layers", 3).contains("has no tensor 'model.layers.2.input_layernorm.weight'"))
        #expect(try config("num_hidden_layers", 1).contains("holds tensor 'model.layers.1.input_layernorm.weight', which a model of its config.json does not have"))
        #expect(try config("intermediate_size", 11).contains("as F32 of shape [10, 12], expected F32 of shape [11, 12]"))
        #expect(try config("tie_word_embeddings", true).contains("lm_head.weight that differs from model.embed_tokens.weight"))
        #expect(try config("vocab_size", 18).contains("'model.embed_tokens.weight' as F32 of shape [19, 12], expected F32 of shape [18, 12]"))
    }

    /// An old checkpoint has the frequencies among its tensors, and a tied one may have its embedding twice.
    @Test func tensorsThatAreLeftOut() throws {
        let folder = try Folder()
        var config = Self.config
        config["tie_word_embeddings"] = true
        try folder.write("config.json", config)
        let model = smallModel(try LlamaConfiguration(configJSON: config, file: "config.json"))
        var tensors = model.baseTensors
        tensors.append(("lm_head.weight", model.embedding.shape, model.embedding.values))
        tensors.append(("model.layers.1.self_attn.rotary_emb.inv_freq", [2], FloatBuffer([1, 2])))
        try folder.write("model.safetensors", Self.file(tensors))
        #expect(try bits(LlamaFolder(folder.path).model()) == bits(model))
    }

    // MARK: config.json

    func error(_ changes: [(String, Value?)]) -> String? {
        var config = Self.config
        for (key, value) in changes { config[key] = value }
        do {
            _ = try LlamaConfiguration(configJSON: config, file: "c")
            return nil
        } catch { return "\(error)" }
    }

    @Test func whatIsRead() throws {
        let read = try LlamaConfiguration(configJSON: Self.config, file: "c")
        #expect(read.ropeTheta == 500 && read.keyValueHeadCount == 1 && read.maxPositions == 32 && !read.tiesEmbeddings && read.ropeScaling == nil)
        // What transformers takes for keys that are left out.
        var short = Self.config
        for key in ["rms_norm_eps", "rope_theta", "max_position_embeddings", "num_key_value_heads", "head_dim"] { short[key] = nil }
        let defaults = try LlamaConfiguration(configJSON: short, file: "c")
        #expect(defaults.normEpsilon == 1e-6 && defaults.ropeTheta == 10000 && defaults.maxPositions == 2048 && defaults.keyValueHeadCount == 3)
        func scaling(_ changes: [(String, Value?)]) throws -> LlamaConfiguration {
            var config = Self.config
            for (key, value) in changes { config[key] = value }
            return try LlamaConfiguration(configJSON: config, file: "c")
        }
        let linear = RotaryScaling.linear(factor: 2)
        #expect(try scaling([("rope_scaling", ["type": "linear", "factor": 2.0])]).ropeScaling == linear)
        #expect(try scaling([("rope_scaling", ["rope_type": "linear", "type": "linear", "factor": 2])]).ropeScaling == linear)
        let inner = try scaling([("rope_theta", nil), ("rope_parameters", ["rope_type": "linear", "factor": 2.0, "rope_theta": 7.0])])
        #expect(inner.ropeScaling == linear && inner.ropeTheta == 7)
        #expect(try scaling([("rope_theta", nil), ("rope_parameters", ["rope_type": "default", "rope_theta": 7])]).ropeTheta == 7)
        let llama3: Value = ["rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16]
        #expect(try scaling([("rope_scaling", llama3)]).ropeScaling == .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 16))
        // What is written is read again, as what it was.
        for value in [nil, ["rope_type": "dynamic", "factor": 3.0], llama3] as [Value] {
            let configuration = try scaling([("rope_scaling", value)])
            #expect(try LlamaConfiguration(configJSON: configuration.configJSON(endOfText: 3, type: .bfloat16), file: "c") == configuration)
        }
    }

    @Test func whatIsRefused() {
        let cases: [([(String, Value?)], String)] = [
            ([("architectures", ["MistralForCausalLM"])], "c: architectures: found \"MistralForCausalLM\", expected [\"LlamaForCausalLM\"]"),
            ([("model_type", "qwen2")], "c: model_type: found \"qwen2\", expected \"llama\""), ([("model_type", nil)], "c: model_type: found nothing"),
            ([("hidden_act", "gelu")], "c: hidden_act: found \"gelu\", expected \"silu\""), ([("attention_bias", true)], "c: attention_bias: found true, expected false"),
            ([("mlp_bias", true)], "c: mlp_bias: found true"), ([("attention_dropout", 0.1)], "c: attention_dropout: found 0.1, expected 0.0"),
            ([("sliding_window", 4096)], "c: sliding_window: found 4096, expected no such key or null"), ([("head_dim", 8)], "c: head_dim: found 8, expected 4, which is hidden_size / num_attention_heads"),
            ([("quantization_config", ["bits": 4])], "c: quantization_config: found a mapping"), ([("num_local_experts", 8)], "c: num_local_experts: found 8 at a key that is not known"),
            ([("hidden_sise", 12)], "c: hidden_sise: found 12 at a key that is not known; did you mean 'hidden_size'?"),
            ([("vocab_size", nil)], "c: found no key 'vocab_size'"), ([("hidden_size", 13)], "c: num_attention_heads: found 3, expected a divisor of hidden_size, which is 13"),
            ([("rope_scaling", ["type": "yarn", "factor": 2])], "c: rope_scaling.type: found \"yarn\", expected one of default, linear, dynamic, llama3"),
            ([("rope_parameters", ["rope_type": "longrope"])], "c: rope_parameters.rope_type: found \"longrope\""),
            ([("rope_scaling", ["type": "linear", "rope_type": "dynamic", "factor": 2])], "c: rope_scaling.type: found \"linear\", expected \"dynamic\", as rope_type says"),
            ([("rope_scaling", ["rope_type": "linear", "factor": 2]), ("rope_parameters", ["rope_type": "default"])], "c: rope_scaling: found a mapping, expected one of"),
            ([("rope_parameters", ["rope_type": "default", "rope_theta": 9.0])], "c: rope_parameters.rope_theta: found 9.0, expected 500.0"),
            ([("rope_scaling", ["rope_type": "linear", "factor": 0.5])], "c: rope_scaling.factor: found 0.5, expected a number from 1"),
            ([("rope_scaling", ["rope_type": "default", "factor": 2])], "c: rope_scaling.factor: found 2"), ([("rope_scaling", 2)], "c: rope_scaling: found 2, expected a mapping"),
            ([("partial_rotary_factor", 0.5)], "c: partial_rotary_factor: found 0.5"), ([("rope_parameters", ["partial_rotary_factor": 0.5])], "c: rope_parameters.partial_rotary_factor: found 0.5"),
        ]
        #expect(error([]) == nil)
        for (changes, expected) in cases {
            let found = error(changes) ?? "no error"
            #expect(found.hasPrefix(expected), "\(found)")
        }
        for key in ["pretraining_tp", "torch_dtype", "dtype", "_name_or_path", "transformers_version", "num_local_experts"] { #expect(error([(key, nil)]) == nil && error([(key, Value.null)]) == nil) }
        for (key, value) in [("pretraining_tp", 2), ("dtype", "bfloat16"), ("_name_or_path", "x"), ("is_decoder", true), ("partial_rotary_factor", 1)] as [(String, Value)] { #expect(error([(key, value)]) == nil) }
    }

    // MARK: Adapters

    @Test func adaptersAndTheirMerge() throws {
        let configuration = try smallConfiguration()
        let model = smallModel(configuration), plain = smallModel(configuration)
        model.attachLoRA(LoRASettings(rank: 2, alpha: 3, targetModules: ["q_proj", "down_proj"]), seed: 1)
        for parameter in model.parameters where parameter.name.hasSuffix("lora_B.weight") {
            for i in 0..<parameter.count { parameter.values.base[i] = Float(i % 5) * 0.1 - 0.2 }
        }
        let settings = try #require(model.lora)
        let tensors = model.adapterTensors
        #expect(tensors.count == 12 && tensors[0].name == "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight")
        let file = try Safetensors(data: Self.file(tensors), path: "adapter")
        let (read, base) = try LoRASettings.adapter(settings.adapterConfig(base: "there"), file: "a")
        #expect(read == settings && base == "there")
        try plain.attachLoRA(read, from: file)
        #expect(bits(plain) == bits(model))
        let logits = model.testLogits()
        let (a, b) = (try #require(model.blocks[0].q.adapter).a.values.values, try #require(model.blocks[0].q.adapter).b.values.values)
        let w = model.blocks[0].q.weight.values.values
        model.mergeLoRA()
        #expect(model.lora == nil && model.parameters.count == smallModel(configuration).parameters.count)
        // One weight by hand: row 3, column 5 of 12.
        let sum = Double(b[6]) * Double(a[5]) + Double(b[7]) * Double(a[17])
        #expect(model.blocks[0].q.weight.values.values[41] == Float(Double(w[41]) + 1.5 * sum))
        let merged = model.testLogits()
        #expect(zip(merged, logits).allSatisfy { abs($0 - $1) < 1e-4 } && merged != logits)
        for (key, value) in [("use_dora", true), ("peft_type", "IA3"), ("bias", "all"), ("rank_pattern", ["q": 4]), ("modules_to_save", ["lm_head"]), ("target_modules", "all-linear"), ("r", 0)] as [(String, Value)] {
            var config = settings.adapterConfig(base: "there")
            config[key] = value
            let error = #expect(throws: CheckpointError.self) { try LoRASettings.adapter(config, file: "a") }
            #expect(error?.problem.hasPrefix("\(key): found ") == true, "\(error?.description ?? "")")
        }
    }
}
