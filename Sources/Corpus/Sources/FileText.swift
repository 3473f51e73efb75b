import Foundation

/// Whole files, in and out, with errors that name them.
enum FileText {
    static func bytes(of file: String) throws(CorpusError) -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        } catch {
            var isFolder: ObjCBool = false
            let found =
                if !FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) { "no such file" }
                else if isFolder.boolValue { "a folder" }
                else { "a file that cannot be read" }
            throw CorpusError(place: file, found: found, expected: "a readable file", advice: "check the path and the permissions")
        }
    }

    /// Writes beside and renames: a reader sees the old file or the new one.
    static func write(_ text: String, to file: String) throws(CorpusError) {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw CorpusError(place: file, found: "a place that cannot be written", expected: "a writable folder", advice: "check that the folder exists")
        }
    }
}
