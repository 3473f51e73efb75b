import Foundation
import Kernels
import Testing

@testable import Experiments

@Suite struct StageGraphTests {
    private func keys(_ text: String = TinyExperiment.sequential, _ changes: [(String, String)] = [], words: [String] = []) throws -> [String] {
        try TinyExperiment.graph(text, changes, words: words).stages.map(\.key)
    }

    private func work(_ stage: Stage) -> String {
        switch stage.work {
        case .tokenizer: "tokenizer"
        case .pretraining(_, _, let lesson): "pretraining \(lesson.train.steps)"
        case .task(_, let phase, let lesson): "task \(phase) of \(lesson.data.map(\.name)) \(lesson.train.steps)"
        case .instruction: "instruction"
        case .evaluation: "evaluation"
        }
    }

    @Test func aRunIsAChain() throws {
        let graph = try TinyExperiment.graph()
        let chain = try #require(graph.chains.first)
        #expect(
            chain.stages.map(work) == [
                "tokenizer", "pretraining 0", "evaluation", "pretraining 6", "evaluation", "task 0 of [\"sums\"] 4", "evaluation",
                "task 1 of [\"terms\"] 4", "evaluation",
            ])
        let parents = chain.stages.map { stage in chain.stages.firstIndex { $0.key == stage.parent } }
        #expect(parents == [nil, 0, 1, 0, 3, 3, 5, 5, 7])
        #expect(chain.randomEvaluation == chain.stages[2].key)
        #expect(chain.pretraining == chain.stages[3].key)
        #expect(chain.rows == [4, 6, 8].map { chain.stages[$0].key })
        #expect(chain.phases.map(\.key) == [5, 7].map { chain.stages[$0].key } && chain.phases.map(\.tasks) == [[0], [1]])
        #expect(Set(graph.stages.map(\.key)).count == 9)
        #expect(graph.stages.allSatisfy { $0.key.count == 64 && $0.key.allSatisfy { $0.isHexDigit } })
    }

    @Test func runsShareWhatTheyHaveInCommon() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        // Tokenizer, random and pretrained base with their evaluations; then 0, 4, 2, 4 and 4 stages.
        #expect(graph.stages.count == 5 + 14)
        #expect(Set(graph.chains.map(\.pretraining)).count == 1 && Set(graph.chains.map { $0.rows[0] }).count == 1)
        for chain in graph.chains { for (index, stage) in chain.stages.enumerated() {
            #expect(stage.parent == nil || chain.stages[..<index].contains { $0.key == stage.parent })
        } }
        for (index, stage) in graph.stages.enumerated() {
            #expect(stage.parent == nil || graph.stages[..<index].contains { $0.key == stage.parent })
        }
        // Streams that begin alike share the beginning.
        let orders = try TinyExperiment.graph(words: ["stream=[sums, terms],[sums]"])
        #expect(orders.chains[0].phases[0].key == orders.chains[1].phases[0].key)
    }

    @Test func frozenTrainsNothingAndJointAllAtOnce() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        let (frozen, joint) = (graph.chains[0], graph.chains[2])
        #expect(frozen.stages.count == 5 && frozen.phases.isEmpty)
        #expect(frozen.rows == [frozen.rows[0], frozen.rows[0], frozen.rows[0]] && frozen.rows[0] != nil)
        #expect(joint.stages.map(work)[5...] == ["task 0 of [\"sums\", \"terms\"] 8", "evaluation"])
        #expect(joint.rows == [frozen.rows[0], nil, joint.stages[6].key])
    }

    @Test(arguments: [
        [("stream: [sums", "# a comment\nstream: [sums")],
        [("{kind: byte}", "{ 'kind' : \"byte\" }"), ("steps: 6, batch_size: 4", "batch_size: 4, steps: 6")],
        [("learning_rate: 1.0e-2", "learning_rate: 0.01"), ("steps: 6", "steps: 6.0"), ("name: tiny", "name: other")],
        // What is left out is what is written with its default.
        [("name: tiny", "name: tiny\nseed: 0"), ("max_position_embeddings: 32", "max_position_embeddings: 32, rope_theta: 1e4")],
        [("train: {steps: 4", "train: {sequence_length: 32, weight_decay: 0.1, steps: 4")],
        [("evaluation: {tokens: 256, questions: 4, batch_size: 8}", "evaluation: {tokens: 256, questions: 4, batch_size: 3}")],
        [("sums", "arithmetic_problems"), ("lives", "people")],
    ])
    func whatDoesNotReachAResultReachesNoKey(changes: [(String, String)]) throws {
        #expect(try keys(TinyExperiment.sequential, changes) == keys())
    }

    @Test func namesOfArmsReachNoKey() throws {
        let renamed = try keys(TinyExperiment.allStrategies, [("- {strategy: {kind: joint}}", "- {name: all at once, strategy: {kind: joint}}")])
        #expect(try renamed == keys(TinyExperiment.allStrategies))
    }

    /// How many stages of the chain keep their keys: those before the change.
    @Test(arguments: [
        ([("tokens: 256", "tokens: 255")], [0, 1, 3, 5, 7]), ([("questions: 4, batch_size", "questions: 3, batch_size")], [0, 1, 3, 5, 7]),
        ([("name: tiny", "name: tiny\nseed: 1")], [0, 1, 2, 3, 4]), ([("{steps: 4", "{steps: 5")], [0, 1, 2, 3, 4]),
        ([("logging_steps: 1", "logging_steps: 2")], [0, 1, 2, 3, 4]), ([("[sums, terms]", "[terms, sums]")], [0, 1, 3]),
        ([("{steps: 6", "{steps: 7")], [0, 1, 2]), ([("data: lives", "data: lives\n  seed: 1")], [0]), ([("{kind: byte}", "{kind: bpe}")], []),
        ([("{generated: arithmetic,", "{generated: arithmetic, seed: 1,")], [0, 1, 3]),
        ([("{generated: biographies,", "{generated: biographies, seed: 1,")], []),
        ([("{kind: sequential}", "{kind: lora}")], [0, 1, 2, 3, 4]), ([("hidden_size: 16", "hidden_size: 8")], [0]),
    ] as [([(String, String)], [Int])])
    func whatReachesAResultReachesItsKey(changes: [(String, String)], kept: [Int]) throws {
        let (before, after) = (try keys(), try keys(TinyExperiment.sequential, changes))
        #expect(before.count == after.count)
        #expect(before.indices.filter { before[$0] == after[$0] } == kept)
    }

    @Test func familiesOfNumericsShareNothing() throws {
        let other = try TinyExperiment.graph(family: "another").stages.map(\.key)
        #expect(try Set(other).isDisjoint(with: keys()))
    }

    @Test func versionsOfNumericsShareNothing() throws {
        let experiment = try TinyExperiment.experiment()
        let (own, next) = (try StageGraph(experiment, family: "fused"), try StageGraph(experiment, family: "fused", version: numericsVersion + 1))
        #expect(own.stages[0].recipe["numerics"] == ["family": "fused", "version": .integer(numericsVersion)])
        #expect(Set(own.stages.map(\.key)).isDisjoint(with: next.stages.map(\.key)))
        #expect(try StageGraph(experiment, family: "fused", version: numericsVersion).stages.map(\.key) == own.stages.map(\.key))
    }

    @Test func theBaseMayTakeTheSeedOfTheRun() throws {
        let own = try TinyExperiment.graph(words: ["seed=0,1"])
        #expect(own.chains[0].pretraining == own.chains[1].pretraining)
        #expect(own.chains[0].phases[0].key != own.chains[1].phases[0].key)
        let shared = try TinyExperiment.graph(words: ["seed=0,1", "base.seed=run"])
        #expect(shared.chains[0].pretraining != shared.chains[1].pretraining)
        // A run of seed 0 has the base of seed 0 either way.
        #expect(shared.chains[0].pretraining == own.chains[0].pretraining)
    }

    @Test func dataCountsByItsBytes() throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "One document.\n<|endoftext|>\nAnother one.\n<|endoftext|>\n", count: 30)
        func keys(_ pattern: String) throws -> [String] {
            try self.keys(TinyExperiment.sequential, [("{generated: arithmetic, documents: 20, questions: 4}", "{text: \"\(pattern)\"}")])
        }
        let first = try keys(folder.write("a.txt", text))
        try FileManager.default.createDirectory(atPath: folder.file("moved"), withIntermediateDirectories: true)
        #expect(try keys(folder.write("moved/b.txt", text)) == first)
        #expect(try keys(folder.file("moved/*")) == first)
        // One byte.
        try folder.write("a.txt", text.replacingOccurrences(of: "Another", with: "another"))
        let other = try keys(folder.file("a.txt"))
        #expect(first.indices.filter { first[$0] == other[$0] } == [0, 1, 3])
    }

    @Test func dataThatCannotBeRead() throws {
        let folder = try TemporaryFolder()
        for name in ["none.txt", "*.txt", ""] {
            #expect(throws: (any Error).self) {
                try keys(TinyExperiment.sequential, [("{generated: arithmetic, documents: 20, questions: 4}", "{text: \"\(folder.file(name))\"}")])
            }
        }
    }

    @Test func costs() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        let costs = try graph.costs()
        #expect(costs.count == graph.stages.count)
        func cost(_ title: String) throws -> StageCost { costs[try #require(graph.stages.firstIndex { $0.title == title })] }
        #expect(try cost("base").trainedTokens == 6 * 4 * 32)
        #expect(try cost("random base").trainedTokens == 0)
        #expect(try cost("arm=joint, sums + terms").trainedTokens == 8 * 4 * 32)
        #expect(try cost("base").diskBytes == 4 * Double(graph.chains[0].run.baseParameterCount))
        // Adapters on every layer pass through all blocks but train few weights.
        #expect(try cost("arm=lora, sums").operations < cost("arm=sequential, sums").operations)
        #expect(try cost("arm=lora, sums").operations > 0.6 * cost("arm=sequential, sums").operations)
    }

    /// What a recipe tells is what the stage itself does.
    @Test func costsComeOfRecipesToo() throws {
        let session = try TinySession()
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies)
        try session.run(graph)
        var recipes = RecipeCosts(session.store)
        for (stage, cost) in zip(graph.stages, try graph.costs()) {
            switch stage.work {
            case .tokenizer: #expect(recipes.cost(of: stage.key) == nil)
            case .evaluation:
                // The size of its batches, on which the memory depends, is no part of the recipe.
                #expect(recipes.cost(of: stage.key)?.operations == cost.operations && recipes.cost(of: stage.key)?.hiddenSize == 16)
            default: #expect(recipes.cost(of: stage.key) == cost, "\(stage.title)")
            }
        }
        #expect(recipes.cost(of: "none") == nil)
        try session.folder.write("results/stages/\(graph.stages[5].key)/recipe.json", "{\"stage\":\"task\"}")
        var other = RecipeCosts(session.store)
        #expect(other.cost(of: graph.stages[5].key) == nil && other.cost(of: graph.stages[7].key) == nil)
    }

    /// A run costs the same whatever ran before it: nothing that is remembered leaks from one to another.
    @Test func whatIsRememberedChangesNothing() throws {
        let words = ["seed=0,1", "base.train.steps=6,7", "strategy.r=2,4", "strategy.kind=lora"]
        let all = try TinyExperiment.graph(words: words)
        #expect(all.chains.count == 8)
        for (index, chain) in all.chains.enumerated() {
            let values = chain.run.axes.map { "\($0.name)=\($0.value.canonicalJSON)" }
            let alone = try TinyExperiment.graph(words: values + ["strategy.kind=lora"])
            #expect(alone.stages.map(\.key) == chain.stages.map(\.key) && alone.chains[0].rows == chain.rows, "\(index)")
            let costs = try all.costs()
            #expect(try alone.costs() == chain.stages.map { stage in costs[try #require(all.stages.firstIndex { $0.key == stage.key })] })
        }
    }
}
