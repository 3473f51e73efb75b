import Corpus
import Crypto
import Foundation
import Settings

/// The tokenizer of a base: how it is made, or what was read, and all that determines it besides the text that it learns from.
public struct TokenizerReference: Sendable {
    let settings: TokenizerSettings
    /// Version of how learned tokenizers split text into words: part of the recipe.
    private static let splittingVersion = 2
    /// What a file held when the experiment was read: a stage makes that, whatever the file holds by then.
    private let read: (any Tokenizer)?
    let recipe: Value
    let vocabularySize: Int

    /// Whether it learns from the base's text.
    var learns: Bool { read == nil }

    /// - Parameter settings: `base.tokenizer`. Paths of errors start there.
    init(_ settings: Settings) throws(SettingsError) {
        self.settings = TokenizerSettings(settings)
        switch self.settings {
        case .byte: (read, recipe, vocabularySize) = (nil, ["kind": "byte"], 257)
        case .bytePair(let size): (read, recipe, vocabularySize) = (nil, ["kind": "bpe", "vocab_size": .integer(size), "version": .integer(Self.splittingVersion)], size)
        case .file(let path):
            do throws(CorpusError) {
                let tokenizer = try TokenizerFile.read(path: path)
                var hasher = SHA256()
                for file in tokenizer.files() { hasher.update(data: Data(SHA256.hash(data: Data(file.text.utf8)))) }
                (read, recipe, vocabularySize) = (tokenizer, ["kind": "file", "hash": .string(hexadecimal(hasher.finalize()))], tokenizer.vocabularySize)
            } catch {
                throw SettingsError(path: Path(dotted: "path"), found: "\(error.found) in \(error.place)", expected: error.expected, advice: error.advice)
            }
        }
    }

    func tokenizer(on documents: [[UInt8]]) throws(CorpusError) -> any Tokenizer {
        if let read { return read }
        return try settings.tokenizer(on: documents)
    }
}
