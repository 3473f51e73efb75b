import Foundation
import Kernels
import Settings

/// A file in the safetensors format: eight bytes of header length, a JSON header, the tensors' bytes.
/// Source: the format's description at https://github.com/huggingface/safetensors.
public struct Safetensors: TensorSource, Sendable {
    /// The format's types of whole bytes. Weights are read from the first three.
    public enum ElementType: String, Sendable, CaseIterable {
        case float32 = "F32", float16 = "F16", bfloat16 = "BF16"
        case float64 = "F64", complex64 = "C64"
        case float8e4m3 = "F8_E4M3", float8e5m2 = "F8_E5M2", float8e8m0 = "F8_E8M0", float8e4m3fnuz = "F8_E4M3FNUZ", float8e5m2fnuz = "F8_E5M2FNUZ"
        case int64 = "I64", int32 = "I32", int16 = "I16", int8 = "I8"
        case uint64 = "U64", uint32 = "U32", uint16 = "U16", uint8 = "U8", bool = "BOOL"

        public var byteCount: Int {
            switch self {
            case .float64, .complex64, .int64, .uint64: 8
            case .float32, .int32, .uint32: 4
            case .float16, .bfloat16, .int16, .uint16: 2
            case .float8e4m3, .float8e5m2, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz, .int8, .uint8, .bool: 1
            }
        }
    }

    public struct Entry: Sendable {
        public var type: ElementType
        public var shape: [Int]
        /// Place in the bytes after the header.
        var range: Range<Int>
        public var count: Int { shape.reduce(1, *) }
        public var byteCount: Int { range.count }
    }

    public let path: String
    public let metadata: [String: String]
    public let entries: [String: Entry]
    private let data: Data
    private let dataStart: Int

