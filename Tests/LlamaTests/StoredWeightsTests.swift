import Foundation
import Kernels
import Llama
import Settings
import Testing

/// Weights of other types than F32: read exactly, rounded to the nearest when they are written.
@Suite struct StoredWeightsTests {
    static func file(_ type: String, _ bits: [UInt16]) throws -> Safetensors {
        var data = Data()
        for value in bits { withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) } }
        let header: Value = ["w": ["dtype": .string(type), "shape": [.integer(bits.count)], "data_offsets": [0, .integer(data.count)]]]
        return try Safetensors(data: SafetensorsBytes(header: header, data: data).encoded, path: "file")
    }

    /// All 65,536 of them: sign, exponent and fraction put together in double precision, which has every one exactly.
    @Test func halvesAreExact() throws {
        let found = try Self.file("F16", Array(0...UInt16.max)).floats("w")
        for (bits, value) in found.enumerated() {
            let (sign, exponent, fraction) = (bits >> 15 == 0 ? 1.0 : -1.0, bits >> 10 & 31, Double(bits & 1023))
            if exponent == 31 {
                #expect(fraction == 0 ? Double(value) == sign * .infinity : value.isNaN)
            } else {
                let scale = Double(sign: .plus, exponent: max(exponent, 1) - 25, significand: 1)
                let expected = sign * ((exponent == 0 ? 0 : 1024) + fraction) * scale
                #expect(Double(value) == expected && value.sign == (bits >> 15 == 0 ? .plus : .minus), "\(bits)")
            }
        }
    }

    @Test func brainFloatsAreTheUpperHalf() throws {
        let bits: [UInt16] = [0, 0x8000, 0x3F80, 0xC049, 0x7F80, 0xFF80, 0x0001, 0x7F7F]
        let found = try Self.file("BF16", bits).floats("w")
        #expect(found.map { $0.bitPattern } == bits.map { UInt32($0) << 16 })
        #expect(found[2] == 1 && found[3] == -3.140625 && found[4] == .infinity)
        #expect(try Self.file("BF16", [0x7FC1]).floats("w")[0].isNaN)
    }

    /// Between two neighbours the nearer one, of two equally near ones the even one.
    @Test func roundingToBrainFloats() {
        let cases: [(Float, UInt16)] = [
            (1, 0x3F80), (-2, 0xC000), (0, 0), (-0.0, 0x8000), (.infinity, 0x7F80), (-.infinity, 0xFF80),
            // 1 + 2^-8 lies between 1 and 1 + 2^-7: the even one is 1. 1 + 3 x 2^-8 goes up, to 1 + 2^-6.
            (1 + 0x1p-8, 0x3F80), (1 + 0x1p-8 + 0x1p-23, 0x3F81), (1 + 0x1p-8 - 0x1p-23, 0x3F80), (1 + 3 * 0x1p-8, 0x3F82),
            (.greatestFiniteMagnitude, 0x7F80), (.leastNonzeroMagnitude, 0), (Float(bitPattern: 0x0000_8001), 1), (Float(bitPattern: 0x0000_8000), 0),
        ]
        for (value, bits) in cases { #expect(encoded([value]) == [bits], "\(value)") }
        for pattern: UInt32 in [0x7F80_0001, 0xFF80_0001, 0x7FFF_FFFF, 0x7FC0_0000] {
            let stored = encoded([Float(bitPattern: pattern)])[0]
            #expect(Float(bitPattern: UInt32(stored) << 16).isNaN && stored >> 15 == UInt16(pattern >> 31))
        }
        var random = RandomStream(seed: 1, "bfloat16")
        for _ in 0..<2000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            guard value.isFinite, abs(value) < 0x1p120 else { continue }
            let stored = encoded([value])[0]
            let error = { (bits: UInt16) in abs(Double(Float(bitPattern: UInt32(bits) << 16)) - Double(value)) }
            #expect(error(stored) <= error(stored &+ 1) && error(stored) <= error(stored &- 1))
        }
    }

    func encoded(_ values: [Float]) -> [UInt16] {
        let data = values.withUnsafeBufferPointer { Safetensors.ElementType.bfloat16.encode($0) }
        return stride(from: 0, to: data.count, by: 2).map { UInt16(data[$0]) | UInt16(data[$0 + 1]) << 8 }
    }

    @Test func otherTypesAreNoWeights() throws {
        let header: Value = ["w": ["dtype": "F64", "shape": [1], "data_offsets": [0, 8]], "n": ["dtype": "I64", "shape": [1], "data_offsets": [8, 16]]]
        let file = try Safetensors(data: SafetensorsBytes(header: header, data: Data(count: 16)).encoded, path: "file")
        let double = #expect(throws: CheckpointError.self) { try file.floats("w") }
        #expect(double?.problem == "holds tensor 'w' as F64, expected F32, F16 or BF16" && double?.advice.contains("round") == true)
        let whole = #expect(throws: CheckpointError.self) { try file.require("n", [1]) }
        #expect(whole?.problem == "holds tensor 'n' as I64 of shape [1], expected F32, F16 or BF16 of shape [1]")
        // Every type of the format has its size.
        for type in Safetensors.ElementType.allCases {
            let header: Value = ["w": ["dtype": .string(type.rawValue), "shape": [3], "data_offsets": [0, .integer(3 * type.byteCount)]]]
            #expect(try Safetensors(data: SafetensorsBytes(header: header, data: Data(count: 3 * type.byteCount)).encoded, path: "file").entries["w"]?.type == type)
        }
    }
}
