import CHDF5

/// Shapes of datasets and attributes: lengths of the axes, slowest first; no axes for a single value.
enum Shape {
    /// A data space of a shape, to be released by the caller.
    static func makeSpace(_ shape: [Int]) throws(HDF5Error) -> hid_t {
        let lengths = shape.map { hsize_t($0) }
        return try Library.call("make the shape \(shape)") {
            lengths.isEmpty ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(lengths.count), lengths, nil)
        }
    }

    /// The shape of a data space. One without elements (H5S_NULL) has the shape [0].
    static func of(_ space: hid_t) throws(HDF5Error) -> [Int] {
        let kind = try Library.call("read a shape") { H5Sget_simple_extent_type(space).rawValue }
        guard kind != H5S_NULL.rawValue else { return [0] }
        let count = try Library.call("read a shape") { H5Sget_simple_extent_ndims(space) }
        var lengths = [hsize_t](repeating: 0, count: Int(count))
        try Library.call("read a shape") { H5Sget_simple_extent_dims(space, &lengths, nil) }
        return lengths.map { Int(clamping: $0) }
    }

    /// Lengths of the blocks that are compressed one by one: whole rows, at most about a mebibyte.
    static func chunk(_ shape: [Int], byteCount: Int) -> [Int] {
        var chunk = shape
        var axis = 0
        while axis < chunk.count, chunk.reduce(byteCount, *) > 1 << 20 {
            let rest = chunk[(axis + 1)...].reduce(byteCount, *)
            chunk[axis] = max(1, (1 << 20) / rest)
            axis += 1
        }
        return chunk
    }
}
