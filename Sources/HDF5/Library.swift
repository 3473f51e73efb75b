import CHDF5
import Synchronization

/// The only way into libhdf5: one lock for all calls, because the library is not built for threads, and one place where a
/// failure in C becomes a Swift error.
enum Library {
    private static let lock = Mutex(())

    /// Runs C calls under the lock.
    ///
    /// `body` must call nothing but C: a handle that is closed inside it would wait for the lock that it holds.
    /// - Parameter task: what is being tried, as it follows the word "cannot".
    /// - Throws: `HDF5Error` with the whole error stack when the result is negative.
    @discardableResult
    static func call<R: SignedInteger & Sendable>(_ task: @autoclosure () -> String, _ body: () -> R) throws(HDF5Error) -> R {
        let (result, stack) = lock.withLock { _ in
            chdf5_silence()
            let result = body()
            return (result, result < 0 ? errorStack() : [])
        }
        guard result >= 0 else { throw HDF5Error("cannot \(task())", stack: stack) }
        return result
    }

    /// Gives an identifier back. There is nobody to tell when that fails: what was written is flushed before.
    static func release(_ id: hid_t) {
        lock.withLock { _ in
            chdf5_silence()
            _ = H5Idec_ref(id)
        }
    }

    private static func errorStack() -> [HDF5Error.Frame] {
        var frames: [HDF5Error.Frame] = []
        withUnsafeMutablePointer(to: &frames) { frames in
            chdf5_walk_errors({ context, function, file, line, major, minor, detail in
                // Some details hold a date with the line end of `ctime`.
                func text(_ pointer: UnsafePointer<CChar>?) -> String {
                    pointer.map { String(cString: $0).split(whereSeparator: \.isNewline).joined(separator: " ") } ?? ""
                }
                context?.assumingMemoryBound(to: [HDF5Error.Frame].self).pointee.append(
                    HDF5Error.Frame(
                        function: text(function), file: text(file), line: Int(line),
                        major: text(major), minor: text(minor), detail: text(detail)))
            }, frames)
        }
        return frames
    }
}
