import Foundation

/// A tokenizer on disk: `tokenizer.json`, and `tokenizer_config.json` where one stands beside it.
public enum TokenizerFile {
    /// Reads a tokenizer.
    ///
    /// - Parameter path: a `tokenizer.json`, or the folder that it stands in.
    ///
    /// Throws when there is none, when it asks for anything that would not be done here (with the key, its value and what is done), and when nothing says which token ends a text.
    public static func read(path: String) throws(CorpusError) -> any Tokenizer {
        var isFolder: ObjCBool = false
        let file = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue ? path + "/tokenizer.json" : path
        return try readTokenizer(file: file)
    }
}
