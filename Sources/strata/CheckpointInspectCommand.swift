import ArgumentParser
import Experiments
import Llama
import Settings

struct CheckpointInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "inspect", abstract: "Show what stands in a checkpoint: shape, tensors, types, adapters, tokenizer.")

    @Argument(help: ArgumentHelp("A folder, a safetensors file, or the key of a stage or its beginning.", valueName: "model"), completion: .file())
    var model: String

    @Option(help: ArgumentHelp("The folder of the stages.", valueName: "dir"))
    var results = "results"

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let found = try CheckpointInspection(model, store: StageStore(results: results))
        if json {
            print(found.json.canonicalJSON)
            return
        }
        for line in found.lines { print(line) }
        print()
        print(TextTable(
            header: ["tensor", "type", "shape", "bytes"],
            rows: found.tensors.map { [$0.name, $0.type, $0.shape.map(String.init).joined(separator: " x "), grouped($0.byteCount)] }).text)
    }
}

extension CheckpointInspection {
    /// The facts above the tensors.
    var lines: [String] {
        var rows: [(String, String)] = [("kind", kind)]
        if let c = configuration {
            rows.append(("shape", "\(c.layerCount) layers of width \(c.hiddenSize), feed-forward \(c.intermediateSize), \(c.headCount) heads, \(c.keyValueHeadCount) for keys and values"))
            rows.append(("vocabulary", "\(grouped(c.vocabularySize)) tokens, \(c.tiesEmbeddings ? "one matrix for embedding and output" : "output matrix of its own")"))
            let scaling = c.ropeScaling.map { ", rope_scaling \($0.value.canonicalJSON)" } ?? ""
            rows.append(("positions", "\(grouped(c.maxPositions)), rope_theta \(c.ropeTheta)\(scaling)"))
        }
        rows.append(("weights", "\(grouped(parameterCount)) in \(grouped(byteCount)) bytes: \(types.map { "\(grouped($0.count)) \($0.name)" }.joined(separator: ", "))"))
        if !addedLayers.isEmpty { rows.append(("added", "layers \(addedLayers.map(String.init).joined(separator: ", ")) (counted from 0)")) }
        if let lora {
            rows.append(("adapters", "r \(lora.rank), lora_alpha \(lora.alpha), on \(lora.targetModules.joined(separator: ", "))"))
            if let base { rows.append(("base", base)) }
        }
        switch tokenizer {
        case .usable(let count, let end, let beginning):
            rows.append(("tokenizer", "\(grouped(count)) ids, end of text \(end), text begins with \(beginning.map(String.init).joined(separator: " "))"))
        case .refused(let why): rows.append(("tokenizer", "cannot be used: \(why)"))
        case nil: if kind != "safetensors" { rows.append(("tokenizer", "none beside it")) }
        }
        return rows.map { name, text in name + String(repeating: " ", count: 12 - name.count) + text }
    }
}
