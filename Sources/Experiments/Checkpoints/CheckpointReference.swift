import Corpus
import Crypto
import Foundation
import Llama
import Settings

/// A checkpoint that a base comes from, and the hash of its weights. Its configuration stands in recipes as it is, its tokenizer is a stage; where the
/// folder is and what its files are called reaches no key.
public struct CheckpointReference: Sendable, Hashable {
    public var folder: String
    /// Of every byte of the files with weights.
    public var weights: String

    /// Reads all files of the folder and holds them against each other.
    init(hashing folder: String) throws {
        let files = try LlamaFolder(folder)
        let tokenizer = try TokenizerFile.read(path: folder)
        guard tokenizer.vocabularySize <= files.configuration.vocabularySize else {
            throw CheckpointError(
                folder, "has a tokenizer of \(tokenizer.vocabularySize) ids and a model of \(files.configuration.vocabularySize)",
                "use the tokenizer that the model was trained with")
        }
        self.folder = folder
        weights = try Self.hash(files.weightFiles)
    }

    /// Reads everything that a base would need. Returns what is wrong with the weights' values, of which an experiment would fail at its first step; throws where they cannot be read.
    public static func check(_ folder: String) throws -> String? {
        _ = try CheckpointReference(hashing: folder)
        for parameter in try LlamaFolder(folder).model().parameters {
            let values = UnsafeBufferPointer(start: parameter.values.base, count: parameter.count)
            if let place = values.firstIndex(where: { !$0.isFinite }) {
                return "\(folder): tensor '\(parameter.name)' has \(values[place]) at \(place); expected finite weights"
            }
        }
        return nil
    }

    private static func hash(_ files: [String]) throws(CheckpointError) -> String {
        var hasher = SHA256()
        for file in files {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: file), options: .alwaysMapped) else {
                throw CheckpointError(file, "cannot be read", "check that the file exists and may be read")
            }
            hasher.update(data: Data(SHA256.hash(data: data)))
        }
        return hexadecimal(hasher.finalize())
    }

    /// The model of the checkpoint. All its layers are the base's, also those that an earlier expansion added.
    func model() throws(CheckpointError) -> LlamaModel { try LlamaFolder(folder).model(remembersAdded: false) }
}
