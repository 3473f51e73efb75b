import Experiments
import Foundation
import Settings
import Testing

@testable import Results

/// Tables that an experiment describes, on runs whose numbers are worked out by hand.
@Suite struct DefinedTableTests {
    private struct Missing: Error {}

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Two arms, three seeds and two orders of the tasks each, and an arm that trains nothing.
    private static func run(_ arm: String, seed: Int, order: [String], rate: Double = 0.5, loss: Double, kept: Double) -> RunRecord {
        let id = "\(arm)-\(seed)-\(order[0])-\(rate)"
        let isFrozen = arm == "frozen"
        return RunRecord(
            id: id, axes: [("arm", .string(arm)), ("seed", .integer(seed)), ("stream", .list(order.map(Value.string))), ("train.learning_rate", .number(rate))],
            configuration: ["strategy": ["kind": .string(arm), "r": arm == "lora" ? 8 : .null]], strategy: arm, tasks: order, domains: ["law", "bio"],
            losses: [[4, 4], [loss + 1, 4], [loss, kept]], bitsPerByte: [[4, 4], [4, 4], [4, 4]], scores: [[.nan, .nan], [.nan, .nan], [.nan, .nan]],
            randomLosses: [7, 7], randomScores: [.nan, .nan], parameters: .init(base: 100, added: 0, trained: isFrozen ? 0 : arm == "lora" ? 10 : 100),
            metrics: [("LA_loss", loss), ("general_loss", -kept)],
            stages: isFrozen ? ["base", "base", "base"] : ["base", "\(id) 1", "\(id) 2"],
            costs: isFrozen ? [.none, .none, .none] : [.none, .init(flops: 1, seconds: 2, memoryBytes: 3), .init(flops: 10, seconds: 20, memoryBytes: 2)], dataHashes: ["a", "b"])
    }

