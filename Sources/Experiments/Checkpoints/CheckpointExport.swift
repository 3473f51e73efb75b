import Foundation
import Llama
import Settings

/// Writes a model as transformers and PEFT read it: `config.json`, `model.safetensors`, `generation_config.json` and the tokenizer; adapters as PEFT
/// keeps them, with the base in the folder `base` beside them, or merged into the weights.
public struct CheckpointExport {
    /// What was written: the folder's files with their bytes, in their order.
    public struct File: Sendable, Hashable {
        public var path: String
        public var byteCount: Int
    }

    /// - `type`: F32 or BF16, which rounds to the nearest.
    /// - `merges`: adapters are added to the weights. An error for a model that has none.
    public static func write(
        _ checkpoint: OpenCheckpoint, to output: String, type: Safetensors.ElementType = .float32, merges: Bool = false, isForced: Bool = false
    ) throws -> [File] {
        let model = checkpoint.model
        guard model.secondLayers.isEmpty else {
            throw CheckpointError(
                checkpoint.path,
                "has second blocks beside layers \(model.secondLayers.map(String.init).joined(separator: ", ")) (counted from 0), for which LlamaForCausalLM has no place",
                "only strata reads such a model, by its stage; a strategy that adds layers or adapters can be exported")
        }
        if merges {
            guard model.lora != nil else { throw CheckpointError(checkpoint.path, "has no adapters to merge", "leave --merge out") }
            model.mergeLoRA()
        }
        try NewFolder.write(output, isForced: isForced) { folder in
            guard let lora = model.lora else { return try writeModel(checkpoint, to: folder, type) }
            try DurableFile.makeFolder(folder + "/base")
            try writeModel(checkpoint, to: folder + "/base", type)
            let base = URL(fileURLWithPath: output).standardizedFileURL.path + "/base"
            try DurableFile.write(Data(lora.adapterConfig(base: base).indentedJSON.utf8), to: "\(folder)/\(LoRASettings.adapterConfigName)")
            try writeTensors(model.adapterTensors, metadata: [:], type, to: "\(folder)/\(LoRASettings.adapterWeightsName)")
        }
        return files(in: output)
    }

    private static func writeModel(_ checkpoint: OpenCheckpoint, to folder: String, _ type: Safetensors.ElementType) throws {
        let (model, tokenizer) = (checkpoint.model, checkpoint.tokenizer)
        let end = tokenizer.endOfText, begin = tokenizer.beginning.first ?? end
        var config = model.configuration.configJSON(endOfText: end, type: type)
        config["bos_token_id"] = .integer(Int(begin))
        try DurableFile.write(Data(config.indentedJSON.utf8), to: folder + "/config.json")
        let generation: Value = ["bos_token_id": .integer(Int(begin)), "eos_token_id": .integer(Int(end)), "pad_token_id": .integer(Int(end)), "do_sample": false]
        try DurableFile.write(Data(generation.indentedJSON.utf8), to: folder + "/generation_config.json")
        let added = model.addedLayers.isEmpty ? [:] : ["added_layers": Value.list(model.addedLayers.map { .integer($0) }).canonicalJSON]
        try writeTensors(model.baseTensors, metadata: added, type, to: folder + "/model.safetensors")
        for (name, text) in tokenizer.files(maximumLength: model.configuration.longestSequence) { try DurableFile.write(Data(text.utf8), to: "\(folder)/\(name)") }
    }

    /// Tensors in the order of their names, as the library `safetensors` has them. The rounded form of one piece at a time is in memory.
    private static func writeTensors(
        _ tensors: [Safetensors.Tensor], metadata: [String: String], _ type: Safetensors.ElementType, to path: String
    ) throws(StoreError) {
        let metadata = metadata.merging(["format": "pt"]) { first, _ in first }
        try DurableFile.write(to: path) { file throws(StoreError) in
            try file.append(Safetensors.header(tensors.map { (name: $0.name, type: type, shape: $0.shape) }, metadata: metadata))
            for tensor in tensors {
                for first in stride(from: 0, to: tensor.values.count, by: 1 << 20) {
                    let count = min(1 << 20, tensor.values.count - first)
                    try file.append(type.encode(UnsafeBufferPointer(start: tensor.values.base + first, count: count)))
                }
            }
        }
    }

    /// The files of a folder and of those in it.
    static func files(in folder: String) -> [File] {
        let names = (FileManager.default.enumerator(atPath: folder)?.allObjects ?? []).compactMap { $0 as? String }.sorted()
        return names.compactMap { name in
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return File(path: "\(folder)/\(name)", byteCount: Int(status.st_size))
        }
    }
}
