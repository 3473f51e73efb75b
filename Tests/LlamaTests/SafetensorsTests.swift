import Foundation
import Kernels
import Llama
import Settings
import Testing

@Suite struct SafetensorsTests {
    static let sound: Value = [
        "__metadata__": ["note": "ä\n"],
        "a": ["dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]],
        "b": ["dtype": "I64", "shape": [2], "data_offsets": [24, 40]],
        "empty": ["dtype": "F32", "shape": [0, 5], "data_offsets": [40, 40]],
        "scalar": ["dtype": "F32", "shape": [], "data_offsets": [40, 44]],
    ]
    static let data: Data = {
        var data = Data()
        for value: Float in [1, -0.0, .infinity, 4, 5, 6] { withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) } }
        for value in [Int64.min, 7] { withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) } }
        withUnsafeBytes(of: Float(9).bitPattern.littleEndian) { data.append(contentsOf: $0) }
        return data
    }()

    @Test func tensorsAreRead() throws {
        let bytes = SafetensorsBytes(header: Self.sound, data: Self.data).encoded
        // A slice of a larger piece of data, too: its indices do not start at 0.
        for data in [bytes, (Data([1, 2, 3]) + bytes)[3...]] {
            let file = try Safetensors(data: data, path: "file")
            #expect(file.metadata == ["note": "ä\n"] && file.entries.keys.sorted() == ["a", "b", "empty", "scalar"])
            #expect(try file.floats("a") == [1, -0.0, .infinity, 4, 5, 6] && file.floats("a")[1].sign == .minus)
            #expect(try file.integers("b") == [.min, 7] && file.floats("empty").isEmpty && file.floats("scalar") == [9])
            #expect(file.entries["a"]?.shape == [2, 3] && file.entries["a"]?.count == 6 && file.entries["scalar"]?.count == 1)
        }
        #expect(try Safetensors(data: SafetensorsBytes.encoded(header: Data("{}".utf8)), path: "file").entries.isEmpty)
    }

    @Test func whatIsEncodedIsRead() throws {
        let tensors = [("z", [2, 2], FloatBuffer([1, 2, 3, 4])), ("a", [3], FloatBuffer([5, .nan, 7])), ("e", [0], FloatBuffer(0))]
        let data = Safetensors.encoded(tensors: tensors.map { (name: $0.0, shape: $0.1, values: $0.2) }, metadata: ["k": "\"v\""])
        let file = try Safetensors(data: data, path: "file")
        #expect(file.metadata == ["k": "\"v\""])
        for (name, shape, values) in tensors {
            #expect(try file.floats(name).map { $0.bitPattern } == values.values.map { $0.bitPattern } && file.entries[name]?.shape == shape)
        }
        // The data begins on a multiple of 8 bytes.
        #expect(data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) } % 8 == 0)
    }

    func problem(_ data: Data, sourceLocation: SourceLocation = #_sourceLocation) -> String {
        let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) { try Safetensors(data: data, path: "file") }
        #expect(error?.path == "file" && error?.advice.isEmpty == false, sourceLocation: sourceLocation)
        return error?.problem ?? ""
    }

    @Test func brokenFrames() {
        #expect(problem(Data()).hasSuffix("0 bytes, expected at least 8"))
        #expect(problem(Data(count: 7)).hasSuffix("7 bytes, expected at least 8"))
        for length in [UInt64(3), 1 << 20, 100_000_001, 1 << 62, 1 << 63, .max] {
            #expect(problem(SafetensorsBytes.encoded(header: Data("{}".utf8), length: length)).hasSuffix("a header of \(length) bytes in a file of 10"))
        }
        for header in ["", "{", "nonsense", "{}x", "{\"a\":1,\"a\":2}", String(repeating: "[", count: 100_000)] {
            #expect(problem(SafetensorsBytes.encoded(header: Data(header.utf8))).contains("its header: "), "\(header.prefix(20))")
        }
        #expect(problem(SafetensorsBytes.encoded(header: Data([0x7b, 0xff, 0x7d]))).contains("its header: "))
        for header in ["[]", "3", "null", "\"x\""] {
            #expect(problem(SafetensorsBytes.encoded(header: Data(header.utf8))).hasSuffix("its header is not a mapping"))
        }
    }

    /// The problem of the sound file with one thing changed.
    func problem(_ path: [String], _ value: Value?, sourceLocation: SourceLocation = #_sourceLocation) -> String {
        func set(_ object: inout Value, _ path: ArraySlice<String>) {
            guard let key = path.first else { return }
            if path.count == 1 { object[key] = value } else if var inner = object[key] {
                set(&inner, path.dropFirst())
                object[key] = inner
            }
        }
        return problem(SafetensorsBytes(header: Self.sound, data: Self.data).changed { set(&$0, path[...]) }, sourceLocation: sourceLocation)
    }

    @Test func brokenEntries() {
        #expect(problem(["__metadata__"], []).hasSuffix("__metadata__ is not a mapping"))
        #expect(problem(["__metadata__", "note"], 3).hasSuffix("__metadata__.note is not text"))
        for value in [3, nil, "F32", []] as [Value] { #expect(problem(["a"], value).hasSuffix("tensor 'a' has no dtype")) }
        #expect(problem(["a", "dtype"], 3).hasSuffix("tensor 'a' has no dtype"))
        #expect(problem(["a", "dtype"], "F4") == "holds tensor 'a' of type F4, which is not supported here")
        for shape in [nil, 6, [6.0], ["6"], [-2, -3], [2, 3, nil]] as [Value?] {
            #expect(problem(["a", "shape"], shape).hasSuffix("tensor 'a' has no usable shape"))
        }
        for offsets in [nil, 24, [0], [0, 24, 24], [0, "24"], [-1, 23], [24, 0], [0, 45], [0, .integer(.max)], [.integer(.min), 24]] as [Value?] {
            #expect(problem(["a", "data_offsets"], offsets).hasSuffix("tensor 'a' has no usable data_offsets for 44 bytes of data"))
        }
        #expect(problem(["a", "shape"], [2, 4]).hasSuffix("tensor 'a' of shape [2, 4] has 24 bytes, expected 32"))
        #expect(problem(["a", "data_offsets"], [0, 20]).hasSuffix("tensor 'a' of shape [2, 3] has 20 bytes, expected 24"))
        for shape in [[.integer(.max)], [4_611_686_018_427_387_904, 2], [4_294_967_296, 4_294_967_296], [4_294_967_296, 4_294_967_296, 0]] as [Value] {
            #expect(problem(["a", "shape"], shape).hasSuffix("is too large"))
        }
    }

    @Test func overlapsAndHolesAreErrors() {
        #expect(problem(["b", "data_offsets"], [8, 24]).hasSuffix("tensor 'b' starts at byte 8 of the data, expected 24"))
        #expect(problem(["b"], nil as Value?).hasSuffix("tensor 'empty' starts at byte 40 of the data, expected 24"))
        #expect(problem(["scalar"], nil as Value?).hasSuffix("44 bytes of data, of which tensors take 40"))
        #expect(problem(SafetensorsBytes(header: Self.sound, data: Self.data + [0]).encoded).hasSuffix("45 bytes of data, of which tensors take 44"))
    }

    @Test func wrongRequestsAreErrors() throws {
        let file = try Safetensors(data: SafetensorsBytes(header: Self.sound, data: Self.data).encoded, path: "file")
        let missing = #expect(throws: CheckpointError.self) { try file.floats("scalr") }
        #expect(missing?.problem == "has no tensor 'scalr'" && missing?.advice.contains("scalar") == true)
        #expect(throws: CheckpointError("file", "holds tensor 'b' as I64, expected F32, F16 or BF16", "store it as F32, F16 or BF16")) { try file.floats("b") }
        #expect(throws: CheckpointError("file", "holds tensor 'a' as F32, expected I64")) { try file.integers("a") }
    }
}
