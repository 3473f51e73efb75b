import Experiments
import Foundation
import Settings
import Testing
import Training

@Suite struct SweepProgressTests {
    private let session: TinySession
    private let graph: StageGraph
    private let workers = WorkerPlan(threads: 2, limit: 2, memoryBytes: 1e12)

    init() throws {
        session = try TinySession()
        graph = try TinyExperiment.graph(words: ["seed=0,1"])
    }

    private func progress() throws -> SweepProgress { try SweepProgress("tiny", graph, store: session.store, workers: workers) }

    private func point(_ step: Int, seconds: Double) -> CurvePoint {
        CurvePoint(step: step, loss: 1.23456, learningRate: 1e-3, gradientNorm: 0.5, tokens: step * 1000, seconds: seconds)
    }

    @Test func linesOfWhatRuns() throws {
        var progress = try progress()
        #expect(progress.lines(width: 80, height: 10) == ["[0/13] stages, 0/2 runs"])
        let (one, two) = (graph.chains[0].stages[5], graph.chains[1].stages[5])
        progress.note(.began(one), at: 1)
        progress.note(.began(two), at: 2)
        progress.note(.trained(one, point(20, seconds: 2), steps: 100), at: 3)
        #expect(
            progress.lines(width: 80, height: 10) == [
                "seed=0, sums: step 20/100, loss 1.235, 10,000 tokens/s, 8.0 s left", "seed=1, sums", "[0/13] stages, 0/2 runs",
            ])
        #expect(progress.lines(width: 12, height: 2) == ["seed=0, sums", "[0/13] stage"])
        #expect(progress.lines(width: 80, height: 1) == ["[0/13] stages, 0/2 runs, 2 running"])
        progress.note(.failed(two, "no luck"), at: 4)
        #expect(progress.ending(of: .failed(two, "no luck")) == "seed=1, sums: FAILED: no luck")
        #expect(progress.lines(width: 80, height: 10).last == "[0/13] stages, 0/2 runs, 1 failed")
        // Tried again.
        progress.note(.began(two), at: 5)
        #expect(progress.lines(width: 80, height: 10).last == "[0/13] stages, 0/2 runs")
    }

    @Test func runsAndStagesAreCounted() throws {
        try session.run(TinyExperiment.graph())
        var progress = try progress()
        #expect(progress.count == "[9/13]" && progress.doneRunCount == 1)
        for (index, stage) in graph.chains[1].stages[5...].enumerated() {
            #expect(progress.doneRunCount == 1)
            progress.note(.began(stage), at: Double(index))
            progress.note(.finished(stage, seconds: 1), at: Double(index + 1))
            // Told twice, counted once.
            progress.note(.finished(stage, seconds: 1), at: Double(index + 1))
        }
        #expect(progress.count == "[13/13]" && progress.doneRunCount == 2 && progress.timeLeft == "")
        #expect(progress.summary(.done)["seconds_left"] == 0.0)
    }

    @Test func theTimeLeftFalls() throws {
        var progress = try progress()
        #expect(progress.secondsLeft == nil)
        let base = graph.chains[0].stages[3]
        for stage in graph.chains[0].stages[..<3] {
            progress.note(.began(stage), at: 0)
            progress.note(.finished(stage, seconds: 1), at: 6)
        }
        progress.note(.began(base), at: 6)
        let first = try #require(progress.secondsLeft)
        progress.note(.trained(base, point(1, seconds: 1), steps: 6), at: 7)
        #expect(try #require(progress.secondsLeft) == first - 1)
        #expect(progress.timeLeft.hasPrefix("; about "))
    }

    @Test func eventsAreLinesOfJSON() throws {
        var progress = try progress()
        let (base, task) = (graph.chains[0].stages[3], graph.chains[1].stages[5])
        let events: [StageEvent] = [.began(task), .trained(task, point(3, seconds: 2), steps: 4), .finished(task, seconds: 2.5), .failed(base, "a\nb")]
        var lines: [Value] = []
        for event in events {
            progress.note(event, at: 1.5)
            lines.append(progress.json(of: event))
        }
        lines += [progress.summary(.running), progress.results("results/tiny.h5")]
        for line in lines {
            #expect(!line.canonicalJSON.contains("\n") && line["version"] == 1)
            #expect(try Value(json: line.canonicalJSON) == line)
        }
        #expect(lines.map { $0["event"] } == ["began", "progress", "finished", "failed", "sweep", "results"])
        #expect(lines[0]["stage"] == .string(task.key) && lines[0]["kind"] == "task" && lines[0]["run"] == "run001" && lines[0]["runs"] == 1)
        #expect(lines[1]["step"] == 3 && lines[1]["steps"] == 4 && lines[1]["tokens_per_second"] == 1500.0 && lines[1]["loss"] == 1.23456)
        #expect(abs((lines[1]["seconds_left"]?.asDouble ?? 0) - 2.0 / 3) < 1e-12)
        #expect(lines[2]["stage_seconds"] == 2.5 && lines[3]["message"] == "a\nb" && lines[3]["run"] == .null && lines[3]["runs"] == 2)
        #expect(lines[4]["stages"] == ["total": 13, "done": 1, "running": 0, "failed": 1] && lines[4]["runs"] == ["total": 2, "done": 0])
        #expect(lines[4]["state"] == "running" && lines[4]["experiment"] == "tiny" && lines[4]["seconds"] == 1.5)
    }
}
