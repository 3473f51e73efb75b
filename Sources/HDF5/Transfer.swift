import CHDF5
import Glibc

/// Moves Swift arrays into and out of datasets and attributes, which differ only in the C function that they call.
enum Transfer {
    /// Largest array that is read: a damaged file may claim any shape.
    static let largestByteCount = 1 << 34

    /// Writes values of a type made by `ElementType`.
    /// - Parameters:
    ///   - type: the element type in the file, which for text is also the one in memory.
    ///   - write: the C call, given the type in memory and the first value.
    static func write<T: Element>(
        _ values: [T], as type: hid_t, to handle: Handle, _ write: (hid_t, hid_t, UnsafeRawPointer?) -> herr_t
    ) throws(HDF5Error) {
        guard !values.isEmpty else { return }
        if T.elementType == .string, let texts = values as? [String] {
            try Transfer.write(texts: texts, as: type, to: handle, write)
        } else {
            let memory = try T.elementType.makeMemoryType()
            defer { Library.release(memory) }
            try handle.call("write") { id in values.withUnsafeBytes { write(id, memory, $0.baseAddress) } }
        }
    }

    private static func write(
        texts: [String], as type: hid_t, to handle: Handle, _ write: (hid_t, hid_t, UnsafeRawPointer?) -> herr_t
    ) throws(HDF5Error) {
        if let text = texts.first(where: { $0.utf8.contains(0) }) {
            throw HDF5Error("cannot write \(handle.place): the text \(text.debugDescription) has a zero character, which ends text in HDF5")
        }
        if try Library.call("read a type", { H5Tis_variable_str(type) }) > 0 {
            let pointers = texts.map { strdup($0) }
            defer { for pointer in pointers { free(pointer) } }
            try handle.call("write") { id in pointers.withUnsafeBytes { write(id, type, $0.baseAddress) } }
        } else {
            let size = try Library.call("read a type") { Int(H5Tget_size(type)) }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(texts.count * size)
            for text in texts {
                guard text.utf8.count <= size else {
                    throw HDF5Error("cannot write \(handle.place): \(text.debugDescription) is \(text.utf8.count) bytes long, room is for \(size)")
                }
                bytes += text.utf8
                bytes += repeatElement(0, count: size - text.utf8.count)
            }
            try handle.call("write") { id in bytes.withUnsafeBytes { write(id, type, $0.baseAddress) } }
        }
    }

    /// Reads everything that a dataset or an attribute holds, row-major.
    /// - Parameters:
    ///   - type, space: element type and shape in the file.
    ///   - read: the C call, given the type in memory and the place for the first value.
    static func read<T: Element>(
        _: T.Type, type: hid_t, space: hid_t, shape: [Int], from handle: Handle,
        _ read: (hid_t, hid_t, UnsafeMutableRawPointer?) -> herr_t
    ) throws(HDF5Error) -> [T] {
        let found = try ElementType.of(type)
        guard found == T.elementType else {
            throw HDF5Error("\(handle.place) holds \(found?.rawValue ?? "elements of another type"), expected \(T.elementType)")
        }
        let count = try elementCount(shape, bytesEach: T.elementType.byteCount, of: handle)
        guard count > 0 else { return [] }
        if T.elementType == .string {
            let texts = try readTexts(count, type: type, space: space, from: handle, read)
            return texts as? [T] ?? []
        }
        let memory = try T.elementType.makeMemoryType()
        defer { Library.release(memory) }
        let buffer = UnsafeMutableBufferPointer<T>.allocate(capacity: count)
        defer { buffer.deallocate() }
        try handle.call("read") { read($0, memory, UnsafeMutableRawPointer(buffer.baseAddress)) }
        return Array(buffer)
    }

    private static func readTexts(
        _ count: Int, type: hid_t, space: hid_t, from handle: Handle, _ read: (hid_t, hid_t, UnsafeMutableRawPointer?) -> herr_t
    ) throws(HDF5Error) -> [String] {
        // The file's own type in memory too: libhdf5 does not convert between its two character sets.
        if try Library.call("read a type", { H5Tis_variable_str(type) }) > 0 {
            var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
            try handle.call("read") { id in pointers.withUnsafeMutableBytes { read(id, type, $0.baseAddress) } }
            let texts = pointers.map { $0.map { String(cString: $0) } ?? "" }
            try handle.call("read") { _ in
                pointers.withUnsafeMutableBytes { H5Dvlen_reclaim(type, space, chdf5_default(), $0.baseAddress) }
            }
            return texts
        }
        let size = try Library.call("read a type") { Int(H5Tget_size(type)) }
        let isPaddedWithSpaces = try Library.call("read a type") { H5Tget_strpad(type) == H5T_STR_SPACEPAD ? 1 : 0 } == 1
        var bytes = [UInt8](repeating: 0, count: try elementCount([count, size], bytesEach: 1, of: handle))
        try handle.call("read") { id in bytes.withUnsafeMutableBytes { read(id, type, $0.baseAddress) } }
        return (0..<count).map { index in
            var text = bytes[index * size..<(index + 1) * size].prefix { $0 != 0 }
            while isPaddedWithSpaces, text.last == UInt8(ascii: " ") { text.removeLast() }
            return String(decoding: text, as: UTF8.self)
        }
    }

    private static func elementCount(_ shape: [Int], bytesEach: Int, of handle: Handle) throws(HDF5Error) -> Int {
        var count = 1
        var isTooLarge = false
        for length in shape where !isTooLarge {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            isTooLarge = overflow || product > largestByteCount / bytesEach
            count = product
        }
        // A zero anywhere means no elements, however large the other lengths are.
        guard !shape.contains(0) else { return 0 }
        guard !isTooLarge else {
            throw HDF5Error("\(handle.place) claims the shape \(shape), more than the \(largestByteCount >> 30) GiB that are read at once; is the file damaged?")
        }
        return count
    }
}
