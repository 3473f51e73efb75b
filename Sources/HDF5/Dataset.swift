import CHDF5

/// How a dataset lies in the file.
public enum Storage: Sendable, Hashable {
    /// As it is, in one piece.
    case contiguous
    /// In blocks, bytes shuffled, deflated at a level from 0 to 9. A single value and one without elements lie as they are.
    case compressed(level: Int)
}

/// How text lies in the file.
public enum TextLength: Sendable, Hashable {
    /// Each text with its own length.
    case variable
    /// Each text in the same number of bytes.
    case fixed(byteCount: Int)
}

/// An array of numbers or texts with a shape.
public struct Dataset: Sendable {
    public let name: String
    /// Lengths of the axes, slowest first.
    public let shape: [Int]
    /// nil for a type that this module does not read.
    public let elementType: ElementType?
    let handle: Handle

    public var attributes: Attributes { Attributes(handle: handle) }

    init(_ handle: Handle, name: String) throws(HDF5Error) {
        self.handle = handle
        self.name = name
        let space = try handle.call("read", H5Dget_space)
        defer { Library.release(space) }
        shape = try Shape.of(space)
        let type = try handle.call("read", H5Dget_type)
        defer { Library.release(type) }
        elementType = try ElementType.of(type)
    }

    /// All values, row-major.
    /// - Throws: `HDF5Error` when the dataset holds another type, or cannot be read.
    public func read<T: Element>(as: T.Type = T.self) throws(HDF5Error) -> [T] {
        let space = try handle.call("read", H5Dget_space)
        defer { Library.release(space) }
        let type = try handle.call("read", H5Dget_type)
        defer { Library.release(type) }
        return try Transfer.read(T.self, type: type, space: space, shape: shape, from: handle) {
            H5Dread($0, $1, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), $2)
        }
    }

    /// Replaces all values.
    /// - Parameter values: row-major, as many as the shape has elements.
    public func write<T: Element>(_ values: [T]) throws(HDF5Error) {
        guard elementType == T.elementType else {
            throw HDF5Error("\(handle.place) holds \(elementType?.rawValue ?? "elements of another type"), found \(T.elementType) to write")
        }
        guard values.count == shape.reduce(1, *) else {
            throw HDF5Error("\(handle.place) has the shape \(shape), found \(values.count) values to write, expected \(shape.reduce(1, *))")
        }
        let type = try handle.call("read", H5Dget_type)
        defer { Library.release(type) }
        try Transfer.write(values, as: type, to: handle) {
            H5Dwrite($0, $1, chdf5_whole_space(), chdf5_whole_space(), chdf5_default(), $2)
        }
    }

    /// Makes a dataset without values. What is never written reads as NaN, 0 or empty text.
    static func create(
        _ name: String, in group: Handle, _ element: ElementType, shape: [Int], storage: Storage, text: TextLength
    ) throws(HDF5Error) -> Dataset {
        guard shape.allSatisfy({ $0 >= 0 }) else {
            throw HDF5Error("'\(name)' of \(group.place): found the shape \(shape), expected lengths of 0 or more")
        }
        let space = try Shape.makeSpace(shape)
        defer { Library.release(space) }
        let type =
            if element == .string, case .fixed(let byteCount) = text { try ElementType.makeFixedText(byteCount: byteCount) } else {
                try element.makeMemoryType()
            }
        defer { Library.release(type) }
        let properties = try Library.call("describe the dataset '\(name)'") { H5Pcreate(chdf5_dataset_create_class()) }
        defer { Library.release(properties) }
        // Equal contents give equal bytes: no time of writing.
        try Library.call("describe the dataset '\(name)'") { H5Pset_obj_track_times(properties, false) }
        if case .compressed(let level) = storage, !shape.isEmpty, !shape.contains(0) {
            let chunk = Shape.chunk(shape, byteCount: element.byteCount).map { hsize_t($0) }
            try Library.call("cut the dataset '\(name)' into blocks of \(chunk)") {
                H5Pset_chunk(properties, Int32(chunk.count), chunk)
            }
            try Library.call("shuffle the dataset '\(name)'") { H5Pset_shuffle(properties) }
            try Library.call("compress the dataset '\(name)' at level \(level)") {
                H5Pset_deflate(properties, UInt32(clamping: level))
            }
        }
        if element == .float32 || element == .float64 {
            try Library.call("describe the dataset '\(name)'") {
                withUnsafeBytes(of: Double.nan) { H5Pset_fill_value(properties, chdf5_native_double(), $0.baseAddress) }
            }
        }
        let child = try group.child(name, "make the dataset '\(name)' in") {
            H5Dcreate2($0, name, type, space, chdf5_default(), properties, chdf5_default())
        }
        return try Dataset(child, name: name)
    }
}
