import Foundation
import Kernels
import Llama
import Settings
import Testing

/// Seeded mutations of small files: each is read or refused with a `CheckpointError`, and none ends the process.
@Suite struct SafetensorsFuzzTests {
    static let seeds: [Data] = {
        let shape = { try smallConfiguration(layers: 1, hidden: 4, intermediate: 2, heads: 2, keyValueHeads: 1, vocabulary: 3, ties: $0) }
        guard let plain = try? shape(false), let tied = try? shape(true) else { return [] }
        let base = LlamaModel(plain, seed: 1)
        let rich = LlamaModel(tied, seed: 1)
        rich.expand(after: [1])
        rich.attachLoRA(LoRASettings(rank: 1, alpha: 1, targetModules: ["q_proj"]), seed: 1)
        return [base.encoded(), rich.encoded(), SafetensorsBytes(header: SafetensorsTests.sound, data: SafetensorsTests.data).encoded]
    }()

    static let interesting = [
        "0", "-1", "1", "2", "3", "4", "12", "1e9", "4294967296", "2147483647", "2147483648", "9223372036854775807", "-9223372036854775808",
        "18446744073709551616", "1e400", "0.5", "null", "[]", "{}", "\"\"", "F16", "I64", "\\u0000", "\u{FF}",
    ].map { Array($0.utf8) }

    static func mutated(_ seed: Data, _ random: inout RandomStream) throws -> Data {
        var parts = try SafetensorsBytes(seed)
        if random.below(3) == 0 { parts.header = mutated(parts.header, &random) }
        var header = Array(parts.header.canonicalJSON.utf8), data = Array(parts.data)
        for _ in 0..<random.below(3) {
            // Most of what can go wrong stands in the header.
            if random.below(4) == 0 { mutate(&data, &random) } else { mutate(&header, &random) }
        }
        let length: UInt64? = random.below(20) == 0 ? random.next() >> UInt64(random.below(64)) : nil
        let file = SafetensorsBytes.encoded(header: Data(header), length: length, data: Data(data))
        return random.below(20) == 0 ? file.prefix(random.below(file.count + 1)) : file
    }

    /// Changes a value of the header, or of the configuration in its metadata, to another one of any type.
    static func mutated(_ header: Value, _ random: inout RandomStream) -> Value {
        switch header {
        case .object(var entries) where !entries.isEmpty:
            let key = random.pick(entries.keys.sorted())
            if random.below(12) == 0 { entries[key] = nil } else { entries[key] = mutated(entries[key, default: .null], &random) }
            return .object(entries)
        case .list(var items) where !items.isEmpty && random.below(4) > 0:
            let index = random.below(items.count)
            items[index] = mutated(items[index], &random)
            return .list(items)
        case .string(let text):
            if let inner = try? Value(json: text), random.below(8) > 0 { return .string(mutated(inner, &random).canonicalJSON) }
            return .string(String(text.dropLast(random.below(3))))
        default:
            let text = String(decoding: random.pick(interesting), as: UTF8.self)
            return (try? Value(json: text)) ?? .string(text)
        }
    }

    static func mutate(_ bytes: inout [UInt8], _ random: inout RandomStream) {
        guard !bytes.isEmpty else { return }
        let place = random.below(bytes.count)
        switch random.below(7) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes[place] ^= UInt8(1 << random.below(8))
        case 2: bytes.removeSubrange(place..<min(place + 1 + random.below(20), bytes.count))
        case 3: bytes.insert(contentsOf: random.pick(interesting), at: place)
        case 4: if random.below(4) == 0 { bytes.removeSubrange(place...) }
        case 5:
            let from = random.below(bytes.count)
            bytes.insert(contentsOf: bytes[from..<min(from + 1 + random.below(30), bytes.count)], at: place)
        default:
            // A whole number, replaced.
            guard let start = bytes[place...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
            let end = bytes[start...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
            bytes.replaceSubrange(start..<end, with: random.pick(interesting))
        }
    }

    enum Outcome {
        case refused(CheckpointError), file, model(LlamaModel)
    }

    /// Reads every tensor, then the model.
    static func read(_ data: Data) -> Outcome {
        var isFile = false
        do {
            let file = try Safetensors(data: data, path: "fuzz")
            for (name, entry) in file.entries.sorted(by: { $0.key < $1.key }) {
                let count = entry.type == .float32 ? try file.floats(name).count : try file.integers(name).count
                #expect(count == entry.count)
            }
            isFile = true
            return .model(try LlamaModel(file))
        } catch {
            return isFile && error.problem.contains("has no 'config'") ? .file : .refused(error)
        }
    }

    @Test(arguments: 0..<3)
    func nothingCrashes(part: Int) throws {
        var random = RandomStream(seed: part, "safetensors fuzz")
        var (files, models, refused) = (0, 0, 0)
        try #require(Self.seeds.count == 3)
        for round in 0..<800 {
            switch Self.read(try Self.mutated(Self.seeds[round % 3], &random)) {
            case .refused(let error):
                refused += 1
                #expect(error.path == "fuzz" && !error.problem.isEmpty)
            case .file: files += 1
            case .model(let model):
                models += 1
                #expect(model.parameterCount < 1000)
                // What was read can be written and read again.
                #expect(try bits(LlamaModel(Safetensors(data: model.encoded(), path: "again"))) == bits(model))
            }
        }
        // The mutations reach all depths.
        #expect(files > 40 && models > 20 && refused > 400, "\(files) files, \(models) models, \(refused) refused")
    }
}
