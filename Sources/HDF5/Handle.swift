import CHDF5
import Synchronization

/// An open object of libhdf5, closed when the last reference goes.
final class Handle: Sendable {
    /// The object as error messages name it: `'/summary' of 'sweep.h5'`.
    let place: String
    /// The file's path and the object's path inside it.
    let filePath: String
    let objectPath: String
    private let id: hid_t
    /// Kept so that a file outlives what was opened in it.
    private let parent: Handle?
    private let isOpen = Atomic(true)

    /// Takes over an identifier.
    init(_ id: hid_t, file: String, object: String, parent: Handle?) {
        self.id = id
        self.parent = parent
        filePath = file
        objectPath = object
        place = parent == nil ? "'\(file)'" : "'\(object)' of '\(file)'"
    }

    deinit { if isOpen.load(ordering: .relaxed) { Library.release(id) } }

    /// Runs a C call on the object. `task` follows the word "cannot"; the place is added to it.
    @discardableResult
    func call<R: SignedInteger & Sendable>(_ task: @autoclosure () -> String, _ body: (hid_t) -> R) throws(HDF5Error) -> R {
        // Without this the last reference may go before the call has ended.
        defer { withExtendedLifetime(self) {} }
        return try Library.call("\(task()) \(place)") { body(id) }
    }

    /// The identifier for the time of `body`, for a C call that takes two objects.
    func withID<R>(_ body: (hid_t) throws(HDF5Error) -> R) throws(HDF5Error) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(id)
    }

    /// Opens something inside this object.
    func child(_ name: String, _ task: @autoclosure () -> String, _ open: (hid_t) -> hid_t) throws(HDF5Error) -> Handle {
        let id = try call(task(), open)
        let path = objectPath == "/" ? "/\(name)" : "\(objectPath)/\(name)"
        return Handle(id, file: filePath, object: path, parent: self)
    }

    /// Writes everything to disk and closes a file, with everything that is still open in it.
    func closeFile() throws(HDF5Error) {
        guard isOpen.exchange(false, ordering: .relaxed) else { return }
        var failure: HDF5Error?
        do { try call("write") { H5Fflush($0, H5F_SCOPE_GLOBAL) } } catch { failure = error }
        do { try call("close") { H5Fclose($0) } } catch { failure = failure ?? error }
        if let failure { throw failure }
    }
}
