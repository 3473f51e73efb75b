import Continual
import Llama
import Settings
import Testing

@testable import Experiments

/// Arms that are made to come near to another one in size or cost.
///
/// The tiny model has two blocks of width 16, feed-forward width 32 and keys of width 8: a block has 256 + 128 + 128 + 256 + 3 * 512 = 2304 weights in
/// matrices and 32 in norms, and adapters of rank 1 in a block have 32 + 24 + 24 + 32 + 3 * 48 = 256.
@Suite struct ArmMatchTests {
    private static let expansion = "{name: expansion, strategy: {kind: block-expansion, blocks: 2}}"

    private func text(_ arms: [String], _ rest: String = "") -> String {
        TinyExperiment.root + "sweep:\n  arms:\n" + arms.map { "    - \($0)\n" }.joined() + rest
    }

    private func experiment(_ arms: [String], _ rest: String = "", words: [String] = []) throws -> Experiment {
        try TinyExperiment.experiment(text([Self.expansion] + arms, rest), words: words)
    }

    /// What the runs of an arm chose.
    private func choices(_ arms: [String], _ rest: String = "", of arm: String) throws -> [MatchedSetting] {
        try experiment(arms, rest).runs.compactMap(\.matched).filter { $0.match.arm == arm }
    }

    private func lora(_ match: String) -> String { "{name: lora, strategy: {kind: lora, lora_alpha: 16}, match: {arm: expansion, \(match)}}" }

    @Test func asManyTrainedParameters() throws {
        // Two blocks have 4672 parameters, rank r has 512 r.
        let experiment = try experiment([lora("by: parameters, key: strategy.r")])
        let run = experiment.runs[1]
        #expect(run.settings.settings("strategy").integer("r") == 9 && run.settings.settings("strategy").number("lora_alpha") == 16)
        let chosen = try #require(run.matched)
        #expect(chosen.value == 9 && chosen.count == 4608 && chosen.target == 4672 && experiment.runs[0].matched == nil)
        #expect(experiment.notes == ["lora: strategy.r = 9 chosen so that trained parameters are 4,608 against 4,672 of expansion (-1.4 %)."])
        #expect(experiment.matches == [chosen.match] && run.label == "arm=lora")
        #expect(try ArmMatch(json: chosen.match.json) == chosen.match)
    }

    @Test func blocksOfTheBaseAndAddedParameters() throws {
        let partial = try choices(["{strategy: {kind: partial}, match: {arm: expansion, by: parameters, key: strategy.blocks}}"], of: "partial")
        #expect(partial.map(\.value) == [2] && partial[0].text.hasSuffix("are 4,672 against 4,672 of expansion (the same)"))
        // Widening doubles 3 * 16 * 32 weights in two layers and trains all.
        let wide = try choices(
            [
                "{strategy: {kind: width}}", "{name: a, strategy: {kind: lora}, match: {arm: width, by: added, key: strategy.r}}",
                "{name: b, strategy: {kind: lora}, match: {arm: width, by: parameters, key: strategy.r}}",
            ], of: "a")
        #expect(wide.map(\.value) == [6] && wide[0].count == 3072 && wide[0].target == 3072)
    }

    /// Freezing more trains less.
    @Test func aCountThatFallsWithTheKey() throws {
        let words = ["base.model.num_hidden_layers=6"]
        // Norm and output projection, 16 + 4112, are trained beside the blocks above: 2 of 6 have 8800, 3 have 11136.
        let arms = ["{strategy: {kind: partial}, match: {arm: expansion, by: parameters, key: strategy.frozen_blocks, tolerance: 1}}"]
        let near = try TinyExperiment.experiment(text(["{name: expansion, strategy: {kind: block-expansion, blocks: 4}}"] + arms), words: words)
        #expect(near.runs[1].matched?.value == 4 && near.runs[1].matched?.count == 8800 && near.runs[1].matched?.target == 9344)
    }

