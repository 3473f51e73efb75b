import Continual
import Corpus
import Kernels
import Llama
import Settings
import Testing

/// The controls of block expansion, partial training and the ways of LoRA: what is added and trained in each phase, and what is refused.
@Suite struct StrategyControlTests {
    private let shared = StrategyTests()

    private func trainedLayers(_ model: LlamaModel) -> [Int] { model.blocks.indices.filter { model.blocks[$0].isTrainable } }

    @Test func whatExpansionTrains() throws {
        for (train, layers, everything) in [("new", [2, 5], false), ("all", Array(0..<6), true), ("none", [], false)] {
            let strategy = try shared.strategy(["kind": "block-expansion", "blocks": 2, "train": .string(train)])
            let model = try shared.base()
            try strategy.prepare(model, phase: 0, seed: 1)
            #expect(trainedLayers(model) == layers && model.embedding.isTrainable == everything && model.head.isTrainable == everything)
            #expect(strategy.phases(taskCount: 2).map(\.trains) == [train != "none", train != "none"])
        }
    }

    @Test func blocksOfTheirOwnForEachTask() throws {
        let strategy = try shared.strategy(["kind": "block-expansion", "blocks": 2, "added": "per-task", "init": "random"])
        #expect(strategy.growsEachPhase)
        let model = try shared.base()
        try strategy.prepare(model, phase: 0, seed: 1)
        #expect(model.addedLayers == [2, 5] && trainedLayers(model) == [2, 5])
        let first = model.blocks[2].gate.weight.values.values
        let later = try shared.stored(model)
        try strategy.prepare(later, phase: 1, seed: 1)
        #expect(later.addedLayers == [2, 3, 6, 7] && trainedLayers(later) == [3, 7] && later.blocks[2].gate.weight.values.values == first)
        // Drawn anew for each task, also where a block gets the place that one had before.
        let names = [2, 5].map { model.blocks[$0].gate.weight.values.values } + [3, 7].map { later.blocks[$0].gate.weight.values.values }
        #expect(Set(names).count == 4)
    }

    @Test(arguments: [
        (["blocks": 2], [1, 3]), (["blocks": 1], [3]), (["blocks": 3], [0, 1, 3]), (["blocks": 2, "position": "bottom"], [0, 1]),
        (["blocks": 3, "position": "top"], [1, 2, 3]), (["position": [4, 1]], [0, 3]), (["frozen_blocks": 1], [1, 2, 3]), (["frozen_blocks": 3], [3]),
    ] as [(Value, [Int])])
    func partial(settings: Value, layers: [Int]) throws {
        var settings = settings
        settings["kind"] = "partial"
        let strategy = try shared.strategy(settings)
        let model = try shared.base()
        try strategy.check(model.configuration)
        for phase in 0..<2 {
            model.setTrainable { _ in true }
            try strategy.prepare(model, phase: phase, seed: 1)
            let above = settings["frozen_blocks"] != nil
            #expect(try trainedLayers(model) == layers && model.parameterCount == shared.base().parameterCount)
            #expect(!model.embedding.isTrainable && model.head.isTrainable == above && model.norm.isTrainable == above)
        }
    }

    /// A block that gives nothing has no influence; one whose outputs are large has the most.
    @Test func placementByInfluence() throws {
        let base = try shared.base()
        for parameter in [base.blocks[1].o.weight, base.blocks[1].down.weight] { parameter.values.fill(0) }
        for i in 0..<base.blocks[2].o.weight.count { base.blocks[2].o.weight.values.base[i] *= 300 }
        var random = RandomStream(seed: 3, "text")
        let text = (0..<300).map { _ in Int32(random.below(11)) }
        let batches = try Batches(domains: [text], weights: [1], sequenceLength: 8, seed: 1, label: "text")
        let tokens = (0..<16).map { _ in Int32(random.below(11)) }
        let influence = ModelPass(base, Compute(), batch: 2, length: 8).blockInfluence(tokens: tokens)
        #expect(influence[1].magnitude < 1e-12 && influence[2] == influence.max() && influence.allSatisfy { -1e-12...2 ~= $0 })
        for (position, added) in [("most-influential", 3), ("least-influential", 2)] {
            let plain = try shared.strategy(["kind": "block-expansion", "blocks": 1, "position": .string(position)])
            #expect(plain.earlierText(phase: 0) == EarlierText(includesBase: true, phases: 0..<0) && plain.earlierText(phase: 1) == nil)
            for threads in [1, 2] {
                let model = try shared.stored(base)
                try plain.surveyed(model, batches, Compute(threads: threads)).prepare(model, phase: 0, seed: 1)
                #expect(model.addedLayers == [added], "\(position)")
            }
        }
        #expect(shared.error(["kind": "block-expansion", "blocks": 5, "position": "most-influential"])?.path.description == "blocks")
        #expect(shared.error(["kind": "block-expansion", "blocks": 1, "position": "most-influential", "added": "per-task"])?.path.description == "position")
    }

