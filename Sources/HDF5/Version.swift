import CHDF5

extension File {
    /// The version of libhdf5 in use, like `1.10.8`; `unknown` when it does not say.
    public static var libraryVersion: String {
        nonisolated(unsafe) var version: (UInt32, UInt32, UInt32) = (0, 0, 0)
        guard (try? Library.call("read the library's version", { H5get_libversion(&version.0, &version.1, &version.2) })) != nil else { return "unknown" }
        return "\(version.0).\(version.1).\(version.2)"
    }
}
