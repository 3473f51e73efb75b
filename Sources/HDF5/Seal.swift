import Glibc

/// A checksum behind the end of a file: libhdf5 may crash on a damaged file, so damage must be found before it looks.
///
/// HDF5 ignores what stands behind its last byte, and a program that changes the file cuts the seal off. A file without a
/// seal is not checked. Layout: 8 bytes of mark, then, little-endian, the length of the content and its FNV-1a hash.
enum Seal {
    private static let mark: [UInt8] = Array("\u{1A}h5seal\n".utf8)
    private static let byteCount = 24

    /// Seals a file that is whole.
    static func append(to path: String) throws(HDF5Error) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw HDF5Error.ofSystem("open '\(path)'") }
        defer { close(descriptor) }
        let length = Int(lseek(descriptor, 0, SEEK_END))
        guard length >= 0 else { throw HDF5Error.ofSystem("read '\(path)'") }
        let seal = mark + bytes(UInt64(length)) + bytes(try hash(descriptor, length: length, path))
        guard pwrite(descriptor, seal, seal.count, length) == seal.count else { throw HDF5Error.ofSystem("write '\(path)'") }
    }

    /// Whether the file has a seal.
    /// - Throws: `HDF5Error` when it has one that its content does not match. A file that cannot be read passes:
    ///   libhdf5 says why it cannot.
    static func check(_ path: String) throws(HDF5Error) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let length = Int(lseek(descriptor, 0, SEEK_END)) - byteCount
        guard length >= 0 else { return false }
        var seal = [UInt8](repeating: 0, count: byteCount)
        guard pread(descriptor, &seal, byteCount, length) == byteCount, Array(seal[..<8]) == mark else { return false }
        let found = bytes(UInt64(length)) + bytes(try hash(descriptor, length: length, path))
        guard Array(seal[8...]) == found else {
            throw HDF5Error("'\(path)' is damaged: its checksum is not the one that it was written with")
        }
        return true
    }

    private static func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }

    /// FNV-1a, 64 bits: any change of a single byte changes it.
    private static func hash(_ descriptor: Int32, length: Int, _ path: String) throws(HDF5Error) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var block = [UInt8](repeating: 0, count: 1 << 20)
        var position = 0
        while position < length {
            let count = pread(descriptor, &block, min(block.count, length - position), position)
            guard count > 0 else { throw HDF5Error.ofSystem("read '\(path)'") }
            block.withUnsafeBufferPointer { block in
                for index in 0..<count { hash = (hash ^ UInt64(block[index])) &* 0x100_0000_01b3 }
            }
            position += count
        }
        return hash
    }
}
