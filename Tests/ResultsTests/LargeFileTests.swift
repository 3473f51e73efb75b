import Foundation
import Settings
import Testing

@testable import Results

/// Many runs: `STRATA_LARGE_RUNS=10000 STRATA_LARGE_FILE=large.h5 swift test --filter LargeFileTests` writes the file and prints how long that and a table took.
@Suite struct LargeFileTests {
    /// Arms of five seeds, T = 2 tasks, three domains and 40 logged steps.
    static func runs(_ count: Int) -> [RunRecord] {
        (0..<count).map { index in
            let (arm, seed) = (index / 5, index % 5)
            var run = Fabricated.run(
                "run\(index)", arm: "arm \(arm)", blocks: arm % 32 + 1, seed: seed, end: [3 + Double(arm % 7) / 8, 2 + Double(seed) / 4, 2.5], added: arm % 32, trained: 1 + arm % 32,
                bwt: Double(seed) / 8)
            let steps = Array(1...40)
            run.curve = LearningCurve(
                steps: steps, stages: steps.map { $0 <= 20 ? "law" : "bio" }, losses: steps.map { 5 - Double($0) / 16 }, learningRates: steps.map { 0.1 / Double($0) },
                gradientNorms: steps.map { 1 / Double($0) }, tokens: steps.map { $0 * 1024 }, seconds: steps.map { Double($0) / 4 })
            return run
        }
    }

    static func stages(_ runs: [RunRecord]) -> [StageRecord] {
        SummaryColumns.firstSeen(runs.flatMap(\.stages)).map {
            StageRecord(key: $0, kind: "evaluation", title: $0, parent: "", state: "done", seconds: 1, threads: 2, flops: 5, memoryBytes: 6)
        }
    }

    @Test func manyRuns() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STRATA_LARGE_RUNS"].flatMap(Int.init) ?? 50
        let folder = try TemporaryFolder()
        let path = environment["STRATA_LARGE_FILE"] ?? folder.file("large.h5")
        let runs = LargeFileTests.runs(count)
        let stages = LargeFileTests.stages(runs)
        let clock = ContinuousClock()
        let published = try clock.measure { try Publisher.publish(experiment: Fabricated.experiment, runs: runs, stages: stages, to: path) }
        var table: Table?
        let tabled = try clock.measure { table = SummaryTable().table(of: try PublishedFile(path)) }
        let streamed = try clock.measure { _ = MarkdownFormat().text(of: StreamTable().table(of: try PublishedFile(path))) }
        if environment["STRATA_LARGE_RUNS"] != nil {
            print("\(count) runs, \(try byteCount(of: path) / 1_000_000) MB: published in \(published), summary in \(tabled), stream in \(streamed)")
        }
        let rows = try #require(table).rows
        #expect(rows.count == count / 5 + 1)
        // The law column of every arm: 2, 2.25 ... 3.
        let column = try #require(table?.columns.firstIndex { $0.name == "loss.law" })
        #expect(rows.dropFirst().allSatisfy { $0.count == 5 && $0.cells[column] == .estimate(Estimate([2, 2.25, 2.5, 2.75, 3])!) })
    }
}
