import Corpus
import Foundation
import Llama
import Settings

/// A model that a command is given by name: a stage of the results folder, a folder of transformers, or one of PEFT's adapters.
public struct OpenCheckpoint {
    public enum Form: Sendable, Hashable {
        case stage(key: String)
        case transformers
        case adapters(base: String)
    }

    public let form: Form
    /// The folder.
    public let path: String
    public let model: LlamaModel
    public let tokenizer: any Tokenizer
    /// How the weights are stored.
    public let type: Safetensors.ElementType
    /// Files of the tokenizer that stand beside a folder's weights, by their names.
    let tokenizerFiles: [String]

    /// - `name`: a folder, or the key of a stage or its beginning.
    public init(_ name: String, store: StageStore) throws {
        if FileManager.default.fileExists(atPath: "\(name)/recipe.json") {
            let parts = name.split(separator: "/")
            // RESULTS/stages/KEY
            guard let key = parts.last, parts.dropLast().last == "stages" || parts.count == 1 else {
                throw CheckpointError(name, "is a stage outside of a results folder", "name RESULTS/stages/KEY")
            }
            let results = DurableFile.outerFolder(of: DurableFile.outerFolder(of: name))
            try self.init(stage: String(key), store: StageStore(results: results))
        } else if FileManager.default.fileExists(atPath: name) {
            try self.init(folder: name)
        } else {
            try self.init(stage: OpenCheckpoint.key(name, in: store), store: store)
        }
    }

    /// The one stage whose key begins so.
    private static func key(_ name: String, in store: StageStore) throws(CheckpointError) -> String {
        let keys = ((try? FileManager.default.contentsOfDirectory(atPath: store.results + "/stages")) ?? []).filter { $0.hasPrefix(name) }.sorted()
        let expected = "name a folder, or the key of a stage in \(store.results)/stages (`strata plan EXPERIMENT.yaml --stages` lists them)"
        guard !name.isEmpty, let key = keys.first else { throw CheckpointError(name, "is neither a folder nor the beginning of a stage's key", expected) }
        guard keys.count == 1 else { throw CheckpointError(name, "begins \(keys.count) keys: \(keys.prefix(3).joined(separator: ", "))", "add letters") }
        return key
    }

    private init(stage key: String, store: StageStore) throws {
        let path = store.folder(key)
        guard store.state(key) == .done else { throw CheckpointError(path, "is not done", "`strata run` makes it") }
        let recipe = try Value(json: store.contents(of: key, "recipe.json"))
        guard let tokenizer = recipe["tokenizer"]?.asString, FileManager.default.fileExists(atPath: store.model(key)) else {
            let parent = recipe["parent"]?.asString.map { "; its model is stage \($0)" } ?? ""
            throw CheckpointError(path, "is a stage of kind '\(recipe["stage"]?.asString ?? "")', which holds no model\(parent)", "name a stage of kind pretraining or task")
        }
        form = .stage(key: key)
        self.path = path
        model = try LlamaModel(Safetensors(data: store.contents(of: key, "model.safetensors"), path: store.model(key)))
        self.tokenizer = try DataLibrary(store: store).tokenizer(tokenizer)
        type = .float32
        tokenizerFiles = []
    }

    private init(folder path: String) throws {
        let config = "\(path)/\(LoRASettings.adapterConfigName)"
        guard FileManager.default.fileExists(atPath: config) else {
            let folder = try LlamaFolder(path)
            form = .transformers
            self.path = path
            model = try folder.model()
            type = folder.types.first ?? .float32
            (tokenizer, tokenizerFiles) = try OpenCheckpoint.tokenizer(path)
            return
        }
        let (settings, named) = try LoRASettings.adapter(readJSON(config), file: config)
        // The base stands beside the adapters, or where they say.
        let base = [path + "/base", named].first { FileManager.default.fileExists(atPath: $0 + "/config.json") }
        guard let base else {
            throw CheckpointError(config, "base_model_name_or_path: found \(Value.string(named).summary), expected the folder of the base", "put the base into \(path)/base")
        }
        let folder = try LlamaFolder(base)
        form = .adapters(base: base)
        self.path = path
        model = try folder.model()
        try model.attachLoRA(settings, from: Safetensors(path: "\(path)/\(LoRASettings.adapterWeightsName)"))
        type = folder.types.first ?? .float32
        (tokenizer, tokenizerFiles) = try OpenCheckpoint.tokenizer(base)
    }

    private static func tokenizer(_ folder: String) throws -> (any Tokenizer, [String]) {
        let names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "chat_template.jinja"]
        return (try TokenizerFile.read(path: folder), names.map { "\(folder)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0) })
    }
}

/// A JSON file of a checkpoint.
func readJSON(_ file: String) throws(CheckpointError) -> Value {
    guard let data = FileManager.default.contents(atPath: file) else { throw CheckpointError(file, "cannot be read", "check that the file exists and may be read") }
    return try checkpointJSON([UInt8](data), file: file)
}
