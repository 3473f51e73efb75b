import Foundation
import Settings

/// A tokenizer on disk: `tokenizer.json`, and `tokenizer_config.json` where one stands beside it.
public enum TokenizerFile {
    /// Reads a tokenizer.
    ///
    /// - Parameter path: a `tokenizer.json`, or the folder that it stands in.
    ///
    /// Throws when there is none, when it asks for anything that would not be done here (with the key, its value and what is done), and
    /// when nothing says which token ends a text: neither an `eos_token` in `tokenizer_config.json` nor a token `<|endoftext|>`.
    public static func read(path: String) throws(CorpusError) -> any Tokenizer {
        let found = try files(path: path)
        let configuration: TokenizerConfiguration?
        if let file = found.configuration {
            configuration = try TokenizerConfiguration(json: try FileText.bytes(of: file), file: file, template: found.template)
        } else {
            configuration = nil
        }
        return try tokenizer(json: try FileText.bytes(of: found.tokenizer), file: found.tokenizer, configuration)
    }

    /// The files that `read` reads, each if it is there: what a tokenizer's content depends on.
    public static func files(path: String) throws(CorpusError) -> (tokenizer: String, configuration: String?, template: String?) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw CorpusError(place: path, found: "no such file", expected: "a tokenizer.json or the folder that it stands in", advice: "check the path")
        }
        let folder = isFolder.boolValue ? path : URL(fileURLWithPath: path).deletingLastPathComponent().path
        let file = isFolder.boolValue ? path + "/tokenizer.json" : path
        guard FileManager.default.fileExists(atPath: file) else {
            throw CorpusError(
                place: path, found: "no tokenizer.json in the folder", expected: "a tokenizer.json",
                advice: "one of other files (tokenizer.model, vocab.json) is made with transformers: AutoTokenizer.from_pretrained(...).save_pretrained(...)")
        }
        func beside(_ name: String) -> String? { FileManager.default.fileExists(atPath: "\(folder)/\(name)") ? "\(folder)/\(name)" : nil }
        return (file, beside("tokenizer_config.json"), beside("chat_template.jinja"))
    }

    /// The tokenizer in the bytes of a `tokenizer.json`; `file` is for errors.
    static func tokenizer(json bytes: [UInt8], file: String, _ configuration: TokenizerConfiguration? = nil) throws(CorpusError) -> any Tokenizer {
        let read = try TokenizerReader(json: bytes, file: file).tokenizer(configuration)
        try configuration?.check(read, file: file)
        let isBytes = read.vocabularySize == 257 && read.json == ByteTokenizer().json && configuration ?? TokenizerConfiguration() == TokenizerConfiguration()
        return isBytes ? ByteTokenizer() : read
    }
}
