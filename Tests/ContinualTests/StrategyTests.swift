import Continual
import Kernels
import Llama
import Settings
import Testing

/// For each strategy: what it adds, what it trains, in which phases, and what it refuses.
@Suite struct StrategyTests {
    func strategy(_ value: Value) throws(SettingsError) -> any Strategy {
        try Continual.strategy(Settings(validated: try strategyKind.validated(value, at: Path())))
    }

    func base() throws -> LlamaModel {
        let configuration = try LlamaConfiguration(value: [
            "vocab_size": 11, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 4, "num_attention_heads": 2,
            "num_key_value_heads": 1, "max_position_embeddings": 8,
        ])
        return LlamaModel(configuration, seed: 1)
    }

    func logits(_ model: LlamaModel) -> [UInt32] {
        ModelPass(model, Compute(), batch: 1, length: 6).logits(tokens: [1, 2, 3, 4, 5, 10]).map { $0.bitPattern }
    }

    /// As a later phase gets it: read from a checkpoint, everything frozen.
    func stored(_ model: LlamaModel) throws -> LlamaModel { try LlamaModel(Safetensors(data: model.encoded(), path: "memory")) }

    func trained(_ model: LlamaModel) -> [String] { model.parameters.filter(\.isTrainable).map(\.name) }

    // MARK: Each strategy

    @Test func frozen() throws {
        let strategy = try strategy(["kind": "frozen"])
        let model = try base()
        model.setTrainable { _ in true }
        #expect(strategy.phases(taskCount: 3).isEmpty)
        try strategy.prepare(model, phase: 0, seed: 1)
        #expect(trained(model).isEmpty)
    }

    @Test func sequential() throws {
        let strategy = try strategy(["kind": "sequential"])
        let model = try base()
        #expect(strategy.phases(taskCount: 3) == [Phase(tasks: [0], after: 1), Phase(tasks: [1], after: 2), Phase(tasks: [2], after: 3)])
        for phase in 0..<2 {
            model.freeze()
            try strategy.prepare(model, phase: phase, seed: 1)
            #expect(model.trainedParameterCount == model.parameterCount && model.blocks.count == 4 && model.lora == nil)
        }
    }

    @Test func joint() throws {
        let strategy = try strategy(["kind": "joint"])
        let model = try base()
        #expect(strategy.phases(taskCount: 3) == [Phase(tasks: [0, 1, 2], after: 3)])
        try strategy.prepare(model, phase: 0, seed: 1)
        #expect(model.trainedParameterCount == model.parameterCount)
    }

    @Test func lora() throws {
        let strategy = try strategy(["kind": "lora", "r": 3, "lora_alpha": 6, "target_modules": ["v_proj", "q_proj"]])
        #expect(strategy.phases(taskCount: 2) == [Phase(tasks: [0], after: 1), Phase(tasks: [1], after: 2)])
        let model = try base()
        let before = logits(model)
        try strategy.prepare(model, phase: 0, seed: 1)
        let adapters = (0..<4).flatMap { layer in
            ["q_proj", "v_proj"].flatMap { name in ["A", "B"].map { "model.layers.\(layer).self_attn.\(name).lora_\($0).weight" } }
        }
        #expect(trained(model) == adapters && logits(model) == before)
        #expect(model.lora == LoRASettings(rank: 3, alpha: 6, targetModules: ["q_proj", "v_proj"]))
        // The same adapters are carried along.
        let values = model.blocks[0].q.adapter?.a.values.values
        let later = try stored(model)
        try strategy.prepare(later, phase: 1, seed: 2)
        #expect(trained(later) == adapters && later.blocks[0].q.adapter?.a.values.values == values)
        let other = try base()
        try strategy.prepare(other, phase: 0, seed: 2)
        #expect(other.blocks[0].q.adapter?.a.values.values != values)
    }

    @Test func loraByDefaultAdaptsEveryProjection() throws {
        let model = try base()
        try strategy(["kind": "lora"]).prepare(model, phase: 0, seed: 1)
        #expect(model.lora == LoRASettings(rank: 8, alpha: 16, targetModules: Block.linearNames) && trained(model).count == 4 * 7 * 2)
    }

    @Test(arguments: [
        (["blocks": 2], [2, 5]), (["blocks": 1], [4]), (["blocks": 2, "position": "bottom"], [0, 1]), (["blocks": 2, "position": "top"], [4, 5]),
        (["position": [0, 4]], [0, 5]), (["blocks": 2, "position": [3, 1]], [1, 4]), (["blocks": 6], [1, 3, 4, 6, 8, 9]),
    ] as [(Value, [Int])])
    func blockExpansion(settings: Value, added: [Int]) throws {
        var settings = settings
        settings["kind"] = "block-expansion"
        let strategy = try strategy(settings)
        #expect(strategy.phases(taskCount: 2) == [Phase(tasks: [0], after: 1), Phase(tasks: [1], after: 2)])
        let model = try base()
        let before = logits(model)
        try strategy.check(model.configuration)
        try strategy.prepare(model, phase: 0, seed: 1)
        #expect(model.addedLayers == added && model.blocks.count == 4 + added.count && logits(model) == before)
        let expected = added.flatMap { model.blocks[$0].parameters.map(\.name) }
        #expect(trained(model) == expected && expected.count == 9 * added.count)
        // The same blocks are trained on.
        let later = try stored(model)
        try strategy.prepare(later, phase: 1, seed: 1)
        #expect(later.blocks.count == 4 + added.count && trained(later) == expected)
    }

