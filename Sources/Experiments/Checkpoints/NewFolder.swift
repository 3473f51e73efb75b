import Foundation
import Llama

/// A folder that appears whole: written beside and renamed.
enum NewFolder {
    /// - Parameters:
    ///   - isForced: a checkpoint that stands there is replaced. Anything else that stands there is an error all the same.
    ///   - body: fills the folder whose path it gets.
    static func write(_ path: String, isForced: Bool, _ body: (String) throws -> Void) throws {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let files = FileManager.default
        let exists = files.fileExists(atPath: path)
        if exists {
            guard isForced else { throw CheckpointError(path, "exists already", "name another folder, or add --force to replace it") }
            try checkReplaceable(path)
        }
        let partial = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        try? files.removeItem(atPath: partial)
        do {
            try DurableFile.makeFolder(partial)
            try body(partial)
            let former = "\(path).former-\(ProcessInfo.processInfo.processIdentifier)"
            if exists { guard rename(path, former) == 0 else { throw StoreError(path, "cannot be moved aside") } }
            guard rename(partial, path) == 0 else {
                let error = StoreError(path, "cannot be put in place")
                if exists { rename(former, path) }
                throw error
            }
            if exists { try files.removeItem(atPath: former) }
        } catch {
            try? files.removeItem(atPath: partial)
            throw error
        }
    }

    /// A folder is replaced only when nothing but checkpoints' files would be lost.
    private static func checkReplaceable(_ path: String) throws(CheckpointError) {
        let advice = "name another folder, or remove it yourself"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { throw CheckpointError(path, "is no folder", advice) }
        for name in names.sorted() {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
            if isFolder.boolValue, name == "base" {
                try checkReplaceable("\(path)/\(name)")
            } else if isFolder.boolValue || !["json", "safetensors", "model", "txt", "jinja", "md"].contains(name.split(separator: ".").last.map(String.init) ?? "") {
                throw CheckpointError(path, "holds '\(name)', which is no part of a checkpoint: it is not replaced", advice)
            }
        }
        let marks = ["config.json", LoRASettings.adapterConfigName]
        guard names.isEmpty || names.contains(where: marks.contains) else { throw CheckpointError(path, "is no folder of a checkpoint: it is not replaced", advice) }
    }
}
