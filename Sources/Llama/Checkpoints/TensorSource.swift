import Foundation
import Kernels
import Settings

/// Named tensors to be read, of one file or of several.
public protocol TensorSource {
    /// The file, or the folder of the files.
    var path: String { get }
    var entries: [String: Safetensors.Entry] { get }
    /// The bytes of a tensor as they are stored, little-endian.
    func bytes(_ name: String) throws(CheckpointError) -> Data
}

extension TensorSource {
    public func entry(_ name: String) throws(CheckpointError) -> Safetensors.Entry {
        guard let entry = entries[name] else { throw CheckpointError(path, "has no tensor '\(name)'", nearestAdvice(to: name, among: Array(entries.keys))) }
        return entry
    }

    /// The values of a tensor of floats; F16 and BF16 are converted exactly.
    public func floats(_ name: String) throws(CheckpointError) -> [Float] {
        let entry = try entry(name)
        guard entry.type.isWeight else {
            throw CheckpointError(path, "holds tensor '\(name)' as \(entry.type.rawValue), expected \(Safetensors.ElementType.weightNames)", Self.advice(entry.type))
        }
        let bytes = try bytes(name)
        return [Float](unsafeUninitializedCapacity: entry.count) { buffer, count in
            entry.type.decode(bytes, into: buffer)
            count = buffer.count
        }
    }

    /// Fills a buffer with the values of the tensor of floats of this name and shape.
    public func read(_ name: String, _ shape: [Int], into buffer: FloatBuffer) throws(CheckpointError) {
        try require(name, shape)
        try entry(name).type.decode(bytes(name), into: UnsafeMutableBufferPointer(start: buffer.base, count: buffer.count))
    }

    /// Throws unless there is a tensor of floats of this name and shape.
    public func require(_ name: String, _ shape: [Int]) throws(CheckpointError) {
        let entry = try entry(name)
        guard entry.type.isWeight, entry.shape == shape else {
            let expected = entry.type.isWeight ? entry.type.rawValue : Safetensors.ElementType.weightNames
            throw CheckpointError(
                path, "holds tensor '\(name)' as \(entry.type.rawValue) of shape \(entry.shape), expected \(expected) of shape \(shape)",
                entry.type.isWeight ? "" : Self.advice(entry.type))
        }
    }

    private static func advice(_ type: Safetensors.ElementType) -> String {
        type == .float64 ? "store it as F32: weights are FP32 here, and to round them is the owner's decision" : "store it as F32, F16 or BF16"
    }
}

/// Weights as they are stored.
extension Safetensors.ElementType {
    public var isWeight: Bool { self == .float32 || self == .float16 || self == .bfloat16 }
    static let weightNames = "F32, F16 or BF16"

    /// transformers' name of a type of weights.
    public var torchName: String {
        switch self {
        case .float32: "float32"
        case .float16: "float16"
        case .bfloat16: "bfloat16"
        default: rawValue
        }
    }

    /// Stored weights as floats, each exactly.
    func decode(_ bytes: Data, into buffer: UnsafeMutableBufferPointer<Float>) {
        precondition(isWeight && bytes.count == buffer.count * byteCount, "\(bytes.count) bytes for \(buffer.count) weights")
        if self == .float32 {
            _ = bytes.copyBytes(to: buffer)
            return
        }
        bytes.withUnsafeBytes { raw in
            for i in 0..<buffer.count {
                let bits = UInt16(littleEndian: raw.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self))
                buffer[i] = self == .bfloat16 ? Float(bitPattern: UInt32(bits) << 16) : Self.float(half: bits)
            }
        }
    }

    /// Floats as they are to be stored, F32 or BF16.
    public func encode(_ values: UnsafeBufferPointer<Float>) -> Data {
        precondition(self == .float32 || self == .bfloat16, "weights are not written as \(rawValue)")
        guard self == .bfloat16 else { return Data(buffer: values) }
        var data = Data(count: 2 * values.count)
        data.withUnsafeMutableBytes { raw in
            for i in 0..<values.count { raw.storeBytes(of: Self.bfloat16(values[i]).littleEndian, toByteOffset: 2 * i, as: UInt16.self) }
        }
        return data
    }

    /// The bits of the bfloat16 nearest to a float, the even one of two; NaN stays NaN, what is too large becomes infinite.
    static func bfloat16(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        // One bit of the payload stays set: cut off, it might leave an infinity.
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    }

    /// The float of a number of half precision (IEEE 754 binary16).
    static func float(half bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10 & 0x1F), fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // fraction 2^-24, which a float has exactly.
            let magnitude = Float(fraction) * 0x1p-24
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
