import Foundation

/// Whole files with errors that name them.
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
}
