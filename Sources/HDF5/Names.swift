/// Rules for the names of objects and attributes.
enum Names {
    /// - Throws: `HDF5Error` for a name that libhdf5 would cut short or read as a path.
    static func check(_ name: String, isLink: Bool, of handle: Handle) throws(HDF5Error) {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw HDF5Error("\(handle.place): found the name \(name.debugDescription), expected at least one character and no zeros")
        }
        guard !isLink || (!name.contains("/") && name != ".") else {
            throw HDF5Error("\(handle.place): found the name '\(name)', expected one without '/'; rename it")
        }
    }

    /// `'a', 'b'`, or `none`.
    static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", ")
    }
}
