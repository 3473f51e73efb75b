import Experiments
import Foundation
import Settings
import Testing

@Suite struct SweepStatusTests {
    private let session: TinySession
    private let graph: StageGraph
    private let workers = WorkerPlan(threads: 2, limit: 1, memoryBytes: 1e12)

    init() throws {
        session = try TinySession()
        graph = try TinyExperiment.graph(words: ["seed=0,1"])
    }

    private func status() throws -> SweepStatus { try SweepStatus("tiny", graph, store: session.store, workers: workers) }

    private func remove(_ stage: Stage, _ names: String...) throws {
        for name in names { try FileManager.default.removeItem(atPath: session.store.folder(stage.key) + "/" + name) }
    }

    @Test func nothingHasBegun() throws {
        let status = try status()
        #expect(status.runs.map(\.state) == [.pending, .pending] && status.runs.map(\.stageCount) == [9, 9])
        #expect(status.stageCount == 13 && status.doneStageCount == 0 && status.secondsLeft == nil)
        #expect(status.runs.allSatisfy { $0.current == nil && $0.secondsLeft == nil })
        #expect(!FileManager.default.fileExists(atPath: session.store.results))
    }

    @Test func allIsDone() throws {
        try session.run(graph)
        let status = try status()
        #expect(status.runs.map(\.state) == [.done, .done] && status.secondsLeft == 0 && status.doneStageCount == 13)
        #expect(status.json["runs"]?["done"] == 2 && status.json["run_list"]?.asList?.first?["seconds_left"] == nil || status.json["run_list"]?.asList?.first?["seconds_left"] == .null)
    }

    @Test func whatWasInterrupted() throws {
        try session.run(graph)
        // The second task of the first run is gone, that of the second has no end.
        let (first, second) = (graph.chains[0].stages, graph.chains[1].stages)
        for stage in first[7...] { try FileManager.default.removeItem(atPath: session.store.folder(stage.key)) }
        try remove(second[7], "done", "model.safetensors")
        try FileManager.default.removeItem(atPath: session.store.folder(second[8].key))
        let status = try status()
        #expect(status.runs.map(\.state) == [.pending, .interrupted] && status.runs.map(\.doneCount) == [7, 7])
        #expect(status.count(.interrupted) == 1 && status.count(.done) == 0)
        let current = try #require(status.runs[1].current)
        #expect(current.title == "seed=1, terms" && current.point?.step == 4 && current.steps == 4 && current.message == nil && current.holder == nil)
        #expect(current.point?.loss == (try StageRecords(session.store, second[7].key).curve.last?.loss))
        let left = try status.runs.map { try #require($0.secondsLeft) }
        #expect(left[0] > 0 && left[1] > left[0] && status.secondsLeft == left[1])
        let json = try Value(json: status.json.canonicalJSON)
        #expect(json["run_list"]?.asList?[1]["stage"]?["step"] == 4 && json["run_list"]?.asList?[1]["state"] == "interrupted")
        #expect(json["stages"]?["done"] == 9)
    }

    /// The last line of a journal that is being written may be torn, and the point stands far in front of the end.
    @Test func theLastPointIsFound() throws {
        try session.run(graph)
        let task = graph.chains[0].stages[5]
        try remove(task, "done")
        let journal = session.store.journal(task.key)
        let whole = try String(contentsOfFile: journal, encoding: .utf8)
        try (whole + whole.dropLast(40)).write(toFile: journal, atomically: true, encoding: .utf8)
        #expect(try status().runs[0].current?.point?.step == 3)
        // Longer than what is read of it.
        try String(repeating: whole, count: 200).write(toFile: journal, atomically: true, encoding: .utf8)
        #expect(try status().runs[0].current?.point?.step == 4)
        try "".write(toFile: journal, atomically: true, encoding: .utf8)
        #expect(try status().runs[0].current?.point == nil)
        #expect(try status().runs[0].current?.title == "seed=0, sums")
    }

    @Test func whatHasFailedSaysWhy() throws {
        try session.run(graph)
        let task = graph.chains[0].stages[5]
        try remove(task, "done", "model.safetensors")
        try session.folder.write("results/stages/\(task.key)/failed", "the loss is not finite")
        let status = try status()
        #expect(status.runs.map(\.state) == [.failed, .done])
        #expect(status.runs[0].current?.message == "the loss is not finite" && status.runs[0].current?.title == "seed=0, sums")
        // A base that has failed has failed for all.
        try session.folder.write("results/stages/\(graph.chains[0].pretraining)/failed", "out of memory")
        try remove(graph.chains[0].stages[3], "done")
        #expect(try self.status().runs.map(\.state) == [.failed, .failed])
    }

    @Test func whatIsWorkedOnRuns() throws {
        try session.run(graph)
        let task = graph.chains[1].stages[5]
        try remove(task, "done", "model.safetensors")
        try FileManager.default.createDirectory(atPath: session.store.results + "/locks", withIntermediateDirectories: true)
        try session.folder.write("results/locks/\(task.key)", "000000000003 {\"host\":\"elsewhere\",\"process\":17}\n")
        let status = try status()
        #expect(status.runs.map(\.state) == [.done, .running])
        #expect(status.runs[1].current?.holder?.hasPrefix("process 17 on elsewhere") == true)
    }
}
