import Foundation
import Kernels
import Settings

/// Adapters as PEFT keeps them: `adapter_config.json` and `adapter_model.safetensors`.
extension LoRASettings {
    public static let adapterConfigName = "adapter_config.json"
    public static let adapterWeightsName = "adapter_model.safetensors"
    /// What PEFT puts before the names of a model's tensors.
    static let adapterPrefix = "base_model.model."

    /// `adapter_config.json`.
    /// - Parameter base: the folder of the base.
    public func adapterConfig(base: String) -> Value {
        [
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": .string(base), "inference_mode": true, "r": .integer(rank),
            // A whole number, as PEFT has it, where it is one.
            "lora_alpha": Int(exactly: alpha).map { .integer($0) } ?? .number(alpha), "target_modules": .list(targetModules.map { .string($0) }),
            "lora_dropout": .number(dropout), "bias": "none", "fan_in_fan_out": false, "init_lora_weights": true, "modules_to_save": .null, "rank_pattern": [:],
            "alpha_pattern": [:], "use_rslora": false, "use_dora": false,
        ]
    }

    /// Reads `adapter_config.json`: rank, alpha and targets, and the base that it names. Whatever else would change what the adapters compute is an error.
    public static func adapter(_ json: Value, file: String) throws(CheckpointError) -> (settings: LoRASettings, base: String) {
        func wrong(_ key: String, _ found: Value?, _ expected: String) -> CheckpointError {
            CheckpointError(file, "\(key): found \(found?.summary ?? "nothing"), expected \(expected)", "such adapters are not supported")
        }
        guard let entries = json.asObject else { throw CheckpointError(file, "found \(json.summary), expected a mapping") }
        guard entries["peft_type"] == "LORA" else { throw wrong("peft_type", entries["peft_type"], "\"LORA\"") }
        let neutral: [(String, [Value])] = [
            ("bias", ["none"]), ("use_rslora", [false]), ("use_dora", [false]), ("fan_in_fan_out", [false]), ("modules_to_save", [[]]), ("rank_pattern", [[:]]),
            ("alpha_pattern", [[:]]), ("layers_to_transform", []), ("layers_pattern", []), ("layer_replication", []), ("target_parameters", [[]]),
            ("trainable_token_indices", []), ("exclude_modules", [[]]), ("use_qalora", [false]), ("lora_bias", [false]), ("alora_invocation_tokens", []),
            ("megatron_config", []), ("arrow_config", []), ("use_bdlora", []), ("monteclora_config", []), ("velora_config", []),
        ]
        for (key, allowed) in neutral {
            guard let found = entries[key], found != .null, !allowed.contains(found) else { continue }
            throw wrong(key, found, (allowed.map(\.canonicalJSON) + ["null"]).joined(separator: " or "))
        }
        guard let base = entries["base_model_name_or_path"]?.asString else { throw wrong("base_model_name_or_path", entries["base_model_name_or_path"], "the folder of the base") }
        var words: Value = [:]
        for key in fields.map(\.key) {
            guard let value = entries[key], value != .null else { throw wrong(key, entries[key], "a value") }
            words[key] = value
        }
        do { return (LoRASettings(settings: try Settings(words, fields: fields)), base) } catch {
            throw CheckpointError(file, "\(error.path): found \(error.found), expected \(error.expected)", error.advice)
        }
    }
}

extension LlamaModel {
    /// The adapters under PEFT's names, in the order of those.
    public var adapterTensors: [Safetensors.Tensor] {
        adapters.map { (LoRASettings.adapterPrefix + $0.name, $0.shape, $0.values) }.sorted { $0.name < $1.name }
    }

    private var adapters: [Parameter] { parameters.filter(\.isAdapter) }

    /// The weights without adapters under their names, in the order of those.
    public var baseTensors: [Safetensors.Tensor] {
        parameters.filter { !$0.isAdapter }.map { ($0.name, $0.shape, $0.values) }.sorted { $0.name < $1.name }
    }

    /// Attaches adapters that PEFT has trained.
    public func attachLoRA(_ settings: LoRASettings, from file: Safetensors) throws(CheckpointError) {
        attachLoRA(settings, seed: 0)
        let names = Set(adapters.map { LoRASettings.adapterPrefix + $0.name })
        if let stray = file.entries.keys.sorted().first(where: { !names.contains($0) }) {
            throw CheckpointError(file.path, "holds tensor '\(stray)', which adapters of its \(LoRASettings.adapterConfigName) do not have")
        }
        for parameter in adapters { try file.read(LoRASettings.adapterPrefix + parameter.name, parameter.shape, into: parameter.values) }
    }
}
