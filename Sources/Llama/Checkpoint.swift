import Foundation
import Kernels
import Settings

/// A model as a safetensors file: every tensor under its Hugging Face name, and in the metadata what the structure is
/// (`config`), which blocks were added (`added_layers`) and which adapters are attached (`lora`).
extension LlamaModel {
    /// The bytes of the checkpoint. Equal models give equal bytes.
    public func encoded() -> Data {
        var metadata = [
            "format": "pt", "config": configuration.value.canonicalJSON,
            "added_layers": Value.list(addedLayers.map { .integer($0) }).canonicalJSON,
        ]
        if let lora { metadata["lora"] = lora.value.canonicalJSON }
        return Safetensors.encoded(tensors: parameters.map { ($0.name, $0.shape, $0.values) }, metadata: metadata)
    }

    /// Reads a checkpoint that `encoded` made. Everything is frozen.
    public convenience init(checkpoint path: String) throws(CheckpointError) {
        try self.init(Safetensors(path: path))
    }

    public convenience init(_ file: Safetensors) throws(CheckpointError) {
        func broken(_ problem: String) -> CheckpointError {
            CheckpointError(file.path, problem, "use a model.safetensors that strata wrote")
        }
        func metadata(_ key: String) throws(CheckpointError) -> Value? {
            guard let text = file.metadata[key] else { return nil }
            do { return try Value(json: text) } catch { throw broken("its metadata '\(key)' is not JSON: \(error)") }
        }
        guard let config = try metadata("config") else { throw broken("its metadata has no 'config'") }
        let configuration: LlamaConfiguration
        do { configuration = try LlamaConfiguration(value: config) } catch { throw broken("its metadata 'config': \(error)") }
        // Held against the header first, so that a wrong size is an error and not an attempt to allocate it.
        let named = file.entries["model.embed_tokens.weight"]?.shape
        guard named == [configuration.vocabularySize, configuration.hiddenSize], configuration.layerCount <= file.entries.count,
            file.entries["model.layers.\(configuration.layerCount - 1).mlp.gate_proj.weight"]?.shape
                == [configuration.intermediateSize, configuration.hiddenSize]
        else { throw broken("its tensors do not have the sizes of its 'config'") }
        self.init(configuration)
        if let layers = try metadata("added_layers")?.asList?.compactMap(\.asInteger) {
            guard layers.allSatisfy({ (0..<blocks.count).contains($0) }) else { throw broken("its added_layers \(layers) do not exist") }
            markAdded(layers)
        }
        if let value = try metadata("lora") {
            let settings: LoRASettings
            do { settings = LoRASettings(settings: try Settings(value, fields: LoRASettings.fields)) } catch { throw broken("its metadata 'lora': \(error)") }
            guard settings.rank <= 65536 else { throw broken("its rank of \(settings.rank)") }
            attachLoRA(settings, seed: 0)
        }
        try load(file)
    }

    /// Fills every tensor from a file that has them under the same names and shapes.
    public func load(_ file: Safetensors) throws(CheckpointError) {
        for parameter in parameters {
            let values = try file.floats(parameter.name)
            let shape = file.entries[parameter.name]?.shape ?? []
            guard shape == parameter.shape else {
                throw CheckpointError(file.path, "holds tensor '\(parameter.name)' of shape \(shape), expected \(parameter.shape)")
            }
            values.withUnsafeBufferPointer { parameter.values.base.update(from: $0.baseAddress!, count: values.count) }
        }
    }
}