    /// Forward a token: 2 * 2304 a block and 1024 for its attention (4 * 32 / 2 * 16), 2 * 257 * 16 for the output projection. Sequential training is three of all; of three
    /// blocks behind the last of which backward ends, it is 5/3 of the blocks and two of the projection.
    @Test func asManyOperations() throws {
        let arms = ["{name: expansion, strategy: {kind: block-expansion, blocks: 1}}", "{strategy: {kind: sequential}, match: {arm: expansion, by: flops, key: train.steps}}"]
        let experiment = try TinyExperiment.experiment(text(arms), [("train: {steps: 4,", "train: {steps: 400,")])
        let chosen = try #require(experiment.runs[1].matched)
        let (sequential, expansion) = (3 * (2 * 5632 + 8224), 5 * 5632 + 2 * 8224)
        #expect(sequential == 58464 && expansion == 44608)
        // 400 * 44608 / 58464 = 305.2; steps of four sequences of 32 tokens, two tasks.
        #expect(chosen.value == 305 && chosen.count == Double(305 * 256 * sequential))
        #expect(abs(chosen.target - Double(400 * 256 * expansion)) < 1)
        #expect(experiment.runs[1].train.steps == 305)
        #expect(experiment.notes == ["sequential: train.steps = 305 chosen so that training FLOPs are 4.56e+09 against 4.57e+09 of expansion (-0.1 %)."])
        // The learning rate's schedule and the steps differ for that reason alone.
        let graph = try StageGraph(experiment, family: "f")
        #expect(!graph.notes().contains { $0.contains("train.steps") })
        let third = try TinyExperiment.experiment(text(arms + ["{name: short, strategy: {kind: lora}, train: {steps: 7}}"]), [("train: {steps: 4,", "train: {steps: 400,")])
        #expect(try StageGraph(third, family: "f").notes().contains("Arms differ in train.steps too (400, 7)."))
    }

    /// What is counted before is what the stages have: sizes of real models, and the costs that tables show.
    @Test func sizesOfAllStrategies() throws {
        let settings = [
            "{kind: frozen}", "{kind: sequential}", "{kind: joint}", "{kind: lora, r: 3, target_modules: [q_proj, down_proj]}", "{kind: lora, adapters: new}",
            "{kind: lora, adapters: merged}", "{kind: block-expansion, blocks: 2}", "{kind: block-expansion, blocks: 1, added: per-task}",
            "{kind: block-expansion, blocks: 1, train: all}", "{kind: block-expansion, blocks: 1, train: none}", "{kind: moe-expansion}", "{kind: width, growth: 0.4}",
            "{kind: control, blocks: 1}", "{kind: control, learned: true}", "{kind: partial, blocks: 1}", "{kind: partial, frozen_blocks: 1}", "{kind: o-lora}",
            "{kind: interpolate}", "{kind: ewc}", "{kind: lwf}", "{kind: agem}", "{kind: osft}",
        ]
        let arms = settings.enumerated().map { "{name: a\($0), strategy: \($1), train: {eval_steps: 2}}" }
        let graph = try StageGraph(TinyExperiment.experiment(text(arms)), family: "f")
        #expect(Set(graph.chains.map(\.run.strategyName)) == Set(strategies.map { $0.variant.name }))
        let costs = Dictionary(uniqueKeysWithValues: zip(graph.stages.map(\.key), try graph.costs()))
        for (chain, name) in zip(graph.chains, settings) {
            let run = chain.run
            let size = try StreamSize(run)
            let model = LlamaModel(run.base)
            var (added, trained) = (0, 0)
            for index in run.phases.indices {
                model.freeze()
                try run.strategy.prepare(model, phase: index, seed: 0)
                added = max(added, model.parameterCount - run.base.parameterCount)
                trained = max(trained, model.trainedParameterCount)
                run.strategy.finish(model, phase: index)
            }
            #expect(size.added == added && size.trained == trained, "\(name)")
            let stages = chain.phases.compactMap { costs[$0.key] }
            #expect(size.operations == stages.reduce(0) { $0 + $1.trainingOperations }, "\(name)")
            #expect(stages.allSatisfy { size.operations == 0 || $0.operations > $0.trainingOperations }, "\(name)")
        }
    }

