import Corpus
import Foundation
import Llama
import Settings

/// What stands in a checkpoint, from its headers: a folder of transformers or of PEFT's adapters, a stage, or a single safetensors file.
public struct CheckpointInspection: Sendable {
    public struct Tensor: Sendable, Hashable {
        public var name: String, type: String, shape: [Int], byteCount: Int
        public var count: Int { shape.reduce(1, *) }
    }

    public let path: String
    /// `transformers`, `adapters`, `stage` or `safetensors`.
    public let kind: String
    /// In the order of their names; in numbers' order where names have any.
    public let tensors: [Tensor]
    /// The model's shape, where the place says it.
    public let configuration: LlamaConfiguration?
    public let addedLayers: [Int]
    public let lora: LoRASettings?
    /// Of adapters: the base that they name.
    public let base: String?
    public let metadata: [String: String]
    /// What is known of the tokenizer beside the weights: its number of ids and its special tokens, or why it cannot be used; nil where there is none.
    public let tokenizer: Tokenizer?

    public enum Tokenizer: Sendable, Hashable {
        case usable(vocabulary: Int, endOfText: Int, beginning: [Int])
        case refused(String)
    }

    public init(_ path: String, store: StageStore) throws {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        let isStage = FileManager.default.fileExists(atPath: path + "/recipe.json")
        self.path = path
        if !exists || isStage {
            let open = try OpenCheckpoint(path, store: store)
            (kind, tensors) = ("stage", Self.tensors(try Safetensors(path: open.path + "/model.safetensors").entries))
            (configuration, addedLayers, lora, base, metadata) = (open.model.configuration, open.model.addedLayers, open.model.lora, nil, [:])
            tokenizer = Self.description(open.tokenizer)
        } else if !isFolder.boolValue {
            let file = try Safetensors(path: path)
            (kind, tensors, metadata) = ("safetensors", Self.tensors(file.entries), file.metadata)
            (configuration, addedLayers, lora, base, tokenizer) = (nil, [], nil, nil, nil)
        } else if FileManager.default.fileExists(atPath: "\(path)/\(LoRASettings.adapterConfigName)") {
            let config = "\(path)/\(LoRASettings.adapterConfigName)"
            let (settings, named) = try LoRASettings.adapter(readJSON(config), file: config)
            let file = try Safetensors(path: "\(path)/\(LoRASettings.adapterWeightsName)")
            (kind, tensors, metadata) = ("adapters", Self.tensors(file.entries), file.metadata)
            (configuration, addedLayers, lora, base, tokenizer) = (nil, [], settings, named, Self.tokenizer(path))
        } else {
            let folder = try LlamaFolder(path)
            (kind, tensors, metadata) = ("transformers", Self.tensors(folder.tensors.entries), folder.tensors.files[0].metadata)
            (configuration, addedLayers, lora, base, tokenizer) = (folder.configuration, folder.addedLayers, nil, nil, Self.tokenizer(path))
        }
    }

    private static func tokenizer(_ folder: String) -> Tokenizer? {
        guard FileManager.default.fileExists(atPath: folder + "/tokenizer.json") else { return nil }
        do { return description(try TokenizerFile.read(path: folder)) } catch { return .refused("\(error)") }
    }

    private static func description(_ tokenizer: any Corpus.Tokenizer) -> Tokenizer {
        .usable(vocabulary: tokenizer.vocabularySize, endOfText: Int(tokenizer.endOfText), beginning: tokenizer.beginning.map(Int.init))
    }

    private static func tensors(_ entries: [String: Safetensors.Entry]) -> [Tensor] {
        func order(_ name: String) -> [(number: Int, text: Substring)] { name.split(separator: ".").map { (Int($0) ?? -1, $0) } }
        return entries.map { Tensor(name: $0.key, type: $0.value.type.rawValue, shape: $0.value.shape, byteCount: $0.value.byteCount) }.sorted { a, b in
            for (x, y) in zip(order(a.name), order(b.name)) where x.text != y.text {
                return x.number >= 0 && y.number >= 0 ? x.number < y.number : x.text < y.text
            }
            return a.name < b.name
        }
    }

    public var parameterCount: Int { tensors.reduce(0) { $0 + $1.count } }
    public var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }
    /// Numbers of weights by type.
    public var types: [(name: String, count: Int)] {
        var counts: [String: Int] = [:]
        for tensor in tensors { counts[tensor.type, default: 0] += tensor.count }
        return counts.sorted { $0.key < $1.key }.map { (name: $0.key, count: $0.value) }
    }

    public var json: Value {
        var value: Value = [
            "path": .string(path), "kind": .string(kind), "parameters": .integer(parameterCount), "bytes": .integer(byteCount),
            "types": .object(Dictionary(uniqueKeysWithValues: types.map { ($0.name, .integer($0.count)) })),
            "added_layers": .list(addedLayers.map { .integer($0) }), "metadata": .object(metadata.mapValues { .string($0) }),
            "tensors": .list(
                tensors.map {
                    ["name": .string($0.name), "dtype": .string($0.type), "shape": .list($0.shape.map { .integer($0) }), "bytes": .integer($0.byteCount)]
                }),
        ]
        value["config"] = configuration?.value ?? .null
        value["adapters"] = lora?.value ?? .null
        value["base"] = base.map { .string($0) } ?? .null
        switch tokenizer {
        case .usable(let count, let end, let beginning):
            value["tokenizer"] = ["vocab_size": .integer(count), "eos_token_id": .integer(end), "beginning": .list(beginning.map { .integer($0) })]
        case .refused(let why): value["tokenizer"] = ["error": .string(why)]
        case nil: value["tokenizer"] = .null
        }
        return value
    }
}