    @Test func secondBlocksAndWidth() throws {
        let moe = try shared.base()
        try shared.strategy(["kind": "moe-expansion"]).prepare(moe, phase: 0, seed: 1)
        #expect(moe.secondLayers == [0, 1, 2, 3] && moe.trainedParameterCount == 4 * (3 * 8 * 12 + 2) && shared.trained(moe).allSatisfy { $0.contains(".second.") })
        for (settings, layers) in [([:], [0, 1, 2, 3]), (["blocks": 2, "position": "top"], [2, 3]), (["position": [1]], [0])] as [(Value, [Int])] {
            var settings = settings
            (settings["kind"], settings["ratio"]) = ("control", 0.2)
            let (strategy, model) = (try shared.strategy(settings), try shared.base())
            try strategy.check(model.configuration)
            try strategy.prepare(model, phase: 0, seed: 1)
            #expect(try model.secondLayers == layers && shared.logits(model) == shared.logits(shared.base()))
            #expect(model.blocks.compactMap(\.second).allSatisfy { abs($0.weight - 0.2) < 1e-6 && !$0.gates.isTrainable && $0.block.isTrainable })
            let later = try shared.stored(model)
            try strategy.prepare(later, phase: 1, seed: 1)
            #expect(shared.trained(later) == shared.trained(model) && later.secondLayers == layers)
        }
        #expect(shared.error(["kind": "control", "blocks": 5])?.path.description == "blocks" && shared.error(["kind": "control", "position": "top"])?.path.description == "position")
        let (strategy, model) = (try shared.strategy(["kind": "width", "growth": 0.5]), try shared.base())
        try strategy.prepare(model, phase: 0, seed: 1)
        #expect(model.configuration == strategy.shape(try shared.base().configuration) && model.configuration.intermediateSize == 18)
        let later = try shared.stored(model)
        try strategy.prepare(later, phase: 1, seed: 1)
        #expect(later.configuration.intermediateSize == 18 && later.trainedParameterCount == later.parameterCount)
    }

    @Test func partialThatCannotBe() throws {
        for (settings, path) in [
            ([:], ""), (["blocks": 5], "blocks"), (["frozen_blocks": 4], "frozen_blocks"), (["frozen_blocks": 1, "blocks": 1], "frozen_blocks"),
            (["position": [5]], "position[0]"), (["position": [1, 1]], "position[1]"), (["position": [1, 2], "blocks": 1], "blocks"),
            (["frozen_blocks": 1, "position": "top"], "position"), (["position": [0]], "position[0]"),
        ] as [(Value, String)] {
            var settings = settings
            settings["kind"] = "partial"
            #expect(shared.error(settings)?.path.description == path, "\(settings)")
        }
    }

    @Test func adaptersThatAreMergedOrDropped() throws {
        for adapters in ["merged", "new"] {
            let strategy = try shared.strategy(["kind": "lora", "r": 2, "adapters": .string(adapters)])
            let model = try shared.base()
            let plain = model.encoded()
            try strategy.prepare(model, phase: 0, seed: 1)
            let b = try #require(model.blocks[1].up.adapter?.b), a = try #require(model.blocks[1].up.adapter?.a.values.values)
            b.values.fill(0.5)
            let trained = shared.logits(model)
            strategy.finish(model, phase: 0)
            #expect((model.lora == nil) == (adapters == "merged"))
            let later = try shared.stored(model)
            try strategy.prepare(later, phase: 1, seed: 1)
            #expect(later.blocks[1].up.adapter?.a.values.values != a && later.blocks[1].up.adapter?.b.values.values.allSatisfy { $0 == 0 } == true)
            #expect(later.trainedParameterCount == 4 * 2 * (3 * (8 + 12) + 2 * (8 + 8) + 2 * (8 + 4)))
            // On top of what was merged, or on the base again.
            later.removeLoRA()
            #expect((later.encoded() == plain) == (adapters == "new"))
            #expect(trained != shared.logits(try shared.base()))
        }
    }

    @Test func replay() throws {
        func error(_ replay: Value, _ strategy: Value, tasks: Int) throws -> SettingsError? {
            let replay = Replay(settings: try Settings(replay, fields: Replay.fields))
            do throws(SettingsError) { try replay.check(try shared.strategy(strategy), taskCount: tasks) } catch { return error }
            return nil
        }
        #expect(try error(["share": 0.1], ["kind": "sequential"], tasks: 1) == nil && error(["share": 0.1, "from": "base"], ["kind": "joint"], tasks: 2) == nil)
        #expect(try error(["share": 0.1, "from": "tasks"], ["kind": "lora"], tasks: 2) == nil)
        #expect(try error(["share": 0.1], ["kind": "frozen"], tasks: 2)?.found == "replay beside a strategy that trains nothing")
        #expect(try error(["share": 0.1], ["kind": "block-expansion", "blocks": 1, "train": "none"], tasks: 2)?.advice == "put it into the arms that train")
        for (kind, tasks) in [("joint", 3), ("sequential", 1)] {
            #expect(try error(["share": 0.1, "from": "tasks"], ["kind": .string(kind)], tasks: tasks)?.found == "replay of earlier tasks, of which there are none")
        }
        for share in [0, 1, -0.1, 2] as [Value] { #expect(throws: SettingsError.self) { try Settings(["share": share], fields: Replay.fields) } }
    }
}