    /// A run with a chosen setting is the run that has it in the file, and all others are what they were.
    @Test func stagesAreThoseOfTheChosenSetting() throws {
        let chosen = try experiment([lora("by: parameters, key: strategy.r")])
        let written = try experiment(["{name: other, strategy: {kind: lora, r: 9, lora_alpha: 16}}"])
        func keys(_ experiment: Experiment) throws -> [String] { try StageGraph(experiment, family: "f").stages.map(\.key) }
        #expect(try keys(chosen) == keys(written))
        // As workers make it again, and as a job of Slurm gets it.
        #expect(try keys(chosen.source.experiment()) == keys(chosen))
        let graph = try StageGraph(chosen, family: "f")
        let job = try #require(try StageJob.jobs(of: graph).last { $0.run.matched != nil })
        let order = try #require(SlurmOrder(json: SlurmOrder(job, family: "f").json))
        #expect(try order.resolved().map(\.key) == job.stages.map(\.key))
        // Seeds, and a sample that may have none of the other arm.
        let seeds = try experiment([lora("by: parameters, key: strategy.r")], "  grid: {seed: [0, 1, 2, 3]}\n  sample: {count: 3, seed: 1}\n")
        #expect(seeds.runs.allSatisfy { ($0.strategyName == "lora") == ($0.matched?.value == 9) } && seeds.runs.contains { $0.matched != nil })
    }

