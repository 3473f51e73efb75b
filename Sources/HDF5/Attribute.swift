import CHDF5

/// A small value attached to a group or a dataset: a single one or a list.
public struct Attribute: Sendable {
    public let name: String
    public let shape: [Int]
    /// nil for a type that this module does not read.
    public let elementType: ElementType?
    private let handle: Handle

    init(_ handle: Handle, name: String) throws(HDF5Error) {
        self.handle = handle
        self.name = name
        let space = try handle.call("read", H5Aget_space)
        defer { Library.release(space) }
        shape = try Shape.of(space)
        let type = try handle.call("read", H5Aget_type)
        defer { Library.release(type) }
        elementType = try ElementType.of(type)
    }

    /// All values.
    /// - Throws: `HDF5Error` when the attribute holds another type, or cannot be read.
    public func values<T: Element>(as: T.Type = T.self) throws(HDF5Error) -> [T] {
        let space = try handle.call("read", H5Aget_space)
        defer { Library.release(space) }
        let type = try handle.call("read", H5Aget_type)
        defer { Library.release(type) }
        return try Transfer.read(T.self, type: type, space: space, shape: shape, from: handle) { H5Aread($0, $1, $2) }
    }

    /// The value of an attribute that holds one.
    public func value<T: Element>(as: T.Type = T.self) throws(HDF5Error) -> T {
        let values = try values(as: T.self)
        guard values.count == 1 else { throw HDF5Error("\(handle.place) holds \(values.count) values, expected one") }
        return values[0]
    }

    func write<T: Element>(_ values: [T], as type: hid_t) throws(HDF5Error) {
        try Transfer.write(values, as: type, to: handle) { H5Awrite($0, $1, $2) }
    }
}

/// The attributes of a group or a dataset.
public struct Attributes: Sendable {
    let handle: Handle

    /// Names in alphabetical order.
    public func names() throws(HDF5Error) -> [String] {
        var names: [String] = []
        _ = try withUnsafeMutablePointer(to: &names) { (names) throws(HDF5Error) in
            try handle.call("list the attributes of") { id in
                var position: hsize_t = 0
                return H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, &position, { _, name, _, context in
                    if let name { context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name)) }
                    return 0
                }, names)
            }
        }
        return names
    }

    public func contains(_ name: String) throws(HDF5Error) -> Bool {
        try handle.call("look for the attribute '\(name)' in") { H5Aexists($0, name) } > 0
    }

    /// The attribute of a name.
    /// - Throws: `HDF5Error` when there is none.
    public func attribute(_ name: String) throws(HDF5Error) -> Attribute {
        guard try contains(name) else {
            throw HDF5Error("\(handle.place) has no attribute '\(name)'; it has \(Names.list(try names()))")
        }
        let child = try handle.child("@\(name)", "open the attribute '\(name)' of") { H5Aopen($0, name, chdf5_default()) }
        return try Attribute(child, name: name)
    }

    /// The value of an attribute that holds one.
    public func value<T: Element>(_ name: String, as: T.Type = T.self) throws(HDF5Error) -> T {
        try attribute(name).value()
    }

    /// Attaches one value. The name must be new.
    public func set<T: Element>(_ name: String, _ value: T) throws(HDF5Error) { try write(name, [value], shape: []) }

    /// Attaches a list. The name must be new.
    public func set<T: Element>(_ name: String, _ values: [T]) throws(HDF5Error) {
        try write(name, values, shape: [values.count])
    }

    private func write<T: Element>(_ name: String, _ values: [T], shape: [Int]) throws(HDF5Error) {
        try Names.check(name, isLink: false, of: handle)
        let space = try Shape.makeSpace(shape)
        defer { Library.release(space) }
        let type = try T.elementType.makeMemoryType()
        defer { Library.release(type) }
        let child = try handle.child("@\(name)", "make the attribute '\(name)' of") {
            H5Acreate2($0, name, type, space, chdf5_default(), chdf5_default())
        }
        try Attribute(child, name: name).write(values, as: type)
    }
}
