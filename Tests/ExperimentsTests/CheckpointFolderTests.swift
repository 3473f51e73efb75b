import Foundation
import Kernels
import Llama
import Settings
import TestSupport
import Testing

@testable import Experiments

/// Checkpoints out of the results folder, and back in as bases.
@Suite struct CheckpointFolderTests {
    /// The tiny experiment, run: a session with its stages and the folder `exports` beside them.
    nonisolated(unsafe) static let session: Result<(TinySession, StageGraph), any Error> = Result {
        let session = try TinySession()
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        try session.run(graph)
        return (session, graph)
    }

    /// The last training stage of the run with a strategy; nil names the base.
    func stage(_ strategy: String?) throws -> (StageStore, String) {
        let (session, graph) = try Self.session.get()
        let chain = try #require(graph.chains.first { $0.run.strategyName == strategy ?? "frozen" })
        return (session.store, strategy == nil ? chain.pretraining : try #require(chain.phases.last).key)
    }

    func export(_ strategy: String?, _ folder: TemporaryFolder, _ name: String, merges: Bool = false, type: Safetensors.ElementType = .float32) throws -> String {
        let (store, key) = try stage(strategy)
        _ = try CheckpointExport.write(OpenCheckpoint(key, store: store), to: folder.file(name), type: type, merges: merges)
        return folder.file(name)
    }

    func contents(_ folder: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for file in CheckpointExport.files(in: folder) { contents[String(file.path.dropFirst(folder.count))] = try Data(contentsOf: URL(fileURLWithPath: file.path)) }
        return contents
    }

    func bits(_ model: LlamaModel) -> [String: [UInt32]] { Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, $0.values.values.map(\.bitPattern)) }) }

    /// The base goes out, comes in as a base, and goes out again.
    @Test func roundTripsAreBitIdentical() throws {
        let folder = try TemporaryFolder()
        let first = try export(nil, folder, "first")
        #expect(try folder.names("first") == ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
        let session = try TinySession()
        let graph = try Self.graph(first, strategies: "{kind: frozen}")
        #expect(try session.run(graph).isEmpty)
        _ = try CheckpointExport.write(OpenCheckpoint(graph.chains[0].pretraining, store: session.store), to: folder.file("second"))
        #expect(try contents(folder.file("second")) == contents(first))
        let (store, key) = try stage(nil)
        #expect(try bits(OpenCheckpoint(key, store: store).model) == bits(OpenCheckpoint(first, store: store).model))
        // What is not the base: expanded, with adapters, merged, and rounded.
        for (strategy, merges, type) in [("block-expansion", false, .float32), ("lora", false, .float32), ("lora", true, .float32), ("sequential", false, .bfloat16)] as [(String, Bool, Safetensors.ElementType)] {
            let one = try export(strategy, folder, "one-\(strategy)-\(merges)", merges: merges, type: type)
            let two = folder.file("two-\(strategy)-\(merges)")
            let open = try OpenCheckpoint(one, store: store)
            _ = try CheckpointExport.write(open, to: two, type: type)
            var (a, b) = (try contents(one), try contents(two))
            // Adapters name the folder of their base.
            a["/adapter_config.json"] = nil
            b["/adapter_config.json"] = nil
            #expect(a == b && a.count >= 5, "\(strategy)")
            if strategy == "block-expansion" { #expect(open.model.addedLayers.count == 2 && open.model.blocks.count == 4) }
            if strategy == "lora" { #expect((open.model.lora == nil) == merges) }
        }
    }

    static func graph(_ checkpoint: String, strategies: String, _ changes: [(String, String)] = []) throws -> StageGraph {
        try TinyExperiment.graph(try experiment(checkpoint, strategies), changes)
    }

    static func experiment(_ checkpoint: String, _ strategies: String) throws -> String {
        let start = try #require(TinyExperiment.root.range(of: "  model:")), end = try #require(TinyExperiment.root.range(of: "data:\n  lives"))
        return TinyExperiment.root.replacingCharacters(in: start.lowerBound..<end.lowerBound, with: "  checkpoint: \(checkpoint)\n  data: lives\n")
            + "sweep: {arms: [\(strategies.split(separator: ";").map { "{strategy: \($0)}" }.joined(separator: ", "))]}\n"
    }

    /// Drift is measured on text that the base knows.
    @Test func driftNeedsText() throws {
        let folder = try TemporaryFolder()
        let base = try export(nil, folder, "base")
        let text = try Self.experiment(base, "{kind: sequential}")
        let error = #expect(throws: ExperimentError.self) { try TinyExperiment.experiment(text, [("  data: lives\n", ""), ("evaluation: {", "evaluation: {drift: 64, ")]) }
        #expect(
            error?.description.hasSuffix(
                "evaluation.drift: found 64 tokens with a base that has no 'data', expected text that the base knows; name its domains under base.data, or leave evaluation.drift out")
                == true && error?.description.hasPrefix("e.yaml:10:21: ") == true)
        #expect(try TinyExperiment.graph(text, [("evaluation: {", "evaluation: {drift: 64, ")]).stages.last?.recipe["drift"]?["tokens"] == 64)
    }

    /// Every strategy on a base that comes from a folder: its scores are those of the experiment that trained it.
    @Test func strategiesRunOnABaseFromAFolder() throws {
        let folder = try TemporaryFolder()
        let base = try export(nil, folder, "base")
        let (original, originalGraph) = try Self.session.get()
        let session = try TinySession()
        let all = "{kind: frozen};{kind: sequential};{kind: joint};{kind: lora, r: 2};{kind: block-expansion, blocks: 2}"
        let graph = try Self.graph(base, strategies: all)
        #expect(try session.run(graph).isEmpty && graph.chains.count == originalGraph.chains.count)
        for (chain, other) in zip(graph.chains, originalGraph.chains) {
            for (row, otherRow) in zip(chain.rows, other.rows) {
                guard let row, let otherRow else {
                    #expect(row == nil && otherRow == nil)
                    continue
                }
                let (found, expected) = (try StageRecords(session.store, row).evaluations, try StageRecords(original.store, otherRow).evaluations)
                #expect(found.first?.results == expected.first?.results && found.count == 1)
            }
            // Forward transfer is held against random weights of the same shape.
            #expect(try StageRecords(session.store, chain.randomEvaluation).evaluations.count == 1)
        }
        let records = try StageRecords(session.store, graph.chains[0].pretraining)
        #expect(records.parameters["base"] == graph.chains[0].run.baseParameterCount && records.parameters["trained"] == 0 && records.curve.isEmpty)
        #expect(!graph.notes().contains { $0.hasPrefix("All runs start from one base") })

        // The key follows from the content, not from where it stands: and not from the domains that are measured only.
        try FileManager.default.copyItem(atPath: base, toPath: folder.file("moved"))
        #expect(try Self.graph(folder.file("moved"), strategies: all).stages.map(\.key) == graph.stages.map(\.key))
        let keys = try Self.graph(base, strategies: "{kind: frozen}", [("  data: lives\n", "")])
        #expect(keys.chains[0].pretraining == graph.chains[0].pretraining && keys.chains[0].run.domains == ["sums", "terms"])
        // A rounded copy is another base.
        _ = try CheckpointExport.write(OpenCheckpoint(base, store: session.store), to: folder.file("rounded"), type: .bfloat16)
        #expect(try Self.graph(folder.file("rounded"), strategies: all).chains[0].pretraining != graph.chains[0].pretraining)
        // So is one with another configuration or tokenizer.
        for (file, old, new) in [("config.json", "\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": 1e-06"), ("tokenizer_config.json", "\"model_max_length\":32", "\"model_max_length\":33")] {
            let path = folder.file("moved/\(file)")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try #require(text.contains(old))
            try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try Self.graph(folder.file("moved"), strategies: all).chains[0].pretraining != graph.chains[0].pretraining, "\(file)")
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }

    /// With `train` the base goes on from the checkpoint.
    @Test func continuedPretraining() throws {
        let folder = try TemporaryFolder()
        let base = try export(nil, folder, "base")
        let session = try TinySession()
        let graph = try Self.graph(base, strategies: "{kind: frozen}", [("  data: lives\n", "  data: lives\n  train: {steps: 3, batch_size: 2, logging_steps: 1}\n")])
        #expect(try session.run(graph).isEmpty)
        let records = try StageRecords(session.store, graph.chains[0].pretraining)
        #expect(records.curve.map { $0.step } == [1, 2, 3])
        let (original, originalGraph) = try Self.session.get()
        let (trained, start) = (try OpenCheckpoint(graph.chains[0].pretraining, store: session.store), try OpenCheckpoint(originalGraph.chains[0].pretraining, store: original.store))
        #expect(bits(trained.model) != bits(start.model))
        // It begins where the base was: a model of random weights would begin at ln 257 = 5.5.
        #expect(records.curve[0].loss < 5.5)
    }

    @Test func wrongBases() throws {
        let folder = try TemporaryFolder()
        let base = try export(nil, folder, "base")
        func error(_ text: String) -> String {
            do {
                let experiment = try Experiment(ExperimentDocument(text: text, file: "e.yaml"))
                _ = try StageGraph(experiment, family: "f")
                return "no error"
            } catch { return "\(error)".replacingOccurrences(of: folder.path, with: "DIR") }
        }
        let sound = try Self.experiment(base, "{kind: frozen}")
        #expect(error(sound) == "no error")
        let cases = [
            ("  data: lives\n", "  data: lives\n  model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2, num_attention_heads: 2}\n", "base.model: found 'model' beside 'checkpoint', expected one of them"),
            ("  data: lives\n", "  tokenizer: {kind: byte}\n", "base.tokenizer: found 'tokenizer' beside 'checkpoint'"),
            ("  data: lives\n", "  train: {steps: 1}\n", "base: found 'train' without 'data'"), ("  checkpoint: \(base)\n", "", "base: found no key 'model', expected 'model' or 'checkpoint'"),
            ("/base\n", "/bose\n", "e.yaml:3:15: base.checkpoint: found DIR/bose: is no folder"),
            ("train: {steps: 4,", "train: {sequence_length: 33, steps: 4,", "train.sequence_length: found 33, expected at most 32"),
            ("evaluation: {", "evaluation: {sequence_length: 33, ", "evaluation.sequence_length: found 33, expected at most 32"),
        ]
        for (old, new, expected) in cases {
            try #require(sound.contains(old))
            let found = error(sound.replacingOccurrences(of: old, with: new))
            #expect(found.contains(expected), "\(found)")
        }
        // What is wrong with the files is said before anything runs.
        func damaged(_ file: String, _ change: (inout Data) -> Void) throws -> String {
            let path = folder.file("base/\(file)")
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            var changed = data
            change(&changed)
            try changed.write(to: URL(fileURLWithPath: path))
            defer { try? data.write(to: URL(fileURLWithPath: path)) }
            return error(sound)
        }
        #expect(try damaged("model.safetensors") { $0.removeLast() }.hasPrefix("DIR/base/model.safetensors: is not a safetensors file"))
        #expect(try damaged("tokenizer.json") { $0.removeLast(3) }.contains("DIR/base/tokenizer.json"))
        #expect(try damaged("config.json") { $0 = Data("{}".utf8) }.contains("base.checkpoint: found DIR/base/config.json: model_type: found nothing, expected \"llama\""))
    }

    @Test func expansionOfAFolderIsTheModels() throws {
        let folder = try TemporaryFolder()
        let base = try export(nil, folder, "base", type: .bfloat16)
        let (store, _) = try stage(nil)
        for (name, layers) in [("a", [1, 2]), ("b", [0, 0, 2])] {
            let (added, files) = try CheckpointExpansion.write(base, after: layers, to: folder.file(name))
            let model = try OpenCheckpoint(base, store: store).model
            model.expand(after: layers)
            let found = try OpenCheckpoint(folder.file(name), store: store)
            #expect(bits(found.model) == bits(model) && found.model.addedLayers == model.addedLayers && added == model.addedLayers && found.type == .bfloat16)
            #expect(files.map { String($0.path.dropFirst(folder.path.count + 3)) } == ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
            for file in ["tokenizer.json", "tokenizer_config.json", "generation_config.json"] {
                #expect(FileManager.default.contentsEqual(atPath: "\(base)/\(file)", andPath: folder.file("\(name)/\(file)")))
            }
        }
        // Expanded again: what was added stays marked.
        let (added, _) = try CheckpointExpansion.write(folder.file("a"), after: [1], to: folder.file("c"))
        #expect(try added == [1] && OpenCheckpoint(folder.file("c"), store: store).model.addedLayers == [1, 2, 4])
    }

    /// Nothing is overwritten unless it is asked for, and then nothing but checkpoints.
    @Test func nothingIsOverwritten() throws {
        let folder = try TemporaryFolder()
        let base = try export(nil, folder, "base")
        let (store, key) = try stage("block-expansion")
        let open = try OpenCheckpoint(key, store: store)
        func write(_ path: String, forced: Bool) throws -> String {
            do {
                _ = try CheckpointExport.write(open, to: path, isForced: forced)
                return ""
            } catch { return "\(error)".replacingOccurrences(of: folder.path, with: "DIR") }
        }
        let before = try contents(base)
        #expect(try write(base, forced: false) == "DIR/base: exists already; name another folder, or add --force to replace it" && contents(base) == before)
        try folder.write("base/thesis.tex", "x")
        #expect(try write(base, forced: true).hasPrefix("DIR/base: holds 'thesis.tex', which is no part of a checkpoint"))
        try FileManager.default.removeItem(atPath: folder.file("base/thesis.tex"))
        #expect(try write(base + "/", forced: true) == "" && contents(base) != before)
        #expect(try write(folder.path, forced: true).contains("is no folder of a checkpoint"))
        try folder.write("file", "x")
        #expect(try write(folder.file("file"), forced: true).contains("is no folder"))
        #expect(try folder.names() == ["base", "file"])
    }

    @Test func namesOfStages() throws {
        let (session, graph) = try Self.session.get()
        let chain = graph.chains[0]
        #expect(try OpenCheckpoint(String(chain.pretraining.prefix(20)), store: session.store).form == .stage(key: chain.pretraining))
        #expect(try OpenCheckpoint(session.store.folder(chain.pretraining), store: StageStore(results: "nowhere")).form == .stage(key: chain.pretraining))
        func error(_ name: String) -> String { do { _ = try OpenCheckpoint(name, store: session.store); return "" } catch { return "\(error)" } }
        #expect(error("").contains("is neither a folder nor the beginning") && error("xyz").contains("xyz: is neither a folder"))
        let first = try #require(chain.rows[0])
        #expect(error(first).contains("is a stage of kind 'evaluation', which holds no model; its model is stage \(chain.pretraining)"))
    }

    @Test func inspection() throws {
        let folder = try TemporaryFolder()
        let (store, _) = try stage(nil)
        let adapters = try export("lora", folder, "lora")
        let found = try CheckpointInspection(adapters, store: store)
        #expect(found.kind == "adapters" && found.lora?.rank == 2 && found.base == adapters + "/base" && found.tensors.count == 28 && found.tensors[0].type == "F32")
        let base = try CheckpointInspection(adapters + "/base", store: store)
        #expect(base.kind == "transformers" && base.parameterCount == base.configuration?.parameterCount && base.byteCount == 4 * base.parameterCount)
        #expect(base.tokenizer == .usable(vocabulary: 257, endOfText: 256, beginning: [256]))
        let (_, key) = try stage("block-expansion")
        let stage = try CheckpointInspection(key, store: store)
        #expect(stage.kind == "stage" && stage.addedLayers.count == 2 && stage.json["tensors"]?.asList?.count == stage.tensors.count)
        let file = try CheckpointInspection(adapters + "/adapter_model.safetensors", store: store)
        #expect(file.kind == "safetensors" && file.metadata == ["format": "pt"] && file.configuration == nil)
    }
}
