import Foundation
import Settings

/// What no experiment at hand needs in a results folder: stages that none of them names, and files that processes left unfinished when they died.
///
/// Only what strata itself made is ever listed: folders with a stage's key for a name. Links are not followed, and what is open in
/// another process is left alone.
public struct UnusedStages: Sendable {
    public struct Entry: Sendable, Hashable {
        public var path: String
        /// Empty for a file.
        public var key: String
        public var bytes: Int
        /// What its recipe says: `task`, `evaluation` ...; or `unfinished file`.
        public var kind: String
        /// Why it is left alone, if it is.
        public var obstacle: String?
    }

    public let entries: [Entry]

    public var removable: [Entry] { entries.filter { $0.obstacle == nil } }
    public var bytes: Int { removable.reduce(0) { $0 + $1.bytes } }

    /// Unfinished files that are younger than this (seconds) may belong to a process of another machine.
    static let restSeconds = 3600.0

    private let store: StageStore

    /// - `used`: keys of stages to keep.
    /// Throws when the folder of stages is a link: what it leads to is not in the results folder.
    public init(_ store: StageStore, used: Set<String>, now: Date = Date()) throws(StoreError) {
        self.store = store
        let folder = store.results + "/stages"
        var entries: [Entry] = []
        if let status = FileStatus(folder), !status.isFolder {
            throw StoreError(folder, "is \(status.isLink ? "a link, which clean does not follow; remove the stages where it leads to" : "no folder")", errorNumber: nil)
        }
        let holders = StageHolders(in: store)
        for key in StageSurvey.names(in: folder).sorted() where UnusedStages.isKey(key) {
            let path = folder + "/" + key
            guard let status = FileStatus(path), status.isFolder else { continue }
            if used.contains(key) {
                guard holders[key] == nil else { continue }
                entries += UnusedStages.unfinished(in: path, now)
            } else {
                entries.append(
                    Entry(path: path, key: key, bytes: UnusedStages.size(path), kind: UnusedStages.kind(path), obstacle: holders[key].map { "held by \($0)" }))
            }
        }
        self.entries = entries + UnusedStages.unfinished(in: store.results, now) + UnusedStages.unfinished(in: store.results + "/locks", now)
    }

    /// Removes what is removable, each stage under its lock, and returns what could not be, with the reason.
    public func remove(_ report: (Entry) -> Void = { _ in }) -> [(entry: Entry, reason: String)] {
        var failures: [(Entry, String)] = []
        for entry in removable {
            do {
                try entry.key.isEmpty ? UnusedStages.unlinkFile(entry.path) : removeStage(entry)
                report(entry)
            } catch { failures.append((entry, error.problem)) }
        }
        return failures
    }

    private func removeStage(_ entry: Entry) throws(StoreError) {
        switch try store.lock(entry.key, LockWatch()) {
        case .held(let holder): throw StoreError(entry.path, "held by \(holder)", errorNumber: nil)
        case .taken(let lock):
            defer { lock.release() }
            try UnusedStages.removeFolder(entry.path)
        }
    }

    private static func isKey(_ name: String) -> Bool {
        name.utf8.count == 64 && name.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    private static func kind(_ folder: String) -> String {
        let recipe = FileManager.default.contents(atPath: folder + "/recipe.json").flatMap { try? Value(json: $0) }
        return recipe?["stage"]?.asString ?? "unknown"
    }

    /// `NAME.partial-PROCESS`, `NAME.NUMBER.partial` of results files and `KEY.TOKEN` of locks that nobody has written to for an hour; not those of a process that is
    /// still there.
    private static func unfinished(in folder: String, _ now: Date) -> [Entry] {
        StageSurvey.names(in: folder).sorted().compactMap { name in
            guard isUnfinished(name), let status = FileStatus(folder + "/" + name), status.isFile,
                now.timeIntervalSince1970 - status.changed > restSeconds
            else { return nil }
            return Entry(path: folder + "/" + name, key: "", bytes: status.bytes, kind: "unfinished file")
        }
    }

    private static func isUnfinished(_ name: String) -> Bool {
        if let mark = name.range(of: ".partial-", options: .backwards), let process = pid_t(name[mark.upperBound...]), process > 0 {
            return kill(process, 0) != 0 && errno == ESRCH
        }
        let words = name.split(separator: ".")
        if words.count == 2, isKey(String(words[0])), UInt64(words[1], radix: 36) != nil { return true }
        return words.count > 3 && words.last == "partial" && words[words.count - 3] == "h5" && UInt64(words[words.count - 2], radix: 16) != nil
    }

    /// Bytes of a folder's files, those in folders inside it too.
    private static func size(_ folder: String) -> Int {
        StageSurvey.names(in: folder).reduce(0) { sum, name in
            guard let status = FileStatus(folder + "/" + name) else { return sum }
            return sum + (status.isFolder ? size(folder + "/" + name) : status.bytes)
        }
    }

    /// `done` first: never a stage that is done with a part of its files. A link is removed, not what it leads to.
    private static func removeFolder(_ folder: String) throws(StoreError) {
        let names = StageSurvey.names(in: folder).sorted { ($0 == "done" ? 0 : 1, $0) < ($1 == "done" ? 0 : 1, $1) }
        for name in names {
            let path = folder + "/" + name
            if FileStatus(path)?.isFolder == true { try removeFolder(path) } else { try unlinkFile(path) }
        }
        guard rmdir(folder) == 0 || errno == ENOENT else { throw StoreError(folder, "cannot be removed") }
    }

    private static func unlinkFile(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw StoreError(path, "cannot be removed") }
    }
}

/// What a name itself is; a link is not followed.
private struct FileStatus {
    private let status: stat

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.status = status
    }

    private var type: mode_t { status.st_mode & S_IFMT }
    var isFolder: Bool { type == S_IFDIR }
    var isLink: Bool { type == S_IFLNK }
    var isFile: Bool { type == S_IFREG }
    var bytes: Int { Int(status.st_size) }
    #if os(Linux)
        var changed: Double { Double(status.st_mtim.tv_sec) }
    #else
        var changed: Double { Double(status.st_mtimespec.tv_sec) }
    #endif
}
