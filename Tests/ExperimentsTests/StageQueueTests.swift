import Experiments
import Testing

@Suite struct StageQueueTests {
    private let session: TinySession
    private let graph: StageGraph

    init() throws {
        session = try TinySession()
        graph = try TinyExperiment.graph(words: ["seed=0,1"])
    }

    private func plan(_ threads: Int, limit: Int? = nil) -> WorkerPlan { WorkerPlan(threads: threads, limit: limit, memoryBytes: 1e12) }

    private func titles(_ begun: [(stage: Stage, threads: Int)]) -> [String] { begun.map { "\($0.stage.title) x \($0.threads)" } }

    @Test func stagesBeginWhenTheirParentIsDone() throws {
        var queue = try StageQueue(graph, store: session.store)
        func next(_ ended: Stage?, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) -> [Stage] {
            if let ended { queue.end(ended, isDone: true) }
            let begun = queue.begin(plan(2))
            #expect(titles(begun) == expected, sourceLocation: sourceLocation)
            #expect(queue.begin(plan(2)).isEmpty, "nothing begins twice", sourceLocation: sourceLocation)
            return begun.map(\.stage)
        }
        let tokenizer = next(nil, ["tokenizer x 2"])[0]
        // The base of no steps is short; its evaluation is not much shorter than this base.
        let random = next(tokenizer, ["random base x 2"])[0]
        let both = next(random, ["random base, evaluation x 1", "base x 1"])
        #expect(next(both[0], []).isEmpty)
        let more = next(both[1], ["base, evaluation x 1", "seed=0, sums x 1"])
        let other = next(more[0], ["seed=1, sums x 1"])[0]
        // In the order of the graph: the evaluation before the next task, the first run before the second.
        _ = next(more[1], ["seed=0, sums, evaluation x 1"])
        _ = next(other, ["seed=0, terms x 1"])
    }

    @Test func whatNeedsAFailedStageNeverBegins() throws {
        var queue = try StageQueue(graph, store: session.store)
        var begun: [String] = []
        while case let round = queue.begin(plan(3)), !round.isEmpty {
            for (stage, _) in round {
                begun.append(stage.title)
                queue.end(stage, isDone: stage.title != "seed=0, sums")
            }
        }
        #expect(Set(graph.stages.map(\.title)).subtracting(begun) == ["seed=0, sums, evaluation", "seed=0, terms", "seed=0, terms, evaluation"])
        #expect(begun.count == graph.stages.count - 3)
    }

    /// What another run works on begins later, or is found done.
    @Test func whatIsSetAsideComesBack() throws {
        var queue = try StageQueue(graph, store: session.store)
        let tokenizer = try #require(queue.begin(plan(2)).first).stage
        queue.setAside(tokenizer)
        #expect(queue.setAside.map(\.title) == ["tokenizer"] && queue.begin(plan(2)).isEmpty)
        queue.takeBack(tokenizer, isDone: false)
        #expect(queue.setAside.isEmpty && titles(queue.begin(plan(2))) == ["tokenizer x 2"])
        queue.setAside(tokenizer)
        queue.takeBack(tokenizer, isDone: true)
        #expect(titles(queue.begin(plan(2))) == ["random base x 2"])
    }

    @Test func whatIsDoneIsLeftOut() throws {
        try session.run(TinyExperiment.graph())
        var queue = try StageQueue(graph, store: session.store)
        #expect(titles(queue.begin(plan(8))) == ["seed=1, sums x 8"])
        try session.run(graph)
        let nothing = try StageQueue(graph, store: session.store).forecast(plan(8)) { _, _ in 1 }
        #expect(nothing.seconds == 0 && nothing.ends.isEmpty && nothing.workers == 0)
    }

    @Test func forecasts() throws {
        let queue = try StageQueue(graph, store: session.store)
        let costs = try graph.costs()
        let alone = queue.forecast(plan(8, limit: 1)) { place, threads in
            #expect(threads == 8)
            return Double(place)
        }
        // 0 + 1 + ... + 12, in the order of the graph.
        #expect(graph.stages.count == 13 && alone.seconds == 78 && alone.workers == 1 && alone.threads == [8])
        #expect((0..<13).allSatisfy { alone.ends[$0] == Double($0 * ($0 + 1) / 2) })
        #expect(alone.memoryBytes == costs.map(\.memoryBytes).max())

        // Tokenizer; random base; its evaluation and the base; and then always two: the tasks of the seeds and the evaluations.
        let pair = queue.forecast(plan(8, limit: 2)) { _, _ in 1 }
        #expect(pair.seconds == 8 && pair.workers == 2 && pair.threads == [4, 4])
        #expect(pair.ends[4] == 4 && pair.ends[5] == 4 && pair.ends[12] == 8)
        // A stage that takes long keeps one worker; the other does the rest of what it can.
        let long = queue.forecast(plan(8, limit: 2)) { place, _ in place == 5 ? 100 : 1 }
        #expect(long.ends[5] == 103 && long.ends[12] == 8 && long.seconds == 105)
        // Both seeds side by side.
        #expect(queue.forecast(plan(8)) { _, _ in 1 }.workers == 4)
    }
}
