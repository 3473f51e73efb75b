import Foundation
import Kernels
import Llama
import Settings

/// A file of `Tests/Golden`: values that PyTorch computed.
public struct Golden {
    public let file: Safetensors
    public let about: Value

    public init(_ name: String, sourceFile: String = #filePath) throws {
        let tests = URL(fileURLWithPath: sourceFile).deletingLastPathComponent().deletingLastPathComponent()
        file = try Safetensors(path: tests.appendingPathComponent("Golden/\(name).safetensors").path)
        about = try Value(json: file.metadata["about"] ?? "")
    }

    public func floats(_ name: String) throws -> [Float] { try file.floats(name) }

    /// The model of the file, or an empty one of its shape when the weights stand in another file.
    public func model() throws -> LlamaModel {
        guard let config = about["config"] else { throw CheckpointError(file.path, "has no config") }
        return LlamaModel(try LlamaConfiguration(value: config))
    }

    /// Inputs and targets of batch `index`, with the batch's shape.
    public func batch(_ index: Int) throws -> (tokens: [Int32], targets: [Int32], batch: Int, length: Int) {
        let shape = file.entries["tokens"]?.shape ?? []
        let all = try file.integers("tokens")
        let (batch, length) = (shape[1], shape[2] - 1)
        var tokens: [Int32] = [], targets: [Int32] = []
        for sequence in 0..<batch {
            let start = (index * batch + sequence) * (length + 1)
            tokens += all[start..<start + length].map { Int32($0) }
            targets += all[start + 1..<start + length + 1].map { Int32($0) }
        }
        return (tokens, targets, batch, length)
    }
}
