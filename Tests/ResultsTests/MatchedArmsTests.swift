import Experiments
import Settings
import Testing

@testable import Results

/// What stands below a table whose arms were made to agree in a count.
@Suite struct MatchedArmsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func match(_ arm: String, to other: String = "expansion", _ by: String = "parameters") throws -> ArmMatch {
        try ArmMatch(json: ["of": .string(arm), "arm": .string(other), "by": .string(by), "key": "strategy.r", "tolerance": 0.1])
    }

    /// Arms with so many trained parameters and operations.
    private func footer(_ arms: [(name: String, trained: Int, flops: Double)], _ matches: [ArmMatch], filter: [String: [Value]] = [:]) throws -> [String] {
        let runs = arms.flatMap { arm in
            (0...1).map { seed in
                var run = Fabricated.run("\(arm.name)\(seed)", arm: arm.name, blocks: 1, seed: seed, end: [1, 1, 1], added: 0, trained: arm.trained, bwt: 0)
                run.costs = [.none, .none, .init(flops: arm.flops, seconds: 1, memoryBytes: 1)]
                return run
            }
        }
        var experiment = Fabricated.experiment
        experiment.matches = matches
        let path = folder.file("a.h5")
        try Publisher.publish(experiment: experiment, runs: runs, to: path)
        let file = try PublishedFile(path)
        #expect(file.experiment == experiment)
        var definition = TableDefinition(name: "t")
        definition.filter = filter
        return DefinedTable(definition).table(of: file).footer.filter { $0.hasPrefix("Arms differ") || $0.hasPrefix("Matched") }
    }

    @Test func whatIsMatchedIsNoConfound() throws {
        let arms = [("expansion", 4672, 1e9), ("lora", 4608, 1e9)]
        #expect(try footer(arms, []) == ["Arms differ in trained parameters (4608 to 4672): a difference between them is not one of the method alone."])
        #expect(try footer(arms, [match("lora")]) == ["Matched in trained parameters: lora with expansion (4608 to 4672)."])
        #expect(try footer([("expansion", 4672, 1e9), ("lora", 4672, 1.01e9)], [match("lora", "flops")]) == ["Matched in training FLOPs: lora with expansion (1.00e+09 to 1.01e+09)."])
        // A match by one count says nothing of the other.
        #expect(
            try footer([("expansion", 4672, 1e9), ("lora", 4608, 9e8)], [match("lora")]) == [
                "Arms differ in training FLOPs (9.00e+08 to 1.00e+09): a difference between them is not one of the method alone.",
                "Matched in trained parameters: lora with expansion (4608 to 4672).",
            ])
        #expect(try footer(arms, [match("lora", "added")]).count == 1 && footer(arms, [match("lora", "added")])[0].hasPrefix("Arms differ"))
    }

    @Test func armsBesideThoseThatAreMatched() throws {
        let arms = [("sequential", 12912, 1e9), ("expansion", 4672, 1e9), ("lora", 4608, 1e9), ("partial", 4672, 1e9)]
        #expect(
            try footer(arms, [match("lora"), match("partial")]) == [
                "Arms differ in trained parameters (4608 to 12912): a difference between them is not one of the method alone.",
                "Matched in trained parameters: lora, partial with expansion (4608 to 4672).",
            ])
        let matches = [try match("lora"), try match("partial")]
        // Without the arm that they came near to they still agree; one alone agrees with nothing.
        #expect(try footer(arms, matches, filter: ["arm": ["lora", "partial"]]) == ["Matched in trained parameters: lora with partial (4608 to 4672)."])
        #expect(try footer(arms, matches, filter: ["arm": ["lora", "sequential"]]) == ["Arms differ in trained parameters (4608 to 12912): a difference between them is not one of the method alone."])
        // Two arms of one table that are matched to different ones differ.
        let others = [("expansion", 100, 1e9), ("a", 101, 1e9), ("large", 900, 1e9), ("b", 901, 1e9)]
        #expect(
            try footer(others, [match("a"), match("b", to: "large")]) == [
                "Arms differ in trained parameters (100 to 901): a difference between them is not one of the method alone.",
                "Matched in trained parameters: a with expansion (100 to 101).", "Matched in trained parameters: b with large (900 to 901).",
            ])
    }
}
