import Foundation
import Settings

/// Who works on the stages of a results folder at a moment, as far as its locks tell.
struct StageHolders {
    private let store: StageStore
    private let locked: Set<String>
    /// A run has the whole folder: whatever was begun in it is going on.
    private let isFolderHeld: Bool

    /// - Parameter isOurs: the lock of the folder is that of this process.
    init(in store: StageStore, isOurs: Bool = false) {
        self.store = store
        locked = StageSurvey.names(in: store.results + "/locks")
        isFolderHeld = !isOurs && StageHolders.isHeld(store.results + "/.lock")
    }

    /// In words; nil when nobody does.
    subscript(key: String) -> String? {
        if isFolderHeld { return "another strata run" }
        guard locked.contains(key), let data = FileManager.default.contents(atPath: "\(store.results)/locks/\(key)") else { return nil }
        let holder = data.firstIndex(of: UInt8(ascii: "{")).flatMap { try? Value(json: data[$0...]) }
        let (host, process) = (holder?["host"]?.asString ?? "an unknown host", holder?["process"]?.asInteger ?? 0)
        if host == ProcessInfo.processInfo.hostName, kill(pid_t(truncatingIfNeeded: process), 0) != 0, errno == ESRCH { return nil }
        return "process \(process) on \(host)"
    }

    private static func isHeld(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
}
