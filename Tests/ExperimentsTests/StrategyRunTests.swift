import Corpus
import Foundation
import Kernels
import Settings
import Testing

@testable import Experiments
@testable import Results

/// Every strategy through a whole experiment: interrupted wherever it can be it ends as one that was left alone, whatever the number of threads; and what it costs.
@Suite struct StrategyRunTests {
    /// A name and the arm.
    static let arms = [
        ("copy", "{strategy: {kind: block-expansion, blocks: 2, init: copy, train: all}}"),
        ("none", "{strategy: {kind: block-expansion, blocks: 1, init: random, train: none}}"),
        ("per-task", "{strategy: {kind: block-expansion, blocks: 1, init: zero-norms, added: per-task}, replay: {share: 0.5, from: tasks}}"),
        ("influence", "{strategy: {kind: block-expansion, blocks: 1, position: least-influential}}"),
        ("partial", "{strategy: {kind: partial, frozen_blocks: 1}}"),
        ("dropout", "{strategy: {kind: lora, r: 2, lora_dropout: 0.3, adapters: merged}}"),
        ("new", "{strategy: {kind: lora, r: 2, adapters: new, target_modules: [q_proj]}}"),
        ("o-lora", "{strategy: {kind: o-lora, r: 2}, replay: {share: 0.25, from: base}}"),
        ("interpolate", "{strategy: {kind: interpolate}}"),
        ("ewc", "{strategy: {kind: ewc, sequences: 3}}"),
        ("lwf", "{strategy: {kind: lwf}}"),
        ("agem", "{strategy: {kind: agem}}"),
        ("moe", "{strategy: {kind: moe-expansion}}"),
        ("width", "{strategy: {kind: width, growth: 0.5}}"),
        ("control", "{strategy: {kind: control, learned: true, blocks: 1}}"),
        ("osft", "{strategy: {kind: osft, keep: 0.25}}"),
    ]

    private func graph(_ names: [String]) throws -> StageGraph {
        let arms = Self.arms.filter { names.contains($0.0) }
        #expect(arms.count == names.count)
        let lines = arms.map { "    - {name: \($0.0), \($0.1.dropFirst())\n" }.joined()
        return try TinyExperiment.graph(TinyExperiment.root + "sweep:\n  arms:\n" + lines, [("{steps: 4,", "{steps: 3,")])
    }

