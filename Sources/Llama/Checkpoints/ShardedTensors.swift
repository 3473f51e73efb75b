import Foundation
import Settings

/// The weights of a folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
public struct ShardedTensors: TensorSource, Sendable {
    public let path: String
    public let entries: [String: Safetensors.Entry]
    /// In the order of their names.
    public let files: [Safetensors]
    /// Which of the files has a tensor.
    private let places: [String: Int]

    static let fileName = "model.safetensors"
    static let indexName = "model.safetensors.index.json"

    /// Maps the files and checks their headers; no tensor is read.
    public init(folder path: String) throws(CheckpointError) {
        let (single, index) = ("\(path)/\(Self.fileName)", "\(path)/\(Self.indexName)")
        let (hasSingle, hasIndex) = (FileManager.default.fileExists(atPath: single), FileManager.default.fileExists(atPath: index))
        guard !(hasSingle && hasIndex) else {
            throw CheckpointError(path, "holds both \(Self.fileName) and \(Self.indexName)", "remove the one that is not meant")
        }
        if hasIndex {
            self = try ShardedTensors(index: readBytes(index), file: index, folder: path) { name throws(CheckpointError) in try Safetensors(path: "\(path)/\(name)") }
            return
        }
        guard hasSingle else {
            let others = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasSuffix(".bin") || $0.hasSuffix(".safetensors") || $0.hasSuffix(".pth") }.sorted()
            throw CheckpointError(
                path, "holds neither \(Self.fileName) nor \(Self.indexName)" + (others.isEmpty ? "" : ", but \(others.joined(separator: ", "))"),
                "save the model with transformers' save_pretrained, which writes safetensors")
        }
        let file = try Safetensors(path: single)
        (self.path, entries, files, places) = (path, file.entries, [file], file.entries.mapValues { _ in 0 })
    }

    /// - `bytes`: the index.
    /// - `index`: its file, for errors.
    /// - `shard`: opens a file beside it.
    public init(
        index bytes: [UInt8], file index: String, folder path: String, shard: (String) throws(CheckpointError) -> Safetensors
    ) throws(CheckpointError) {
        let map = try Self.weightMap(bytes, file: index)
        var entries: [String: Safetensors.Entry] = [:]
        var places: [String: Int] = [:]
        let names = Set(map.values).sorted()
        var files: [Safetensors] = []
        for name in names { files.append(try shard(name)) }
        for (place, name) in names.enumerated() {
            for (tensor, entry) in files[place].entries.sorted(by: { $0.key < $1.key }) {
                guard map[tensor] == name else {
                    throw CheckpointError(
                        index, "names \(map[tensor].map { "\($0) for tensor '\(tensor)'" } ?? "no file for tensor '\(tensor)'"), which stands in \(name)",
                        "copy or make the checkpoint again")
                }
                (entries[tensor], places[tensor]) = (entry, place)
            }
        }
        for tensor in map.keys.sorted() where entries[tensor] == nil {
            throw CheckpointError(index, "names \(map[tensor] ?? "") for tensor '\(tensor)', which is not in it", "copy or make the checkpoint again")
        }
        (self.path, self.entries, self.files, self.places) = (path, entries, files, places)
    }

    public func bytes(_ name: String) throws(CheckpointError) -> Data {
        guard let place = places[name] else { throw CheckpointError(path, "has no tensor '\(name)'", nearestAdvice(to: name, among: Array(entries.keys))) }
        return try files[place].bytes(name)
    }

    /// The shard of each tensor by the bytes of an index. Shards are files beside it: no path leads out of the folder.
    static func weightMap(_ bytes: [UInt8], file: String) throws(CheckpointError) -> [String: String] {
        func broken(_ problem: String) -> CheckpointError { CheckpointError(file, "is not an index of safetensors: \(problem)", "copy or make it again") }
        let json = try checkpointJSON(bytes, file: file)
        guard let entries = json["weight_map"]?.asObject else { throw broken("it has no mapping 'weight_map'") }
        guard !entries.isEmpty else { throw broken("its 'weight_map' is empty") }
        var map: [String: String] = [:]
        for tensor in entries.keys.sorted() {
            let name = entries[tensor]?.asString ?? ""
            guard name.hasSuffix(".safetensors"), !name.contains("/"), !name.hasPrefix("."), !name.unicodeScalars.contains("\0") else {
                throw broken("tensor '\(tensor)' is in \(entries[tensor]?.summary ?? "nothing"), which is no name of a safetensors file")
            }
            map[tensor] = name
        }
        return map
    }
}

/// The bytes of a small file of a checkpoint.
func readBytes(_ path: String) throws(CheckpointError) -> [UInt8] {
    do { return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
        throw CheckpointError(path, "cannot be read", "check that the file exists and may be read")
    }
}

/// The JSON of a checkpoint's file; what is wrong with it has a line and a column.
public func checkpointJSON(_ bytes: [UInt8], file: String) throws(CheckpointError) -> Value {
    do { return try Value(json: bytes) } catch {
        throw CheckpointError("\(file):\(error.line):\(error.column)", "found \(error.found), expected \(error.expected)", "the file is not valid JSON")
    }
}