    static let orders = [["law", "bio"], ["bio", "law"]]
    static let full = [1.0, 1.25, 1.5, 2.0, 2.25, 2.5]
    static let lora = [1.5, 2.25, 1.75, 2.5, 3.0, 2.75]
    static var runs: [RunRecord] {
        var runs: [RunRecord] = []
        for (index, (seed, order)) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)].enumerated() {
            runs.append(run("sequential", seed: seed, order: orders[order], loss: full[index], kept: 5))
            runs.append(run("lora", seed: seed, order: orders[order], loss: lora[index], kept: 4.5))
            runs.append(run("frozen", seed: seed, order: orders[order], loss: 4, kept: 4))
        }
        return runs
    }

    private func file(_ runs: [RunRecord] = DefinedTableTests.runs, _ tables: [TableDefinition] = []) throws -> PublishedFile {
        var experiment = Fabricated.experiment
        experiment.tables = tables
        let path = folder.file("a.h5")
        try Publisher.publish(experiment: experiment, runs: runs, to: path)
        return try PublishedFile(path)
    }

    private func table(_ text: Value, _ runs: [RunRecord] = DefinedTableTests.runs) throws -> Table {
        let definition = TableDefinition(name: "t", settings: try Settings(text, fields: TableDefinition.fields))
        let file = try file(runs, [definition])
        // What comes back from the file is what went in.
        #expect(file.experiment.tables == [definition])
        return try Tables.recipe(named: "t", of: file).table(of: file)
    }

    @Test func seedsAndOrdersAreRepetitions() throws {
        let table = try table(["columns": ["loss.law"], "costs": false])
        #expect(table.columns.map(\.name) == ["arm", "train.learning_rate", "loss.law"])
        #expect(table.rows.map(\.count) == [1, 6, 6, 1])
        #expect(table.rows[1].cells[2] == .estimate(try #require(Estimate(DefinedTableTests.full))))
        // All frozen runs are one.
        #expect(table.rows[3].cells == [.text("frozen"), .text("0.5"), .estimate(try #require(Estimate([4])))])
        #expect(table.footer.contains("Runs that share all their stages are one observation (frozen: 6 runs, n=1)."))
    }

    @Test func perplexityIsTheExponentialOfTheMeanLoss() throws {
        let table = try table(["rows": ["arm"], "columns": ["perplexity.law", "loss.law"], "costs": false, "filter": ["arm": ["sequential", "frozen"]]])
        // The base has a loss of 4; e to it is 54.598150033144236.
        #expect(abs(try #require(table.rows[0].cells[1].mean) - 54.598150033144236) < 1e-12)
        // exp of the mean of 1, 1.25, 1.5, 2, 2.25, 2.5, which is 1.75, and of the ends of its interval.
        let losses = try #require(Estimate(DefinedTableTests.full)?.interval)
        guard case .estimate(let found) = table.rows[1].cells[1] else { throw Missing() }
        #expect(abs(found.mean - 5.754602676005731) < 1e-12 && found.count == 6 && !found.isSymmetric)
        let ends = try #require(found.interval)
        #expect(abs(ends.lowerBound / exp(losses.lowerBound) - 1) < 1e-12 && abs(ends.upperBound / exp(losses.upperBound) - 1) < 1e-12)
        // Lower is better: the frozen base is not the best.
        #expect(table.rows[1].best == [1, 2] && table.rows[2].best.isEmpty)
    }

    @Test func armsAreComparedPairByPair() throws {
        let table = try table(["rows": ["arm"], "columns": ["loss.law"], "against": "sequential", "costs": false])
        #expect(table.columns.map(\.name) == ["arm", "loss.law", "loss.law.difference"])
        #expect(table.rows[0].cells[2] == .missing && table.rows[1].cells[2] == .missing)
        guard case .difference(let lora) = table.rows[2].cells[2], case .difference(let frozen) = table.rows[3].cells[2] else {
            Issue.record("found \(table.rows)")
            return
        }
        // Differences 0.5, 1, 0.25, 0.5, 0.75, 0.25: all of one sign, so 2 of 64 patterns are as far from 0.
        #expect(lora.difference == Estimate([0.5, 1, 0.25, 0.5, 0.75, 0.25]) && lora.test.p == 2.0 / 64 && lora.test.isExact)
        // A constant against six values: six pairs.
        #expect(frozen.difference.count == 6 && frozen.difference.mean == 2.25 && frozen.test.p == 2.0 / 64)
        // Two comparisons.
        #expect(lora.correctedP == 4.0 / 64 && frozen.correctedP == 4.0 / 64)
        #expect(table.footer.contains { $0.hasPrefix("Δ: difference to 'sequential', paired by seed and order (6 pairs)") && $0.hasSuffix("* p < 0.05.") })
    }

    @Test func withoutCommonPairsThereIsNoComparison() throws {
        let runs = DefinedTableTests.runs.filter { $0.id.hasPrefix("sequential-0") || $0.id.hasPrefix("lora-1") }
        let table = try table(["rows": ["arm"], "columns": ["loss.law"], "against": "lora"], runs)
        #expect(table.rows.allSatisfy { $0.cells.last != nil && !$0.cells.contains { if case .difference = $0 { true } else { false } } })
        #expect(table.footer.contains("Δ: no pair of runs has the same seed and order as one of 'lora'."))
    }

    @Test func anArmThatHasNotBegunIsNotComparedWith() throws {
        let table = try table(["rows": ["arm"], "columns": ["loss.law"], "against": "lora", "costs": false], DefinedTableTests.runs.filter { $0.strategy != "lora" })
        #expect(table.columns.map(\.name) == ["arm", "loss.law"])
        #expect(table.footer.contains("Nothing is compared: no run of the arm under 'against' has begun."))
    }

    @Test func filtersOrdersAndSettings() throws {
        let table = try table([
            "rows": ["strategy.kind", "strategy.r"], "columns": ["loss.*"], "filter": ["arm": ["sequential", "lora"], "seed": 0], "order": "-loss.law", "costs": false,
        ])
        #expect(table.columns.map(\.name) == ["strategy.kind", "strategy.r", "loss.law", "loss.bio"])
        #expect(table.rows.map { Array($0.cells[..<2]) } == [[.text("base"), .missing], [.text("lora"), .text("8")], [.text("sequential"), .missing]])
        #expect(table.rows.map(\.count) == [1, 2, 2])
        // The base is not chosen from: 4 is its loss on both.
        #expect(table.rows.map(\.best) == [[], [3], [2]])
    }

    @Test func whatNoRowNamesIsAveragedAndSaid() throws {
        let more = DefinedTableTests.runs + [DefinedTableTests.run("lora", seed: 0, order: DefinedTableTests.orders[0], rate: 0.25, loss: 3.5, kept: 1)]
        let table = try table(["rows": ["arm"], "columns": ["loss.law"], "against": "sequential"], more)
        #expect(table.footer.contains("Means are also over train.learning_rate, which no row names."))
        guard case .difference(let lora) = table.rows[2].cells[4] else {
            Issue.record("found \(table.rows[2])")
            return
        }
        // The pair of seed 0 and the first order: (1.5 + 3.5) / 2 - 1.
        #expect(lora.difference.count == 6 && lora.difference == Estimate([1.5, 1, 0.25, 0.5, 0.75, 0.25]))
    }

    @Test func theFrontHasWhatNoOtherBeats() throws {
        let table = try table(["rows": ["arm"], "columns": ["OP"], "front": ["LA_loss", "general_loss"], "costs": false])
        // LA_loss 1.75, 2.29, 4 (lower is better); general_loss -5, -4.5, -4: each is best in between.
        #expect(table.rows.map { $0.cells.last } == [.missing, .text("yes"), .text("yes"), .text("yes")])
        let worse = try self.table(["rows": ["arm"], "front": ["LA_loss", "general_loss"]], DefinedTableTests.runs.map { run in
            var run = run
            if run.strategy == "frozen" { run.metrics[1].value = -6 }
            return run
        })
        #expect(worse.rows.map { $0.cells.last } == [.missing, .text("yes"), .text("yes"), .missing])
        #expect(FrontTable().table(of: try file()).columns.map(\.name).suffix(4) == ["cost.flops", "cost.seconds", "cost.memory", "front"])
    }

    @Test func costsAndConfounds() throws {
        let table = try table(["rows": ["arm"], "columns": ["parameters.base", "loss.law"]])
        #expect(table.columns.map(\.name) == ["arm", "parameters.added", "parameters.trained", "parameters.base", "loss.law", "cost.flops", "cost.seconds", "cost.memory"])
        #expect(table.rows[0].cells[1...3] == [.number(0), .number(0), .number(100)] && table.rows[0].cells[5...7] == [.number(0), .number(0), .number(0)])
        #expect(table.rows[2].cells[1...3] == [.number(0), .number(10), .number(100)] && table.rows[2].cells[5...7] == [.number(11), .number(22), .number(3)])
        #expect(table.footer.contains("Arms differ in trained parameters (10 to 100): a difference between them is not one of the method alone."))
    }

    @Test func decimalsAndBootstrap() throws {
        let table = try table(["rows": ["arm"], "columns": ["loss.law", "loss.bio"], "costs": false, "digits": ["loss.law": 1], "interval": "bootstrap", "best": false])
        let lines = MarkdownFormat().text(of: table).split(separator: "\n")
        let interval = Bootstrap.interval(DefinedTableTests.full, seed: 0)
        #expect(lines[3].contains("| 1.8 [\(Int(interval.lowerBound))."), "\(lines[3])")
        #expect(lines[3].contains("5.0000 [5.0000, 5.0000]") && table.rows.allSatisfy { $0.best.isEmpty })
        #expect(table.footer[0].hasPrefix("Mean [95 % interval]"))
    }
}
