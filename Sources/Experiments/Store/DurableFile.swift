import Foundation

/// Files that are there whole or not at all: written beside, flushed to the disk, renamed into place.
enum DurableFile {
    static func write(_ data: Data, to path: String) throws(StoreError) {
        try write(to: path) { file throws(StoreError) in try file.append(data) }
    }

    /// The same of parts that never stand in memory together.
    static func write(to path: String, _ body: (Appender) throws(StoreError) -> Void) throws(StoreError) {
        let partial = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StoreError(path, "cannot be written") }
        do throws(StoreError) {
            do throws(StoreError) {
                try body(Appender(path: path, descriptor: descriptor))
                guard fsync(descriptor) == 0 else { throw StoreError(path, "cannot be flushed to the disk") }
            } catch {
                close(descriptor)
                throw error
            }
            guard close(descriptor) == 0, rename(partial, path) == 0 else { throw StoreError(path, "cannot be put in place") }
        } catch {
            unlink(partial)
            throw error
        }
        synchronizeFolder(of: path)
    }

    /// A file that is being written.
    struct Appender {
        let path: String
        let descriptor: Int32

        func append(_ data: some ContiguousBytes) throws(StoreError) {
            let failure = data.withUnsafeBytes { bytes -> StoreError? in
                var written = 0
                while written < bytes.count {
                    // No more at once than a system call takes.
                    let count = Foundation.write(descriptor, bytes.baseAddress! + written, min(bytes.count - written, 1 << 30))
                    if count < 0, errno == EINTR { continue }
                    // A call that writes nothing without an error has no room.
                    if count <= 0 { return StoreError(path, "cannot be written", errorNumber: count < 0 ? errno : ENOSPC) }
                    written += count
                }
                return nil
            }
            if let failure { throw failure }
        }
    }

    /// Removes a file so that it stays removed after a power cut. No error when there is none.
    static func remove(_ path: String) throws(StoreError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw StoreError(path, "cannot be removed") }
        synchronizeFolder(of: path)
    }

    /// Makes the new name itself survive a power cut. Some file systems cannot; the data is safe then all the same.
    private static func synchronizeFolder(of path: String) {
        let folder = open(outerFolder(of: path), O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// `a/b` of `a/b/c`, `.` of `a`. (Foundation's deletingLastPathComponent crashes on names of one letter.)
    static func outerFolder(of path: String) -> String {
        var name = path[...]
        while name.count > 1, name.last == "/" { name.removeLast() }
        guard let slash = name.lastIndex(of: "/") else { return "." }
        return slash == name.startIndex ? "/" : String(name[..<slash])
    }

    /// Makes a folder and those above it, where they are missing.
    static func makeFolder(_ path: String) throws(StoreError) {
        if mkdir(path, 0o755) == 0 { return }
        var reason = errno
        let outer = outerFolder(of: path)
        if reason == ENOENT, outer != ".", outer != path {
            try makeFolder(outer)
            if mkdir(path, 0o755) == 0 { return }
            reason = errno
        }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue { return }
        throw StoreError(path, "cannot be made as a folder", errorNumber: reason)
    }
}

/// A results folder or a file in it that cannot be read or written.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public var path: String
    public var problem: String

    /// The reason that the system gave last is added, unless `errorNumber` says there is none.
    init(_ path: String, _ problem: String, errorNumber: Int32? = errno) {
        self.path = path
        self.problem = errorNumber.map { "\(problem): \(String(cString: strerror($0)))" } ?? problem
    }

    public var description: String { "\(path): \(problem)" }
}
