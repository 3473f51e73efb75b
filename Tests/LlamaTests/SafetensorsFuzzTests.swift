import Foundation
import Kernels
import Llama
import Settings
import TestSupport
import Testing

/// Seeded damage to small files of checkpoints: each is read or refused with a `CheckpointError`, and none ends the process. `STRATA_FUZZ_CASES` says
/// how many cases each test has.
@Suite struct SafetensorsFuzzTests {
    static let morsels = ["F16", "F32", "I64", "F8_E4M3", "dtype", "shape", "data_offsets", "__metadata__", "\u{FF}"]

    static func cases(_ count: Int) -> Int { ProcessInfo.processInfo.environment["STRATA_FUZZ_CASES"].flatMap { Int($0) } ?? count }

    static func narrow(ties: Bool) throws -> LlamaConfiguration {
        try smallConfiguration(layers: 1, hidden: 4, intermediate: 2, heads: 2, keyValueHeads: 1, vocabulary: 3, ties: ties)
    }

    /// Two models, expanded and with adapters the second.
    static let models: [Data] = {
        guard let plain = try? narrow(ties: false), let tied = try? narrow(ties: true) else { return [] }
        let rich = LlamaModel(tied, seed: 1)
        rich.expand(after: [1])
        rich.attachLoRA(LoRASettings(rank: 1, alpha: 1, targetModules: ["q_proj"]), seed: 1)
        return [LlamaModel(plain, seed: 1).encoded(), rich.encoded()]
    }()

    /// Damages a file: mostly its header, where most can go wrong, as bytes or as JSON, and the JSON in its metadata.
    static func mutated(_ seed: Data, _ mutator: inout Mutator) throws -> Data {
        var parts = try SafetensorsBytes(seed)
        if var metadata = parts.header["__metadata__"], let config = metadata["config"]?.asString, mutator.random.below(3) == 0 {
            metadata["config"] = .string(String(decoding: mutator.mutated(json: Array(config.utf8)), as: UTF8.self))
            parts.header["__metadata__"] = metadata
        }
        var header = Array(parts.header.canonicalJSON.utf8), data = Array(parts.data)
        switch mutator.random.below(8) {
        case 0: data = mutator.mutated(data)
        case 1: break
        case 2...4: header = mutator.mutated(json: header)
        default: header = mutator.mutated(header)
        }
        let length: UInt64? = mutator.random.below(20) == 0 ? mutator.random.next() >> UInt64(mutator.random.below(64)) : nil
        let file = SafetensorsBytes.encoded(header: Data(header), length: length, data: Data(data))
        return mutator.random.below(20) == 0 ? file.prefix(mutator.random.below(file.count + 1)) : file
    }

    @Test(arguments: 0..<2)
    func models(part: Int) throws {
        var mutator = Mutator(seed: part, "checkpoint fuzz", morsels: Self.morsels)
        var (models, refused) = (0, 0)
        try #require(Self.models.count == 2)
        for _ in 0..<Self.cases(1000) {
            let data = try Self.mutated(Self.models[part], &mutator)
            do throws(CheckpointError) {
                let model = try LlamaModel(Safetensors(data: data, path: "fuzz"))
                models += 1
                // What was read can be written and read again.
                let again = try LlamaModel(Safetensors(data: model.encoded(), path: "again"))
                #expect(model.parameterCount < 1000 && bits(again) == bits(model))
            } catch {
                refused += 1
                #expect(error.path == "fuzz" && !error.problem.isEmpty)
            }
        }
        #expect(models > 20 && refused > 400, "\(models) models, \(refused) refused")
    }

