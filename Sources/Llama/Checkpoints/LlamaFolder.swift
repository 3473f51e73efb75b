import Foundation
import Settings

/// A folder in which transformers keeps a LLaMA: `config.json`, and weights in one file or in shards.
public struct LlamaFolder: Sendable {
    public let path: String
    /// `config.json` as it stands.
    public let json: Value
    public let configuration: LlamaConfiguration
    public let tensors: ShardedTensors
    /// Layers that block expansion added, where the weights' metadata says so.
    public let addedLayers: [Int]

    public static let configName = "config.json"

    /// Reads the configuration and holds the headers of the weights against it; no tensor is read.
    public init(_ path: String) throws(CheckpointError) {
        self.path = path
        (json, configuration) = try Self.configuration(path)
        tensors = try ShardedTensors(folder: path)
        addedLayers = try tensors.files.count == 1 ? tensors.files[0].addedLayers(of: configuration) : []
        try LlamaModel.check(tensors, configuration, nil)
        for name in tensors.entries.keys.sorted() where !isPartOfModel(name) {
            throw CheckpointError(path, "holds tensor '\(name)', which a model of its \(Self.configName) does not have", "is it a model of another kind?")
        }
    }

    /// What `config.json` says.
    public static func configuration(_ path: String) throws(CheckpointError) -> (json: Value, configuration: LlamaConfiguration) {
        let file = "\(path)/\(configName)"
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw CheckpointError(path, isFolder.boolValue ? "cannot be read" : "is no folder", "name the folder that holds \(configName) and the weights")
        }
        guard FileManager.default.fileExists(atPath: file) else {
            throw CheckpointError(path, "holds no \(configName)", "name the folder that holds \(configName) and the weights")
        }
        let json = try checkpointJSON(readBytes(file), file: file)
        return (json, try LlamaConfiguration(configJSON: json, file: file))
    }

    /// The files that hold weights, the index included, by their paths.
    public var weightFiles: [String] {
        let index = "\(path)/\(ShardedTensors.indexName)"
        return (FileManager.default.fileExists(atPath: index) ? [index] : []) + tensors.files.map(\.path)
    }

    /// How the weights are stored: types by their number of weights, the commonest first.
    public var types: [Safetensors.ElementType] {
        var counts: [Safetensors.ElementType: Int] = [:]
        for entry in tensors.entries.values { counts[entry.type, default: 0] += entry.count }
        return counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map(\.key)
    }

    /// The model with its weights, frozen.
    /// - Parameter remembersAdded: whether layers that expansion added count as such.
    public func model(remembersAdded: Bool = true) throws(CheckpointError) -> LlamaModel {
        try checkTiedHead()
        let model = LlamaModel(configuration)
        try model.load(tensors)
        if remembersAdded { model.markAdded(addedLayers) }
        return model
    }

    /// Whether a tensor belongs to the model: its weights, the output projection beside a tied embedding, and the frequencies that older versions stored.
    private func isPartOfModel(_ name: String) -> Bool {
        let parts = name.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        if parts.count == 4, parts[0] == "model", parts[1] == "layers", let layer = Int(parts[2]), String(layer) == parts[2], (0..<configuration.layerCount).contains(layer) {
            return parts[3] == "self_attn.rotary_emb.inv_freq" || Block.tensorShapes(configuration, nil).contains { $0.name == parts[3] }
        }
        return ["model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"].contains(name)
    }

    /// An output projection stored beside the embedding that it is tied to has to be the same.
    private func checkTiedHead() throws(CheckpointError) {
        guard configuration.tiesEmbeddings, let head = tensors.entries["lm_head.weight"] else { return }
        let embedding = try tensors.entry("model.embed_tokens.weight")
        let (ours, theirs) = (try tensors.bytes("model.embed_tokens.weight"), try tensors.bytes("lm_head.weight"))
        guard head.type == embedding.type, ours == theirs else {
            throw CheckpointError(
                path, "holds an lm_head.weight that differs from model.embed_tokens.weight, although tie_word_embeddings is true",
                "set tie_word_embeddings to false, or remove the tensor")
        }
    }
}
