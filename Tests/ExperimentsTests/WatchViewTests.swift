import Foundation
import Testing
import Training

@testable import Experiments

/// The lines are a function of a value: these are made up.
@Suite struct WatchViewTests {
    private static func point(_ step: Int, _ loss: Double) -> CurvePoint {
        CurvePoint(step: step, loss: loss, learningRate: 0.01, gradientNorm: 1, tokens: 1000 * step, seconds: 0.5 * Double(step))
    }

    private static func stage(_ key: String, _ title: String, step: Int = 0, message: String? = nil, holder: String? = "process 7 on node1") -> SweepStatus.Current {
        SweepStatus.Current(key: key, title: title, point: step > 0 ? point(step, 2.5) : nil, steps: 40, message: message, holder: holder)
    }

    private static func view(
        _ states: [SweepStatus.State], begun: [SweepStatus.Current] = [], done: Int = 3, left: Double? = 200, curves: [String: [CurvePoint]] = [:],
        matrices: [WatchView.Matrix] = []
    ) -> WatchView {
        let runs = states.enumerated().map { index, state in
            SweepStatus.RunStatus(id: "run00\(index)", label: "", state: state, doneCount: 0, stageCount: 4, current: nil, secondsLeft: nil)
        }
        let status = SweepStatus("tiny", runs: runs, begun: begun, stageCount: 12, doneStageCount: done, secondsLeft: left)
        return WatchView(status, curves: curves, matrices: matrices)
    }

    private static let matrix = WatchView.Matrix(
        title: "held-out loss (nats/token) of run001 (lora, seed=1)", columns: ["lives", "sums"],
        rows: [.init(name: "base", values: [1.25, 4]), .init(name: "sums", values: [nil, 1.0625]), .init(name: "terms", values: [])])

    private static let busy = view(
        [.done, .running, .running, .failed, .pending],
        begun: [
            stage("a", "lora, seed=1, terms", step: 20), stage("b", "block expansion, sums"),
            stage("c", "lora, seed=0, sums", message: "the loss is not finite", holder: nil),
        ],
        curves: ["a": (1...20).map { point($0, 3 - 0.1 * Double($0)) }], matrices: [matrix])

