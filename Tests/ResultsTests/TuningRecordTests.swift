import Experiments
import HDF5
import Testing

@testable import Results

@Suite struct TuningRecordTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    static let tuning: TuningRecord = {
        func trial(_ metric: Double, _ state: TuningRecord.State = .done) -> TuningRecord.Trial { .init(state: state, metric: metric, stage: "base 0") }
        var record = TuningRecord(
            key: "train.learning_rate", values: [1e-3, 2e-3, 4e-3], seed: 100, metric: "OP_loss",
            arms: [
                .init(title: "sequential", trials: [trial(2), trial(1.5), trial(.nan, .diverged)], chosen: 2e-3),
                .init(title: "expansion | 2", trials: [trial(3), trial(2), trial(1)], chosen: 4e-3),
            ])
        record.untuned = ["lora"]
        return record
    }()

    @Test func theBest() {
        func best(_ numbers: [Double], lower: Bool = true) -> Int? { TuningRecord.best(numbers, isLowerBetter: lower) }
        #expect(best([3, 1, 2]) == 1 && best([3, 1, 2], lower: false) == 0)
        #expect(best([2, 1, 1]) == 1 && best([2, 2, 1], lower: false) == 0)
        #expect(best([.nan, 5, .nan]) == 1 && best([.nan, 5, 4], lower: false) == 1)
        #expect(best([.nan, .nan]) == nil && best([]) == nil)
    }

    @Test func choices() throws {
        var record = Self.tuning
        #expect(try record.choices() == [1, 2])
        record.arms[0].trials[0].state = .pending
        #expect(try record.choices() == nil)
        record.arms[0].trials = record.arms[0].trials.map { _ in .init(state: .diverged, metric: .nan, stage: "") }
        #expect(throws: TuningError.self) { try record.choices() }
    }

    @Test func whatTheFileKeeps() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, tuning: Self.tuning, to: path)
        let file = try PublishedFile(path)
        #expect(try file.verify().variables == 24 + 13 + 5 * 12 + 9 + 6)
        let read = try #require(file.tuning)
        #expect(read.json(isTuning: false) == Self.tuning.json(isTuning: false) && read.untuned == ["lora"] && read.arms[1].trials[2].stage == "base 0")
        let group = try File(path).root.group("tuning")
        #expect(try group.dataset("metric").shape == [2, 3] && group.dataset("value").read(as: Double.self) == [1e-3, 2e-3, 4e-3])
        #expect(Tables.recipes(of: file).map(\.name) == ["summary", "stream", "metrics", "front", "tuning"])
        let text = try MarkdownFormat().text(of: Tables.recipe(named: "tuning", of: file).table(of: file))
        #expect(
            text == """
                | arm            |  0.001 |      0.002 |      0.004 | chosen |   n |
                | -------------- | -----: | ---------: | ---------: | ------ | --: |
                | sequential     | 2.0000 | **1.5000** |   diverged | 0.002  |   1 |
                | expansion \\| 2 | 3.0000 |     2.0000 | **1.0000** | 0.004  |   1 |

                OP_loss (lower is better) by train.learning_rate of runs with the held-out seed 100, one for each value.
                diverged: the training was given up because the loss or the gradient was not finite; such a value is never chosen.
                The train.learning_rate chosen for expansion | 2 is at an end of the values tried: a better one may lie beyond it.

                """)
        #expect(Self.tuning.notes[1] == "train.learning_rate is not tuned for lora.")
        // Files without it have no such table.
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, to: path)
        #expect(try PublishedFile(path).tuning == nil)
        #expect(throws: (any Error).self) { try Tables.recipe(named: "tuning", of: PublishedFile(path)) }
    }

    @Test func anUnknownStage() throws {
        var record = Self.tuning
        record.arms[0].trials[1].stage = "nowhere"
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, tuning: record, to: path)
        let error = #expect(throws: PublishedFileError.self) { _ = try PublishedFile(path).verify() }
        #expect(error?.description.contains("/tuning names the stage nowhere, which /stages does not list") == true)
    }
}
