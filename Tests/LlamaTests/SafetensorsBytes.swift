import Foundation
import Settings

/// A safetensors file in parts, to be put together wrongly.
struct SafetensorsBytes {
    var header: Value
    var data: Data

    init(header: Value, data: Data) { (self.header, self.data) = (header, data) }

    init(_ file: Data) throws {
        let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        header = try Value(json: file[8..<8 + length])
        data = file[(8 + length)...]
    }

    var encoded: Data { Self.encoded(header: Data(header.canonicalJSON.utf8), data: data) }

    func changed(_ change: (inout Value) -> Void) -> Data {
        var copy = self
        change(&copy.header)
        return copy.encoded
    }

    /// With the length of the header, or another one.
    static func encoded(header: Data, length: UInt64? = nil, data: Data = Data()) -> Data {
        var file = Data()
        withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { file.append(contentsOf: $0) }
        return file + header + data
    }
}