    @Test(arguments: [["copy", "none", "per-task", "influence", "partial"], ["dropout", "new", "o-lora"], ["interpolate", "ewc", "lwf", "agem"], ["moe", "width", "control", "osft"]])
    func interruptedAsUninterrupted(names: [String]) throws {
        let graph = try graph(names)
        let (plain, session) = (try TinySession(), try TinySession())
        #expect(try plain.run(graph).isEmpty)
        for stage in graph.stages { #expect(plain.store.state(stage.key) == .done, "\(stage.title)") }
        let stops = try session.runInterrupted(graph)
        #expect(try session.difference(from: plain, graph) == nil && stops > 4 * (names.count - 1))
        for stage in graph.stages {
            let files = FileManager.default
            #expect(files.contents(atPath: plain.store.carried(stage.key)) == files.contents(atPath: session.store.carried(stage.key)), "\(stage.title)")
            #expect(try plain.folder.names("results/stages/\(stage.key)") == session.folder.names("results/stages/\(stage.key)"))
        }
        // Every arm ends with another model.
        let models = Set(graph.chains.compactMap { FileManager.default.contents(atPath: plain.store.model($0.phases.last?.key ?? "")) })
        #expect(models.count == names.count)
    }

    @Test func whatIsCarriedIsVerified() throws {
        let graph = try graph(["ewc"])
        let session = try TinySession()
        try session.run(graph)
        let phases = graph.chains[0].phases.map(\.key)
        // Damaged, it is made anew when a stage needs it.
        let path = session.store.carried(phases[0])
        var bytes = try #require(FileManager.default.contents(atPath: path))
        bytes[bytes.count - 3] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        try FileManager.default.removeItem(atPath: session.store.folder(phases[1]))
        #expect(session.store.damage(phases[0])?.problem == "does not have the hash that it was finished with")
        #expect(try session.run(graph).isEmpty)
        #expect(session.notes.contains { $0.contains("carried.safetensors does not have the hash") } && session.store.damage(phases[0]) == nil)
    }

    @Test func whatStrategiesSaw() throws {
        let graph = try graph(["o-lora", "agem"])
        let session = try TinySession()
        try session.run(graph)
        func seen(_ chain: Int) throws -> [[String: Double]] { try graph.chains[chain].phases.map { try StageRecords(session.store, $0.key).retention } }
        let (overlaps, projections) = (try seen(0), try seen(1))
        #expect(overlaps[0].isEmpty && (0...1).contains(overlaps[1]["overlap"] ?? -1))
        #expect(projections.allSatisfy { (0...1).contains($0["projected"] ?? -1) })
        let records = try RunRecord.records(of: graph, store: session.store).map(\.metrics)
        #expect(records[0].last?.name == "retention.overlap" && records[0].last?.value == overlaps[1]["overlap"])
        let mean = projections.reduce(0) { $0 + ($1["projected"] ?? 0) } / 2
        #expect(records[1].last?.name == "retention.projected" && records[1].last?.value == mean)
        #expect(TableColumns.retention == ["retention.overlap", "retention.projected"])
    }

    /// What a stage reads is in its recipe: earlier text too, where there is any, and only there.
    @Test func recipes() throws {
        let graph = try graph(["per-task", "o-lora", "ewc", "agem"])
        func recipe(_ arm: Int, _ phase: Int) throws -> Value {
            let key = graph.chains[arm].phases[phase].key
            return try #require(graph.stages.first { $0.key == key }).recipe
        }
        func data(_ value: Value?) -> [Value] { value?.asList ?? [] }
        let base = try #require(graph.stages.first { $0.title == "base" }).recipe["data"]
        let first = try recipe(0, 0)["data"]
        #expect(try recipe(0, 0)["replay"] == nil && recipe(0, 1)["replay"] == ["share": 0.5, "data": try #require(first)])
        #expect(try recipe(1, 0)["replay"] == ["share": 0.25, "data": try #require(base)] && recipe(1, 1)["replay"]?["data"] == base)
        #expect(try recipe(2, 0)["earlier"] == base && recipe(2, 1)["earlier"] == first)
        #expect(try data(recipe(3, 1)["earlier"]) == data(base) + data(first) && recipe(0, 1)["earlier"] == nil)
        // A quarter of the sequences is replayed, all domains as often.
        guard case .task(_, _, var lesson) = try #require(graph.stages.first { $0.key == graph.chains[1].phases[1].key }).work else { throw TinyExperiment.MissingPart(part: "task") }
        #expect(lesson.weights == [0.75, 0.25])
        lesson.replay?.data += lesson.data
        lesson.data += lesson.data
        #expect(lesson.weights == [0.375, 0.375, 0.125, 0.125])
        lesson.replay = nil
        #expect(lesson.weights == [1, 1])
        // Without replay the recipe is what it was.
        let plain = try TinyExperiment.graph()
        #expect(plain.stages.allSatisfy { $0.recipe["replay"] == nil && $0.recipe["earlier"] == nil })
        #expect(try TinyExperiment.graph(TinyExperiment.sequential, [("strategy:", "replay: {share: 0.5, from: tasks}\nstrategy:")]).chains[0].phases[0].key == plain.chains[0].phases[0].key)
    }

    @Test func costs() throws {
        let graph = try graph(Self.arms.map(\.0))
        let sequential = try TinyExperiment.graph(TinyExperiment.sequential, [("{steps: 4,", "{steps: 3,")])
        func task(_ graph: StageGraph, _ chain: Int, _ phase: Int = 1) throws -> StageCost {
            try graph.costs()[try #require(graph.stages.firstIndex { $0.key == graph.chains[chain].phases[phase].key })]
        }
        let plain = try task(sequential, 0)
        func ratio(_ name: String, _ phase: Int = 1) throws -> (operations: Double, memory: Double, disk: Double) {
            let cost = try task(graph, try #require(Self.arms.firstIndex { $0.0 == name }), phase)
            return (cost.operations / plain.operations, cost.memoryBytes / plain.memoryBytes, cost.diskBytes / plain.diskBytes)
        }
        let (none, lwf, agem, ewc) = (try ratio("none"), try ratio("lwf"), try ratio("agem"), try ratio("ewc"))
        let (interpolate, partial, first, second) = (try ratio("interpolate"), try ratio("partial"), try ratio("per-task", 0), try ratio("per-task", 1))
        #expect(none.operations == 0)
        // A forward pass of the teacher is a third of a step; a second batch a whole one.
        #expect(abs(lwf.operations - 4.0 / 3) < 1e-6 && lwf.memory > 1)
        #expect(abs(agem.operations - 2) < 1e-6 && agem.memory > 1)
        // Three sequences beside three steps of four.
        #expect(abs(ewc.operations - 1.25) < 1e-6 && ewc.memory > 1 && ewc.disk > 1.9)
        #expect(interpolate.operations == 1 && interpolate.memory > 1)
        #expect(partial.operations < 1 && partial.memory < 1)
        #expect(first.operations < second.operations && first.disk < second.disk)
        let (moe, width, control, osft) = (try ratio("moe"), try ratio("width"), try ratio("control"), try ratio("osft"))
        // Of 12912 weights a block has 2336, its feed-forward layer 1536.
        for (found, added) in [(moe, 2 * 1536), (width, 1536), (control, 2336), (osft, 0)] { #expect(abs(found.disk - 1 - Double(added) / 12912) < 0.01) }
        #expect(moe.operations > control.operations && width.operations > 1.05 && osft.memory > partial.memory)
        // Disk is what a checkpoint takes, its header aside.
        let saved = try TinySession()
        let others = try self.graph(["moe", "width", "control"])
        try saved.run(others)
        for (stage, cost) in zip(others.stages, try others.costs()) where stage.kind == "task" {
            let bytes = Double(try #require(FileManager.default.contents(atPath: saved.store.model(stage.key))).count)
            #expect(cost.diskBytes < bytes && cost.diskBytes > bytes - 9000, "\(stage.title): \(cost.diskBytes) of \(bytes)")
        }
        let (some, all) = (try ratio("new"), try ratio("dropout"))
        #expect(some.operations < all.operations)
        // The same from recipes alone.
        let session = try TinySession()
        for stage in graph.stages { try session.store.begin(stage) }
        var recipes = RecipeCosts(session.store)
        for (stage, cost) in zip(graph.stages, try graph.costs()) where stage.kind == "task" { #expect(recipes.cost(of: stage.key)?.operations == cost.operations, "\(stage.title)") }
    }
}