    @Test func choicesThatThePaperLeavesOpenAreNoted() throws {
        let shape = try base().configuration
        func notes(_ settings: Value) throws -> [String] {
            var settings = settings
            settings["kind"] = "block-expansion"
            return try strategy(settings).notes(shape)
        }
        #expect(try notes(["blocks": 2, "position": "bottom"]).first?.hasPrefix("bottom: copies of the first block") == true)
        #expect(try notes(["blocks": 2, "position": "top"]).first?.hasPrefix("top: copies of the last block") == true)
        for blocks in [1, 2, 4] { #expect(try notes(["blocks": .integer(blocks)]).isEmpty) }
        // With four layers the authors' script takes every layer for three blocks, and so refuses.
        #expect(try notes(["blocks": 3]).first?.hasPrefix("3 of 4 interleaved: after layers 1, 2, 4;") == true)
        #expect(try notes(["position": [1, 2]]).isEmpty && strategy(["kind": "lora"]).notes(shape).isEmpty)
    }

    // MARK: What is refused

    func error(_ value: Value) -> SettingsError? {
        do {
            try strategy(value).check(try base().configuration)
            return nil
        } catch {
            return error as? SettingsError
        }
    }

    @Test func strategiesThatDoNotExist() {
        let unknown = error(["kind": "sequental"])
        #expect(unknown?.path.description == "kind" && unknown?.found == "\"sequental\"")
        #expect(unknown?.expected == "one of frozen, sequential, joint, lora, block-expansion, moe-expansion, width, control, partial, o-lora, interpolate, ewc, lwf, agem, osft" && unknown?.advice.contains("sequential") == true)
        #expect(error(["r": 8])?.found == "no key 'kind'")
        #expect(error("lora") != nil && error(["kind": 3]) != nil)
    }

    @Test func keysOfOtherStrategies() {
        for name in ["frozen", "sequential", "joint"] {
            let error = error(["kind": .string(name), "blocks": 2])
            #expect(error?.path.description == "blocks" && error?.subject == .key, "\(name)")
        }
        #expect(error(["kind": "lora", "position": "top"])?.subject == .key)
        #expect(error(["kind": "block-expansion", "blocks": 1, "r": 3])?.subject == .key)
        #expect(error(["kind": "block-expansion", "block": 1])?.advice.contains("blocks") == true)
    }

    @Test func numbersOfBlocksThatCannotBe() {
        for count in [0, -1, 4097, 1.5, "2"] as [Value] {
            #expect(error(["kind": "block-expansion", "blocks": count])?.path.description == "blocks", "\(count)")
        }
        #expect(error(["kind": "block-expansion"])?.found == "no key 'blocks'")
        #expect(error(["kind": "block-expansion", "position": "top"])?.found == "no key 'blocks'")
        #expect(error(["kind": "block-expansion", "blocks": 40]) == nil)
    }

    @Test func positionsThatCannotBe() {
        for position in ["middle", 3, [-1], [1.5], ["top"], []] as [Value] {
            let error = error(["kind": "block-expansion", "blocks": 1, "position": position])
            #expect(error?.path.description.hasPrefix("position") == true, "\(position)")
        }
        let beyond = error(["kind": "block-expansion", "position": [0, 5]])
        #expect(beyond?.path == Path(dotted: "position").appending(1) && beyond?.found == "5")
        #expect(beyond?.expected == "a layer from 0 (below the first) to 4, the base's last")
        let count = error(["kind": "block-expansion", "blocks": 3, "position": [1, 2]])
        #expect(count?.path.description == "blocks" && count?.found == "3" && count?.expected == "2, as many as positions are listed")
        #expect(error(["kind": "block-expansion", "position": [0, 4]]) == nil)
    }

    @Test func adaptersThatCannotBe() {
        let wide = error(["kind": "lora", "r": 13])
        #expect(wide?.path.description == "r" && wide?.found == "13" && wide?.expected == "at most 12, the widest layer")
        #expect(error(["kind": "lora", "r": 12]) == nil)
        for (key, value) in [("r", 0), ("r", -1), ("lora_alpha", 0), ("target_modules", []), ("target_modules", ["lm_head"])] as [(String, Value)] {
            #expect(error(["kind": "lora", key: value])?.path.description.hasPrefix(key) == true, "\(key): \(value)")
        }
    }

    @Test func everyStrategyHasANameOfItsOwn() {
        #expect(strategies.map { $0.variant.name } == ["frozen", "sequential", "joint", "lora", "block-expansion", "moe-expansion", "width", "control", "partial", "o-lora", "interpolate", "ewc", "lwf", "agem", "osft"])
        #expect(strategies.allSatisfy { !$0.variant.help.isEmpty })
    }
}
