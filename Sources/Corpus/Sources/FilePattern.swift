import Foundation

/// A path with wildcards, as a shell expands them: `*`, `?`, `[a-z]` inside a name, and `**` for any number of folders.
///
/// Names that start with a dot are matched only by a pattern that writes the dot. `**` does not follow links to folders.
struct FilePattern {
    let text: String

    init(_ text: String) { self.text = text }

    /// The matching files in the order of their bytes. A path without wildcards gives itself, whether or not it exists, and so
    /// does one that names an existing file literally. Folders never match a pattern.
    func files() -> [String] {
        let isPattern = text.contains { "*?[".contains($0) }
        guard isPattern, !FileManager.default.fileExists(atPath: text) else { return [text] }
        var components = text.split(separator: "/").map(String.init)
        var folders = [text.hasPrefix("/") ? "/" : ""]
        let last = components.removeLast()
        for component in components {
            if component == "**" {
                folders = folders.flatMap { [$0] + subfolders(of: $0) }
            } else {
                folders = folders.flatMap { folder in matches(component, in: folder).filter { isFolder($0) } }
            }
        }
        // Two ways through `**/**` may lead to one file.
        let files = Set(folders.flatMap { matches(last == "**" ? "*" : last, in: $0) }).filter { !isFolder($0) }
        return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func matches(_ component: String, in folder: String) -> [String] {
        guard component.contains(where: { "*?[".contains($0) }) else {
            let path = folder + component
            guard FileManager.default.fileExists(atPath: path) else { return [] }
            return [isFolder(path) ? path + "/" : path]
        }
        return names(in: folder).filter { fnmatch(component, $0, FNM_PERIOD) == 0 }.map { name in
            isFolder(folder + name) ? folder + name + "/" : folder + name
        }
    }

    private func subfolders(of folder: String) -> [String] {
        names(in: folder).filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
            let path = folder + name
            let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
            return type == .typeDirectory ? [path + "/"] + subfolders(of: path + "/") : []
        }
    }

    private func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