    /// Reads every tensor of a file.
    @Test func tensors() throws {
        let seed = SafetensorsBytes(header: SafetensorsTests.sound, data: SafetensorsTests.data).encoded
        var mutator = Mutator(seed: 1, "safetensors fuzz", morsels: Self.morsels)
        var (files, refused) = (0, 0)
        for _ in 0..<Self.cases(20_000) {
            let data = try Self.mutated(seed, &mutator)
            do throws(CheckpointError) {
                let file = try Safetensors(data: data, path: "fuzz")
                files += 1
                for (name, entry) in file.entries {
                    guard entry.type.isWeight || entry.type == .int64 else { continue }
                    let count = entry.type.isWeight ? try file.floats(name).count : try file.integers(name).count
                    guard count == entry.count, count <= data.count else {
                        Issue.record("\(count) values of \(entry.count) in a file of \(data.count) bytes")
                        return
                    }
                }
            } catch {
                refused += 1
                guard error.path == "fuzz", !error.problem.isEmpty else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
        #expect(files > 1000 * Self.cases(20_000) / 20_000 && refused > 5000 * Self.cases(20_000) / 20_000, "\(files) files, \(refused) refused")
    }

    @Test func indices() throws {
        func name(_ number: Int) -> String { "model-0000\(number)-of-00002.safetensors" }
        func shard(_ names: [String]) throws -> Safetensors {
            try Safetensors(data: Safetensors.encoded(tensors: names.map { ($0, [1], FloatBuffer([1])) }, metadata: [:]), path: "shard")
        }
        let shards = [name(1): try shard(["a", "b"]), name(2): try shard(["c"])]
        let seed = Array(Value.object([
            "metadata": ["total_size": 12], "weight_map": ["a": .string(name(1)), "b": .string(name(1)), "c": .string(name(2))],
        ]).canonicalJSON.utf8)
        var mutator = Mutator(seed: 2, "index fuzz", morsels: ["../", ".safetensors", "weight_map", name(1)])
        var (read, refused) = (0, 0)
        for round in 0..<Self.cases(15_000) {
            let bytes = round % 2 == 0 ? mutator.mutated(seed) : mutator.mutated(json: seed)
            do throws(CheckpointError) {
                let found = try ShardedTensors(index: bytes, file: "fuzz", folder: "folder") { name throws(CheckpointError) in
                    // Only files beside the index are asked for.
                    guard !name.contains("/"), name.hasSuffix(".safetensors") else { throw CheckpointError("outside", name) }
                    guard let shard = shards[name] else { throw CheckpointError("fuzz", "no such file") }
                    return shard
                }
                read += 1
                guard found.entries.count <= 3 else {
                    Issue.record("\(found.entries.keys)")
                    return
                }
            } catch {
                refused += 1
                guard error.path.hasPrefix("fuzz"), !error.problem.isEmpty else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
        #expect(read > 500 * Self.cases(15_000) / 15_000 && refused > 5000 * Self.cases(15_000) / 15_000, "\(read) read, \(refused) refused")
    }

    @Test func configurations() throws {
        let seeds = [
            LlamaFolderTests.config,
            [
                "model_type": "llama", "vocab_size": 19, "hidden_size": 12, "intermediate_size": 10, "num_hidden_layers": 2, "num_attention_heads": 3,
                "rope_parameters": [
                    "rope_type": "llama3", "rope_theta": 7.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
                ],
            ],
        ].map { Array($0.canonicalJSON.utf8) }
        var mutator = Mutator(seed: 3, "config fuzz", morsels: ["rope_scaling", "rope_type", "\"dynamic\"", "\"linear\"", "head_dim", "sliding_window"])
        var (read, refused) = (0, 0)
        for round in 0..<Self.cases(15_000) {
            let bytes = round % 3 == 0 ? mutator.mutated(seeds[round % 2]) : mutator.mutated(json: seeds[round % 2])
            do throws(CheckpointError) {
                let json = try checkpointJSON(bytes, file: "fuzz")
                let configuration = try LlamaConfiguration(configJSON: json, file: "fuzz")
                read += 1
                let again = try LlamaConfiguration(configJSON: configuration.configJSON(endOfText: 0, type: .float32), file: "again")
                guard again == configuration, configuration.longestSequence >= configuration.maxPositions, configuration.parameterCount > 0 else {
                    Issue.record("\(configuration)")
                    return
                }
            } catch {
                refused += 1
                guard error.path.hasPrefix("fuzz"), !error.problem.isEmpty else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
        #expect(read > 200 * Self.cases(15_000) / 15_000 && refused > 5000 * Self.cases(15_000) / 15_000, "\(read) read, \(refused) refused")
    }
}
