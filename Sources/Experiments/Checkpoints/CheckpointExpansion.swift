import Foundation
import Llama
import Settings

/// Block expansion of a folder of transformers, without training, tensor by tensor: what the authors' script does. The copies' `o_proj` and
/// `down_proj` are zero, all other tensors are the bytes of the block below. Types stay, and so do files that are no weights.
/// Source: Wu et al. 2024, LLaMA Pro, arXiv 2401.02415, section 3.2; block_expansion.py of its repository.
public enum CheckpointExpansion {
    /// Where a tensor of the expanded model comes from.
    private struct Origin {
        var name: String, source: String
        var isZero: Bool
    }

    /// Returns the new layers, counted from 0, and the files that were written.
    public static func write(_ path: String, after layers: [Int], to output: String, isForced: Bool = false) throws -> (added: [Int], files: [CheckpointExport.File]) {
        let folder = try LlamaFolder(path)
        let count = folder.configuration.layerCount
        // For each layer of the new model: the one that it is or copies.
        var stack: [(layer: Int, isCopy: Bool)] = []
        for place in 0...count {
            if place > 0 { stack.append((place - 1, false)) }
            for layer in layers where layer == place { stack.append((max(place - 1, 0), true)) }
        }
        let added = stack.indices.filter { stack[$0].isCopy || folder.addedLayers.contains(stack[$0].layer) }
        let origins = tensors(of: folder, stack)
        var json = folder.json
        json["num_hidden_layers"] = .integer(stack.count)
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        let weights = Set(folder.weightFiles.map { $0.split(separator: "/").last.map(String.init) ?? "" })
        try NewFolder.write(output, isForced: isForced) { target in
            for name in names where name != LlamaFolder.configName && !weights.contains(name) {
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder), !isFolder.boolValue else { continue }
                try DurableFile.write(Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"), options: .mappedIfSafe), to: "\(target)/\(name)")
            }
            try DurableFile.write(Data(json.indentedJSON.utf8), to: "\(target)/\(LlamaFolder.configName)")
            let header = try origins.map { origin in
                let entry = try folder.tensors.entry(origin.source)
                return (name: origin.name, type: entry.type, shape: entry.shape)
            }
            let bytes = try origins.map { origin in try origin.isZero ? nil : folder.tensors.bytes(origin.source) }
            let metadata = ["format": "pt", "added_layers": Value.list(added.map { .integer($0) }).canonicalJSON]
            try DurableFile.write(to: "\(target)/model.safetensors") { file throws(StoreError) in
                try file.append(Safetensors.header(header, metadata: metadata))
                for (tensor, bytes) in zip(header, bytes) {
                    if let bytes {
                        try file.append(bytes)
                        continue
                    }
                    var left = tensor.shape.reduce(tensor.type.byteCount, *)
                    while left > 0 {
                        let piece = min(left, 1 << 22)
                        try file.append(Data(count: piece))
                        left -= piece
                    }
                }
            }
        }
        return (stack.indices.filter { stack[$0].isCopy }, CheckpointExport.files(in: output))
    }

    /// In the order of their names.
    private static func tensors(of folder: LlamaFolder, _ stack: [(layer: Int, isCopy: Bool)]) -> [Origin] {
        var inner: [Int: [String]] = [:]
        var origins: [Origin] = []
        for name in folder.tensors.entries.keys.sorted() {
            let parts = name.split(separator: ".", maxSplits: 3)
            if parts.count == 4, name.hasPrefix("model.layers."), let layer = Int(parts[2]) {
                inner[layer, default: []].append(String(parts[3]))
            } else {
                origins.append(Origin(name: name, source: name, isZero: false))
            }
        }
        for (place, (layer, isCopy)) in stack.enumerated() {
            for rest in inner[layer] ?? [] {
                let isZero = isCopy && (rest == "self_attn.o_proj.weight" || rest == "mlp.down_proj.weight")
                origins.append(Origin(name: "model.layers.\(place).\(rest)", source: "model.layers.\(layer).\(rest)", isZero: isZero))
            }
        }
        return origins.sorted { $0.name < $1.name }
    }
}