    @Test func pointByPoint() throws {
        let layers = "  grid: {base.model.num_hidden_layers: [2, 4], seed: [0, 1]}\n"
        let experiment = try experiment([lora("by: parameters, key: strategy.r")], layers)
        // In four layers rank r has 1024 r: 5120 is nearer to 4672 than 4096.
        #expect(experiment.runs.compactMap(\.matched?.value) == [9, 9, 5, 5])
        #expect(
            experiment.notes == [
                "lora (base.model.num_hidden_layers=2): strategy.r = 9 chosen so that trained parameters are 4,608 against 4,672 of expansion (-1.4 %).",
                "lora (base.model.num_hidden_layers=4): strategy.r = 5 chosen so that trained parameters are 5,120 against 4,672 of expansion (+9.6 %).",
            ])
        // Axes of the arms' own: the same values are met, and others do not matter where they do not count.
        let own = "{name: expansion, strategy: {kind: block-expansion, blocks: 2}, grid: {train.batch_size: [2, 8], train.learning_rate: [0.1, 0.2]}}"
        let lora = "{strategy: {kind: lora, r: 1}, match: {arm: expansion, by: flops, key: train.steps, tolerance: 0.5}, grid: {train.batch_size: [8, 2], train.learning_rate: [0.3]}}"
        let steps = try TinyExperiment.experiment(text([own, lora])).runs.compactMap(\.matched)
        #expect(steps.count == 2 && steps[0].value == steps[1].value && steps[0].target == 4 * steps[1].target && steps[0].target > 0)
    }

    static let wrong: [(arms: [String], words: [String], message: String)] = [
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters}}"], [], "e.yaml:17:48: sweep.arms[1].match: found no key 'key', expected 'key': text (the setting that is chosen, a whole number: strategy.r, train.steps ...)"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: weight, key: strategy.r}}"], [], "e.yaml:17:69: sweep.arms[1].match.by: found \"weight\", expected one of parameters, added, flops"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expanson, by: flops, key: strategy.r}}"], [], "e.yaml:17:54: sweep.arms[1].match.arm: found \"expanson\", expected the name of another arm: expansion; did you mean 'expansion'?"),
        (["{name: x, strategy: {kind: lora}, match: {arm: x, by: flops, key: strategy.r}}"], [], "e.yaml:17:54: sweep.arms[1].match.arm: found the arm itself, expected another one; there are expansion"),
        (
            ["{name: x, strategy: {kind: lora}, match: {arm: y, by: flops, key: strategy.r}}", "{name: y, strategy: {kind: o-lora}, match: {arm: expansion, by: flops, key: strategy.r}}"], [],
            "e.yaml:17:54: sweep.arms[1].match.arm: found 'y', which has a match of its own, expected an arm without one; it comes near to 'expansion'"
        ),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: strategy.lora_alpha}}"], [], "e.yaml:17:86: sweep.arms[1].match.key: found 'strategy.lora_alpha', which is no whole number of this arm, expected one of strategy.r, train.batch_size, train.eval_steps, train.gradient_accumulation_steps, train.logging_steps, train.sequence_length, train.steps"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: train.step}}"], [], "e.yaml:17:86: sweep.arms[1].match.key: found 'train.step', which is no whole number of this arm, expected one of strategy.r, train.batch_size, train.eval_steps, train.gradient_accumulation_steps, train.logging_steps, train.sequence_length, train.steps; did you mean 'train.steps'?"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: base.model.hidden_size}}"], [], "e.yaml:17:86: sweep.arms[1].match.key: found \"base.model.hidden_size\", expected the dotted path of a whole number of strategy or train, such as strategy.r or train.steps"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: train.steps}}"], [], "e.yaml:17:86: sweep.arms[1].match.key: found 'train.steps', which leaves the trained parameters at 4,096 whatever it is, expected a setting that changes them"),
        (["{name: x, strategy: {kind: lora, target_modules: [q_proj]}, match: {arm: expansion, by: parameters, key: strategy.r}}"], [], "e.yaml:17:112: sweep.arms[1].match.key: found strategy.r = 32 as the nearest, which makes 2,048 trained parameters, expected within 10 % of the 4,672 of 'expansion'; raise 'tolerance' or choose another key; 33 is refused, expected at most 32, the widest layer"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: strategy.r, tolerance: 0.01}}"], [], "e.yaml:17:86: sweep.arms[1].match.key: found strategy.r = 9 as the nearest, which makes 4,608 trained parameters, expected within 1 % of the 4,672 of 'expansion'; raise 'tolerance' or choose another key"),
        (["{name: x, strategy: {kind: lora}, match: {arm: frozen, by: parameters, key: strategy.r}}", "{strategy: {kind: frozen}}"], [], "e.yaml:17:54: sweep.arms[1].match.arm: found 'frozen', which has no trained parameters, expected an arm that has"),
        (["{name: x, strategy: {kind: lora, r: 4}, match: {arm: expansion, by: parameters, key: strategy.r}}"], [], "e.yaml:17:40: sweep.arms[1].strategy.r: found 'strategy.r', which the match of the arm 'x' chooses, expected the setting or the match, not both"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: strategy.r}, grid: {strategy.r: [1, 2]}}"], [], "e.yaml:17:106: sweep.arms[1].grid.strategy.r: found an axis of 'strategy.r', which the match of the arm 'x' chooses, expected the axis or the match, not both"),
        (["{name: x, strategy: {kind: sequential}, match: {arm: expansion, by: flops, key: train.steps}}"], ["train.steps=3"], "command line, 'train.steps=3': train.steps: found a value for 'train.steps', which the match of the arm 'x' chooses, expected none; sweep.arms[0].train.steps=VALUE sets it in 'expansion' alone"),
        (["{name: x, strategy: {kind: sequential}, match: {arm: expansion, by: flops, key: train.steps}}"], ["train.steps=3,4"], "command line, 'train.steps=3,4': sweep.grid.train.steps: found an axis of 'train.steps', which the match of the arm 'x' chooses, expected the axis or the match, not both"),
        (["{name: x, strategy: {kind: lora}, match: {arm: many, by: parameters, key: strategy.r}}", "{name: many, strategy: {kind: block-expansion, position: top}, grid: {strategy.blocks: [1, 2]}}"], [], "e.yaml:17:54: sweep.arms[1].match.arm: found 'many', whose runs beside 'arm=x' have 2,336 to 4,672 trained parameters, expected one count; write an arm of its own for each, or give both arms the axis"),
        (["{name: x, strategy: {kind: lora}, match: {arm: expansion, by: parameters, key: strategy.r}}", "{name: y, strategy: {kind: lora, r: 9}}"], [], "e.yaml:17:48: sweep.arms[1].match: found the run 'arm=y' that is the same as 'arm=x', expected runs that differ"),
        (["{name: x, strategy: {kind: lorra}, match: {arm: expansion, by: parameters, key: strategy.r}}"], [], "e.yaml:17:34: strategy.kind: found \"lorra\", expected one of"),
        (["{name: x, strategy: {kind: lora, s: 1}, match: {arm: expansion, by: parameters, key: strategy.r}}"], [], "e.yaml:17:40: strategy.s: found an unknown key 's'"),
    ]

    @Test(arguments: wrong.indices) func whatIsWrong(index: Int) throws {
        let (arms, words, message) = Self.wrong[index]
        do {
            _ = try experiment(arms, words: words)
            Issue.record("accepted: \(message)")
        } catch {
            #expect("\(error)".hasPrefix(message), "\(error)")
        }
    }

    @Test func theSchemaKnowsIt() throws {
        let match = ExperimentFields.schema["properties"]?["sweep"]?["properties"]?["arms"]?["items"]?["properties"]?["match"]
        let object = match?["anyOf"]?.asList?.first ?? match
        #expect(object?["properties"]?["by"]?["enum"] == ["parameters", "added", "flops"])
        #expect(object?["required"] == ["arm", "by", "key"] && object?["properties"]?["tolerance"]?["default"] == 0.1)
    }
}
