import Foundation
import Kernels
import Testing

@testable import Experiments

/// A worker's side, within this process.
@Suite struct WorkerSessionTests {
    private let folder: TinySession
    private let lines = Lines()

    private final class Lines {
        var all: [String] = []
        var messages: [WorkerMessage] { get throws { try all.map { try WorkerMessage(line: $0) } } }
    }

    init() throws { folder = try TinySession() }

    private func session(_ experiment: Experiment) throws -> WorkerSession {
        let session = WorkerSession(store: folder.store, family: TinyExperiment.family, makeCompute: { Compute(threads: $0) }) { [lines] in lines.all.append($0) }
        try session.obey(WorkOrder.experiment(experiment.source).line)
        return session
    }

    private func order(_ stage: Stage, threads: Int = 1) -> String { WorkOrder.stage(key: stage.key, threads: threads).line }

    @Test func stagesAreDoneOneAfterAnother() throws {
        let experiment = try TinyExperiment.experiment()
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        let session = try session(experiment)
        for (index, stage) in graph.stages.enumerated() {
            lines.all = []
            try session.obey(order(stage, threads: index % 3 + 1))
            let messages = try lines.messages
            guard messages.first == .began, case .finished = messages.last else {
                Issue.record("found \(messages) for \(stage.title)")
                return
            }
            #expect(folder.store.state(stage.key) == .done && folder.store.time(stage.key)?.threads == index % 3 + 1)
        }
        // The same as without workers.
        let plain = try TinySession()
        try plain.run(graph)
        for stage in graph.stages where FileManager.default.fileExists(atPath: plain.store.model(stage.key)) {
            #expect(try Data(contentsOf: URL(fileURLWithPath: plain.store.model(stage.key))) == Data(contentsOf: URL(fileURLWithPath: folder.store.model(stage.key))))
        }
    }

    @Test func dataThatHasChangedIsNoticed() throws {
        let text = String(repeating: "One document.\n<|endoftext|>\nAnother one.\n<|endoftext|>\n", count: 30)
        let file = try folder.folder.write("a.txt", text)
        let experiment = try TinyExperiment.experiment(
            TinyExperiment.sequential, [("{generated: arithmetic, documents: 20, questions: 4}", "{text: \"\(file)\"}")])
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        try folder.folder.write("a.txt", text + "x\n")
        let stage = try #require(graph.stages.last)
        let session = try session(experiment)
        try session.obey(order(stage))
        #expect(try lines.messages == [.failed("its data has changed since the run began; run it again")])
        // What does not read the file is done.
        lines.all = []
        try session.obey(order(graph.stages[0]))
        #expect(try lines.messages.first == .began)
        #expect(folder.store.state(graph.stages[0].key) == .done)
    }

    @Test func failuresAreTold() throws {
        let experiment = try TinyExperiment.experiment()
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        // Its parent is not there.
        try session(experiment).obey(order(graph.stages[3]))
        let messages = try lines.messages
        guard messages.first == .began, case .failed(let message) = messages.last else {
            Issue.record("found \(messages)")
            return
        }
        #expect(messages.count == 2 && folder.store.state(graph.stages[3].key) == .failed(message))
    }

    @Test func aFolderThatCannotBeWrittenIsToldApart() throws {
        let experiment = try TinyExperiment.experiment()
        try folder.folder.write("results", "a file in its place")
        let stage = try #require(StageGraph(experiment, family: TinyExperiment.family).stages.first)
        try session(experiment).obey(order(stage))
        guard case .unwritable(let error) = try lines.messages.last else {
            Issue.record("found \(lines.all)")
            return
        }
        #expect(error.problem == "cannot be made as a folder: Not a directory")
        #expect(try lines.messages.count == 1)
    }

    @Test func aStageOfAnotherRunIsLeftToIt() throws {
        let experiment = try TinyExperiment.experiment()
        let stage = try #require(StageGraph(experiment, family: TinyExperiment.family).stages.first)
        let session = try session(experiment)
        try folder.store.makeResultsFolder()
        guard case .taken(let lock) = try folder.store.lock(stage.key, LockWatch()) else {
            Issue.record("not taken")
            return
        }
        try session.obey(order(stage))
        #expect(try lines.messages == [.held] && folder.store.state(stage.key) == .pending)
        lock.release()
        try session.obey(order(stage))
        #expect(folder.store.state(stage.key) == .done)
    }

    /// Its state is saved, and another session goes on.
    @Test func aStopIsObeyed() throws {
        let experiment = try TinyExperiment.experiment()
        let stages = try StageGraph(experiment, family: TinyExperiment.family).stages
        let interruption = Interruption()
        let stopping = WorkerSession(store: folder.store, family: TinyExperiment.family, interruption: interruption, makeCompute: { Compute(threads: $0) }) { [lines] in
            lines.all.append($0)
            if $0.contains("\"trained\"") { interruption.request() }
        }
        #expect(WorkerSession.isStop(WorkOrder.stop.line) && !WorkerSession.isStop(order(stages[0])) && !WorkerSession.isStop("hello"))
        try stopping.obey(WorkOrder.experiment(experiment.source).line)
        for index in [0, 3] { try stopping.obey(order(stages[index])) }
        #expect(try lines.messages.last == .interrupted && folder.store.state(stages[3].key) == .begun)
        lines.all = []
        try stopping.obey(order(stages[1]))
        #expect(try lines.messages == [.interrupted])
        lines.all = []
        try session(experiment).obey(order(stages[3]))
        #expect(try lines.messages.prefix(2) == [.began, .note("goes on behind step 2 of 6")] && folder.store.state(stages[3].key) == .done)
    }

    @Test func linesThatAreNoOrdersAreRefused() throws {
        let session = try session(TinyExperiment.experiment())
        #expect(throws: WorkerError.unreadable("hello")) { try session.obey("hello") }
        #expect(lines.all.isEmpty)
    }
}
