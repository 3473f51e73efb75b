import Corpus
import Crypto
import Foundation
import Settings

/// A domain of the experiment and the hash of all that determines its content: the recipe and every byte of its files. Names
/// and paths are no part of it, so that data can be moved and renamed.
public struct DataReference: Sendable, Hashable {
    public var name: String
    public var source: DataSource
    public var hash: String

    init(name: String, source: DataSource, hash: String) { (self.name, self.source, self.hash) = (name, source, hash) }

    /// Reads all files of the source.
    init(hashing source: DataSource, name: String) throws(CorpusError) {
        self.name = name
        self.source = source
        var hasher = SHA256()
        hasher.update(data: Data(source.recipe.canonicalJSON.utf8))
        for file in try source.files() {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe) else {
                throw CorpusError(place: file, found: "a file that cannot be read", expected: "a readable file", advice: "check its permissions")
            }
            hasher.update(data: Data(SHA256.hash(data: data)))
        }
        hash = hexadecimal(hasher.finalize())
    }
}