    @Test func aSweepInProgress() {
        #expect(Self.busy.lines(width: 100, height: 24) == [
            "tiny: 5 runs: 1 done, 2 running, 1 failed, 1 pending; about 3 min 20 s left",
            String(repeating: "█", count: 21) + String(repeating: "░", count: 66) + "  3/12 stages",
            "", "running",
            "lora, seed=1, terms    20/40  loss 2.500  █▇▇▆▆▆▅▄▄▄▃▃▂▂▁                  10 s left  2,000 tokens/s",
            "block expansion, sums",
            "", "failed", "FAILED: lora, seed=0, sums: the loss is not finite",
            "", "held-out loss (nats/token) of run001 (lora, seed=1)",
            "after training on  lives   sums",
            "base               1.250  4.000",
            "sums                   —  1.062",
            "terms",
        ])
        #expect(!Self.busy.isDone && !Self.busy.hasFailed)
    }

    @Test func everyWindowIsKept() {
        let many = (0..<30).map { Self.stage("k\($0)", "arm \($0), a long name of a stage of Größe and 机器, task \($0)", step: 1 + $0) }
        let wide = WatchView.Matrix(title: "m", columns: (0..<20).map { "domain\($0)" }, rows: [.init(name: "base", values: (0..<20).map { Double($0) })])
        for view in [Self.busy, Self.view([.running], begun: many, matrices: [Self.matrix, wide])] {
            for width in 1...130 {
                for height in [1, 2, 3, 5, 8, 24, 60] {
                    let lines = view.lines(width: width, height: height)
                    #expect(lines.count <= height && !lines.isEmpty && lines.allSatisfy { $0.count <= width })
                }
            }
        }
        let lines = Self.view([.running], begun: many, matrices: [Self.matrix, wide]).lines(width: 60, height: 24)
        #expect(lines.contains { $0.hasPrefix("... ") && $0.hasSuffix(" more") } && lines.contains("after training on  lives   sums"))
        #expect(Self.view([.running], begun: many, matrices: [wide]).lines(width: 60, height: 40).contains { $0.hasSuffix("…") })
    }

    @Test func howItEnds() {
        let done = Self.view([.done, .done], done: 12, left: 0)
        #expect(done.isDone && !done.hasFailed && done.lines(width: 60, height: 9).contains("all runs are done"))
        #expect(done.lines(width: 60, height: 9)[0] == "tiny: 2 runs: 2 done")
        let failed = [Self.stage("c", "x", message: "no", holder: nil)]
        #expect(Self.view([.done, .failed], begun: failed).hasFailed && !Self.view([.pending, .failed], begun: failed).hasFailed)
        #expect(!Self.view([.running, .failed], begun: failed + [Self.stage("d", "y")]).hasFailed)
        #expect(Self.view([.pending], done: 0).lines(width: 90, height: 9).contains { $0.hasPrefix("no stage has begun: is --results right?") })
        #expect(Self.view([.interrupted], begun: [Self.stage("c", "x", holder: nil)]).lines(width: 60, height: 9).contains("nobody works on it now: `strata run` goes on"))
    }

    @Test func namesDoNotReachTheTerminalAsCommands() {
        let view = Self.view([.running], begun: [Self.stage("a", "\u{1B}[2Jx\u{7}\n\u{9B}y")])
        #expect(view.lines(width: 80, height: 9).allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } })
        #expect(view.lines(width: 80, height: 9)[4] == " [2Jx   y")
    }

    @Test func sparklines() {
        let falling = (1...8).map { Self.point($0, Double(9 - $0)) }
        #expect(Sparkline.text(falling, steps: 8, width: 8) == "█▇▆▅▄▃▂▁")
        // Half way; two points in one place are averaged, a place without one keeps the last.
        #expect(Sparkline.text(falling, steps: 16, width: 8) == "█▆▃▁")
        #expect(Sparkline.text([Self.point(1, 2), Self.point(8, 1)], steps: 8, width: 8) == "███████▁")
        #expect(Sparkline.text([Self.point(5, 2)], steps: 8, width: 8) == "    ▁")
        #expect(Sparkline.text([Self.point(1, .nan)], steps: 8, width: 8) == "" && Sparkline.text([], steps: 8, width: 8) == "")
    }

    @Test func aJournalThatGrows() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("journal")
        var tail = JournalTail()
        tail.look(at: path)
        #expect(tail.points.isEmpty && tail.last == nil)
        let lines = (1...4).map { step in
            let json = StageRecords.curve(Self.point(step, 1 / Double(step))).canonicalJSON
            return Array("\(Journal.checksum(Array(json.utf8))) \(json)\n".utf8)
        }
        try Data(lines[0] + lines[1].prefix(30)).write(to: URL(fileURLWithPath: path))
        tail.look(at: path)
        #expect(tail.points == [Self.point(1, 1)])
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(lines[1].dropFirst(30) + lines[2]))
        tail.look(at: path)
        tail.look(at: path)
        #expect(tail.points.map(\.step) == [1, 2, 3] && tail.last == Self.point(3, 1.0 / 3))
        // A stage that goes on from a saved state has another file under the same name.
        try Data(lines[0] + lines[3]).write(to: URL(fileURLWithPath: path), options: .atomic)
        tail.look(at: path)
        #expect(tail.points.map(\.step) == [1, 4])
        // As many as a window shows, and the last as it is.
        let json = (5...1500).map { StageRecords.curve(Self.point($0, 2)).canonicalJSON }
        let more = json.map { "\(Journal.checksum(Array($0.utf8))) \($0)\n" }.joined()
        try Data(more.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        tail.look(at: path)
        #expect((100...512).contains(tail.points.count) && tail.points.allSatisfy { $0.loss == 2 } && tail.last?.step == 1500)
    }

    @Test func theFolderIsFollowed() throws {
        let session = try TinySession()
        let graph = try TinyExperiment.graph(words: ["seed=0,1"])
        let workers = WorkerPlan(threads: 2, limit: 1, memoryBytes: 1e12)
        var watch = try SweepWatch("tiny", graph, store: session.store, workers: workers)
        var accuracies = try SweepWatch("tiny", graph, store: session.store, workers: workers, measure: .accuracy, run: "run001")
        #expect(try watch.look().matrices.isEmpty)
        try session.run(graph)
        // The second task of the second run is being worked on by another machine.
        let task = graph.chains[1].stages[7]
        try FileManager.default.removeItem(atPath: session.store.folder(task.key) + "/done")
        try FileManager.default.removeItem(atPath: session.store.folder(graph.chains[1].stages[8].key))
        try FileManager.default.createDirectory(atPath: session.store.results + "/locks", withIntermediateDirectories: true)
        try session.folder.write("results/locks/\(task.key)", "000000000003 {\"host\":\"elsewhere\",\"process\":17}\n")
        let view = try watch.look()
        #expect(view.status.runs.map(\.state) == [.done, .running] && view.status.begun.map(\.key) == [task.key])
        #expect(view.curves[task.key] == (try StageRecords(session.store, task.key).curve))
        #expect(view.status.secondsLeft ?? -1 > 0 && !view.isDone)
        let rows = try #require(view.matrices.first).rows
        let key = try #require(graph.chains[1].rows[0])
        let base = try #require(StageRecords(session.store, key).evaluations.first).results
        #expect(view.matrices.count == 1 && rows.map(\.name) == ["base", "sums", "terms"] && rows[2].values.isEmpty)
        #expect(rows[0].values == base.map(\.loss) && rows[1].values.count == 3)
        #expect(view.matrices[0].title == "held-out loss (nats/token) of run001 (seed=1)")
        #expect(try accuracies.look().matrices[0].rows[0].values == base.map(\.accuracy))
        // And it ends.
        try FileManager.default.removeItem(atPath: session.store.lockFile(task.key))
        try session.run(graph)
        let end = try watch.look()
        #expect(end.isDone && end.status.secondsLeft == 0 && end.status.begun.isEmpty && end.curves.isEmpty)
        #expect(try accuracies.look().matrices[0].rows[2].values.count == 3)
    }
}
