import Foundation
import Kernels
import Settings

/// A model as a safetensors file: every tensor under its Hugging Face name, and in the metadata what the structure is
/// (`config`), which blocks were added (`added_layers`), which layers have a second block (`second_blocks`) and which adapters are attached (`lora`).
extension LlamaModel {
    /// The bytes of the checkpoint. Equal models give equal bytes.
    public func encoded() -> Data {
        var metadata = [
            "format": "pt", "config": configuration.value.canonicalJSON,
            "added_layers": Value.list(addedLayers.map { .integer($0) }).canonicalJSON,
        ]
        if let lora { metadata["lora"] = lora.value.canonicalJSON }
        if !secondLayers.isEmpty { metadata["second_blocks"] = secondValue.canonicalJSON }
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
        var lora: LoRASettings?
        if let value = try metadata("lora") {
            do { lora = LoRASettings(settings: try Settings(value, fields: LoRASettings.fields)) } catch { throw broken("its metadata 'lora': \(error)") }
        }
        let added = try file.addedLayers(of: configuration)
        var second = SecondLayers()
        if let value = try metadata("second_blocks") {
            guard let layers = SecondLayers(value, layerCount: configuration.layerCount), lora == nil else {
                throw broken("its metadata 'second_blocks' does not list layers of this model, or stands beside 'lora'")
            }
            second = layers
        }
        try LlamaModel.check(file, configuration, lora)
        try second.check(file, configuration)
        self.init(configuration)
        addSecondBlocks(second)
        markAdded(added)
        if let lora { attachLoRA(lora, seed: 0) }
        let names = Set(parameters.map(\.name))
        if let stray = file.entries.keys.sorted().first(where: { !names.contains($0) }) {
            throw broken("it holds tensor '\(stray)', which a model of its 'config' does not have")
        }
        try load(file)
    }

    /// Holds the headers against the structure tensor by tensor, before anything of that size is allocated.
    static func check(_ file: some TensorSource, _ c: LlamaConfiguration, _ lora: LoRASettings?) throws(CheckpointError) {
        try file.require("model.embed_tokens.weight", [c.vocabularySize, c.hiddenSize])
        for layer in 0..<c.layerCount {
            for (name, shape) in Block.tensorShapes(c, lora) { try file.require("model.layers.\(layer).\(name)", shape) }
        }
        try file.require("model.norm.weight", [c.hiddenSize])
        if !c.tiesEmbeddings { try file.require("lm_head.weight", [c.vocabularySize, c.hiddenSize]) }
    }

    /// Fills every tensor from a source that has them under the same names and shapes.
    public func load(_ file: some TensorSource) throws(CheckpointError) {
        for parameter in parameters { try file.read(parameter.name, parameter.shape, into: parameter.values) }
    }
}

extension Safetensors {
    /// The layers that expansion added, by the file's metadata; none where it says nothing of them.
    func addedLayers(of configuration: LlamaConfiguration) throws(CheckpointError) -> [Int] {
        guard let text = metadata["added_layers"] else { return [] }
        let list = (try? Value(json: text))?.asList
        let layers = list?.compactMap(\.asInteger) ?? []
        let isAscending = zip(layers, layers.dropFirst()).allSatisfy { $0 < $1 }
        guard let list, layers.count == list.count, isAscending, layers.allSatisfy({ (0..<configuration.layerCount).contains($0) }) else {
            throw CheckpointError(
                path, "its metadata 'added_layers' is not an ascending list of layers from 0 to \(configuration.layerCount - 1)",
                "use a model.safetensors that strata wrote, or take the metadata out")
        }
        return layers
    }
}
