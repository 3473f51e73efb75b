import CHDF5
import Glibc

/// An HDF5 file that is open for reading. It stays open while the file or anything opened in it is held.
public final class File: Sendable {
    public let path: String
    /// The outermost group.
    public let root: Group
    /// Whether the file has the checksum that `create` wrote, which was right then.
    public let isSealed: Bool

    /// Opens a file for reading.
    /// - Throws: `HDF5Error` when there is none, or it is not HDF5, or it is cut short, or changed since
    ///   `create` wrote it.
    public init(_ path: String) throws(HDF5Error) {
        self.path = path
        isSealed = try Seal.check(path)
        let access = try File.access(path)
        defer { Library.release(access) }
        let id = try Library.call("open '\(path)'") { H5Fopen(path, chdf5_read_only(), access) }
        root = try File.root(of: Handle(id, file: path, object: "", parent: nil))
    }

    /// Whether a file begins as an HDF5 file does.
    /// - Throws: `HDF5Error` when the file cannot be read.
    public static func isHDF5(_ path: String) throws(HDF5Error) -> Bool {
        try Library.call("read '\(path)'") { H5Fis_hdf5(path) } > 0
    }

    /// Writes a file whole: beside its place, to disk, and then into its place with one rename.
    ///
    /// A reader of `path` sees the old file or the new one, never part of one. What was opened inside `body` is closed
    /// when it returns. When anything fails, the part that was written is removed and an older file stays as it was.
    /// - `body`: fills the root group.
    /// - Throws: `HDF5Error`, or what `body` throws.
    public static func create<R>(at path: String, _ body: (Group) throws -> R) throws -> R {
        let partial = path + "." + String(UInt64.random(in: 0 ... .max), radix: 16) + ".partial"
        do {
            let handle = try create(partial)
            let result = try body(try root(of: handle))
            try handle.closeFile()
            try Seal.append(to: partial)
            try synchronize(partial)
            guard rename(partial, path) == 0 else { throw HDF5Error.ofSystem("rename '\(partial)' to '\(path)'") }
            // The rename itself lasts only when the folder is on disk too.
            try synchronize(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".")
            return result
        } catch {
            unlink(partial)
            throw error
        }
    }

    /// A new file whose close also closes what is still open in it, and whose root keeps the order of its members.
    private static func create(_ path: String) throws(HDF5Error) -> Handle {
        let creation = try Library.call("describe '\(path)'") { H5Pcreate(chdf5_file_create_class()) }
        defer { Library.release(creation) }
        try Library.call("describe '\(path)'") { H5Pset_link_creation_order(creation, chdf5_creation_order()) }
        let access = try access(path)
        defer { Library.release(access) }
        try Library.call("describe '\(path)'") { H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) }
        let id = try Library.call("make '\(path)'") { H5Fcreate(path, chdf5_create_new(), creation, access) }
        return Handle(id, file: path, object: "", parent: nil)
    }

    /// How files are opened: without locks. A file is in its place only when it is whole, and is never changed there; a lock would
    /// fail on file systems that have none, and while a process that was started meanwhile still holds the writer's descriptor.
    private static func access(_ path: String) throws(HDF5Error) -> hid_t {
        let access = try Library.call("describe '\(path)'") { H5Pcreate(chdf5_file_access_class()) }
        do { try Library.call("describe '\(path)'") { chdf5_set_no_locking(access) } } catch {
            Library.release(access)
            throw error
        }
        return access
    }

    private static func root(of file: Handle) throws(HDF5Error) -> Group {
        let id = try file.call("open") { H5Gopen2($0, "/", chdf5_default()) }
        return Group(handle: Handle(id, file: file.filePath, object: "/", parent: file))
    }

    /// Makes sure that a file or a folder is on disk.
    private static func synchronize(_ path: String) throws(HDF5Error) {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw HDF5Error.ofSystem("open '\(path)'") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw HDF5Error.ofSystem("write '\(path)' to disk") }
    }
}