    /// Checks the header; tensors are copied out of the file on request.
    public init(path: String) throws(CheckpointError) {
        let data: Data
        do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) } catch {
            throw CheckpointError(path, "cannot be read", "check that the file exists and may be read")
        }
        try self.init(data: data, path: path)
    }

    public init(data: Data, path: String) throws(CheckpointError) {
        func broken(_ what: String) -> CheckpointError { CheckpointError(path, "is not a safetensors file: \(what)", "copy or make it again") }
        guard data.count >= 8 else { throw broken("\(data.count) bytes, expected at least 8") }
        let length = data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
        guard length <= 100_000_000, Int(length) + 8 <= data.count else {
            throw broken("a header of \(length) bytes in a file of \(data.count)")
        }
        dataStart = 8 + Int(length)
        let available = data.count - dataStart
        let header: Value
        do { header = try Value(json: data[data.startIndex + 8..<data.startIndex + dataStart]) } catch { throw broken("its header: \(error)") }
        guard let objects = header.asObject else { throw broken("its header is not a mapping") }
        var metadata: [String: String] = [:]
        var entries: [String: Entry] = [:]
        for (name, object) in objects.sorted(by: { $0.key < $1.key }) {
            if name == "__metadata__" {
                guard let pairs = object.asObject else { throw broken("__metadata__ is not a mapping") }
                for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
                    guard let text = value.asString else { throw broken("__metadata__.\(key) is not text") }
                    metadata[key] = text
                }
                continue
            }
            guard let typeName = object["dtype"]?.asString else { throw broken("tensor '\(name)' has no dtype") }
            guard let type = ElementType(rawValue: typeName) else {
                throw CheckpointError(path, "holds tensor '\(name)' of type \(typeName), which is not supported here", "store it as F32")
            }
            let shape = object["shape"]?.asList?.compactMap(\.asInteger)
            let offsets = object["data_offsets"]?.asList?.compactMap(\.asInteger)
            guard let shape, shape.count == object["shape"]?.asList?.count, shape.allSatisfy({ $0 >= 0 }) else {
                throw broken("tensor '\(name)' has no usable shape")
            }
            guard let offsets, offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= available else {
                throw broken("tensor '\(name)' has no usable data_offsets for \(available) bytes of data")
            }
            var byteCount = type.byteCount
            for size in shape {
                let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
                guard !overflow else { throw broken("tensor '\(name)' of shape \(shape) is too large") }
                byteCount = product
            }
            guard byteCount == offsets[1] - offsets[0] else {
                throw broken("tensor '\(name)' of shape \(shape) has \(offsets[1] - offsets[0]) bytes, expected \(byteCount)")
            }
            entries[name] = Entry(type: type, shape: shape, range: offsets[0]..<offsets[1])
        }
        // The format allows neither holes nor overlaps, so that a small file cannot claim much.
        var end = 0
        let inOrder = entries.sorted { a, b in
            (a.value.range.lowerBound, a.value.range.upperBound, a.key) < (b.value.range.lowerBound, b.value.range.upperBound, b.key)
        }
        for (name, entry) in inOrder {
            guard entry.range.lowerBound == end else {
                throw broken("tensor '\(name)' starts at byte \(entry.range.lowerBound) of the data, expected \(end)")
            }
            end = entry.range.upperBound
        }
        guard end == available else { throw broken("\(available) bytes of data, of which tensors take \(end)") }
        self.data = data
        self.path = path
        self.metadata = metadata
        self.entries = entries
    }

    /// The bytes of a tensor as they stand in the file, little-endian.
    public func bytes(_ name: String) throws(CheckpointError) -> Data {
        let range = try entry(name).range
        let start = data.startIndex + dataStart
        return data[start + range.lowerBound..<start + range.upperBound]
    }

    /// The values of an I64 tensor.
    public func integers(_ name: String) throws(CheckpointError) -> [Int64] {
        let type = try entry(name).type
        guard type == .int64 else { throw CheckpointError(path, "holds tensor '\(name)' as \(type.rawValue), expected I64") }
        let bytes = try bytes(name)
        return [Int64](unsafeUninitializedCapacity: bytes.count / 8) { buffer, count in
            count = bytes.copyBytes(to: buffer) / 8
        }
    }

    /// A named F32 tensor that is to be written.
    public typealias Tensor = (name: String, shape: [Int], values: FloatBuffer)

    /// The bytes of a file with these F32 tensors, in their order, and this metadata. Equal input gives equal bytes.
    public static func encoded(tensors: [Tensor], metadata: [String: String]) -> Data {
        var data = header(tensors: tensors, metadata: metadata)
        data.reserveCapacity(data.count + tensors.reduce(0) { $0 + 4 * $1.values.count })
        for tensor in tensors { data.append(UnsafeBufferPointer(start: tensor.values.base, count: tensor.values.count)) }
        return data
    }

    /// What stands before the tensors' bytes in such a file, for whoever writes them one by one.
    public static func header(tensors: [Tensor], metadata: [String: String]) -> Data {
        header(tensors.map { (name: $0.name, type: .float32, shape: $0.shape) }, metadata: metadata)
    }

    /// The same for tensors of any types, whose bytes follow in this order.
    public static func header(_ tensors: [(name: String, type: ElementType, shape: [Int])], metadata: [String: String]) -> Data {
        var header: [String: Value] = ["__metadata__": .object(metadata.mapValues { .string($0) })]
        var offset = 0
        for (name, type, shape) in tensors {
            let end = offset + shape.reduce(type.byteCount, *)
            header[name] = [
                "dtype": .string(type.rawValue), "shape": .list(shape.map { .integer($0) }), "data_offsets": [.integer(offset), .integer(end)],
            ]
            offset = end
        }
        var json = Array(Value.object(header).canonicalJSON.utf8)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        var data = Data()
        withUnsafeBytes(of: UInt64(json.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: json)
        return data
    }
}

/// A checkpoint or tensor file that cannot be used.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
    public var path: String
    public var problem: String
    public var advice: String

    public init(_ path: String, _ problem: String, _ advice: String = "") {
        (self.path, self.problem, self.advice) = (path, problem, advice)
    }

    public var description: String { "\(path): \(problem)" + (advice.isEmpty ? "" : "; \(advice)") }
}
