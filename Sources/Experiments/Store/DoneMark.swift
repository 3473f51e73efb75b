import Foundation
import Settings

/// The file `done` of a finished stage: the SHA-256 of each of its files, how long it took, and a checksum of all that.
struct DoneMark: Sendable, Hashable {
    var files: [String: String]
    var seconds: Double
    var threads: Int

    /// Files that a stage may have. Every stage has the first two.
    static let fileNames = ["recipe.json", "journal", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "carried.safetensors"]

    struct Damage: Error, CustomStringConvertible { var description: String }

    init(files: [String: String], seconds: Double, threads: Int) { (self.files, self.seconds, self.threads) = (files, seconds, threads) }

    /// Throws what is wrong with it. One of an earlier version has no checksum, and is held against its files all the same.
    init(_ data: Data) throws(Damage) {
        guard let json = try? Value(json: data), var rest = json.asObject else { throw Damage(description: "is not JSON") }
        if let checksum = rest.removeValue(forKey: "checksum") {
            let found = Journal.checksum(Array(Value.object(rest).canonicalJSON.utf8))
            guard checksum == .string(found) else { throw Damage(description: "does not have the checksum that it was written with") }
        }
        // With one key altered it would look like one of an earlier version.
        guard Set(rest.keys).isSubset(of: ["files", "seconds", "threads"]) else { throw Damage(description: "has keys that it was not written with") }
        guard let files = rest["files"]?.asObject, let seconds = rest["seconds"]?.asDouble else { throw Damage(description: "has no hashes of the stage's files") }
        self.files = files.compactMapValues(\.asString)
        self.seconds = seconds
        threads = rest["threads"]?.asInteger ?? 1
        guard self.files["recipe.json"] != nil, self.files["journal"] != nil else { throw Damage(description: "has no hashes of the stage's files") }
    }

    var encoded: Data {
        var json: Value = ["files": .object(files.mapValues { .string($0) }), "seconds": .number(seconds), "threads": .integer(threads)]
        json["checksum"] = .string(Journal.checksum(Array(json.canonicalJSON.utf8)))
        return Data(json.canonicalJSON.utf8)
    }
}
