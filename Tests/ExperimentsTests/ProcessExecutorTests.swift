import Experiments
import Foundation
import Results
import Testing

/// Stages in worker processes: those of the program itself, and scripts that do what a worker should not.
@Suite struct ProcessExecutorTests {
    /// What happened in a run.
    private final class Record {
        var begun: [String] = []
        var finished: [String] = []
        var failed: [String] = []
        var notes: [String] = []
        /// Called for every event.
        var watch: (StageEvent) -> Void = { _ in }

        func report(_ event: StageEvent) {
            switch event {
            case .began(let stage): begun.append(stage.title)
            case .trained: break
            case .finished(let stage, _): finished.append(stage.title)
            case .failed(let stage, let message): failed.append("\(stage.title): \(message)")
            case .note(let stage, let text): notes.append("\(stage.title): \(text)")
            case .damaged: break
            }
            watch(event)
        }
    }

    private func run(
        _ experiment: Experiment, in session: TinySession, workers: Int, threads: Int = 2, script: String? = nil, record: Record = Record(),
        interruption: Interruption = Interruption()
    ) async throws -> [String] {
        let program =
            if let script { WorkerProgram(path: "/bin/sh", arguments: ["-c", script]) } else {
                WorkerProgram(path: try #require(BuiltProgram.path, "the program is built beside the tests"), arguments: ["work", "--results", session.store.results])
            }
        let plan = WorkerPlan(threads: threads, limit: workers, memoryBytes: 1e12)
        return try await ProcessExecutor(store: session.store, plan: plan, program: program, interruption: interruption, report: record.report)
            .run(StageGraph(experiment, family: TinyExperiment.family), of: experiment.source)
    }

    /// The bytes of the published file, without the times.
    private func published(_ experiment: Experiment, _ session: TinySession) throws -> Data {
        var runs = try RunRecord.records(of: StageGraph(experiment, family: TinyExperiment.family), store: session.store)
        for index in runs.indices {
            runs[index].curve.seconds = runs[index].curve.seconds.map { _ in 0 }
            for row in runs[index].costs.indices { runs[index].costs[row].seconds = 0 }
        }
        let record = ExperimentRecord(
            experiment: "", strataVersion: "1", numericsVersion: "1", host: "here", instructionSet: "any", created: "2026-01-01T00:00:00Z")
        let path = session.folder.file("published.h5")
        try Publisher.publish(experiment: record, runs: runs, to: path)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    @Test func resultsDoNotDependOnTheWorkers() async throws {
        let experiment = try TinyExperiment.experiment(TinyExperiment.allStrategies, words: ["seed=0,1"])
        let plain = try TinySession()
        try plain.run(StageGraph(experiment, family: TinyExperiment.family))
        let bytes = try published(experiment, plain)
        for workers in [1, 2, 3] {
            let (session, record) = (try TinySession(), Record())
            #expect(try await run(experiment, in: session, workers: workers, record: record) == [])
            let titles = try StageGraph(experiment, family: TinyExperiment.family).stages.map(\.title)
            #expect(record.begun.sorted() == titles.sorted() && record.finished.sorted() == titles.sorted() && record.failed.isEmpty)
            #expect(try published(experiment, session) == bytes, "\(workers) workers")
        }
        // The comparison sees a difference.
        let other = try TinyExperiment.experiment(TinyExperiment.allStrategies, words: ["seed=2,3"])
        let session = try TinySession()
        #expect(try await run(other, in: session, workers: 2) == [])
        #expect(try published(other, session) != bytes)
    }

    @Test func whatIsDoneIsNotDoneAgain() async throws {
        let (session, record) = (try TinySession(), Record())
        #expect(try await run(TinyExperiment.experiment(), in: session, workers: 2) == [])
        #expect(try await run(TinyExperiment.experiment(), in: session, workers: 2, script: "exit 1", record: record) == [])
        #expect(record.begun.isEmpty)
        #expect(try await run(TinyExperiment.experiment(words: ["train.steps=3"]), in: session, workers: 2, record: record) == [])
        #expect(record.begun.sorted() == ["sequential, sums", "sequential, sums, evaluation", "sequential, terms", "sequential, terms, evaluation"])
    }

    /// A stage whose numbers run away fails as it does without workers.
    @Test func aStageThatFailsStopsOnlyWhatNeedsIt() async throws {
        let wild = "{learning_rate: 100, weight_decay: 10, max_grad_norm: 0, lr_scheduler_type: constant, warmup_ratio: 0, steps: 200}"
        let experiment = try TinyExperiment.experiment(
            TinyExperiment.root + "sweep:\n  arms:\n    - {name: wild, strategy: {kind: sequential}, train: \(wild)}\n    - {name: tame, strategy: {kind: sequential}}\n")
        let (plain, session, record) = (try TinySession(), try TinySession(), Record())
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        let expected = try plain.run(graph)
        let failures = try await run(experiment, in: session, workers: 2, record: record)
        #expect(failures == expected && failures.count == 1 && record.failed == failures)
        #expect(failures[0].hasPrefix("arm=wild, sums: the "))
        #expect(graph.chains[1].state(in: session.store) == .done)
        #expect(try published(experiment, session) == published(experiment, plain))
    }

    /// How a script ends, and what is said of it.
    @Test(arguments: [
        ("read line; echo 'too hot' >&2; echo >&2; echo 'out of order' >&2; exit 3", "its worker ended with exit status 3; its last words: too hot / out of order"),
        ("read line; for i in 1 2 3 4 5; do echo $i >&2; done; kill -KILL $$", "its worker was ended by SIGKILL (the system sends it when memory runs out); its last words: 3 / 4 / 5"),
        ("kill -ABRT $$", "its worker was ended by SIGABRT"),
        ("echo 'Fatal error: b' >&2; echo 'Current stack trace:' >&2; echo '0 0x00' >&2; kill -TERM $$", "its worker was ended by SIGTERM; its last words: Fatal error: b"),
        ("exit 0", "its worker ended with exit status 0"),
        ("cat >/dev/null & echo hello; wait", "its worker ended with exit status 0"),
        ("read a; read b; echo '{\"event\":\"began\"}'; echo '{\"event\":\"fini'; exit 1", "its worker ended with exit status 1"),
    ])
    func aWorkerThatEndsFailsItsStage(script: String, message: String) async throws {
        let (session, record) = (try TinySession(), Record())
        let experiment = try TinyExperiment.experiment()
        let failures = try await run(experiment, in: session, workers: 2, script: script, record: record)
        // The random base comes first; the base then still has its chance; nothing else can begin.
        #expect(failures == ["random base: \(message)", "base: \(message)"])
        #expect(record.failed == failures && record.finished == ["tokenizer"])
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        #expect(session.store.state(graph.stages[3].key) == .failed(message))
        #expect(graph.chains[0].state(in: session.store) == .failed(message))
        // Another run tries again.
        #expect(try await run(experiment, in: session, workers: 2) == [])
        #expect(graph.chains[0].state(in: session.store) == .done)
    }

    /// Ctrl-C can reach a worker before it can ignore it; the run then ends by itself.
    @Test func anInterruptIsNoFailureOfAStage() async throws {
        let (session, record) = (try TinySession(), Record())
        let failures = try await run(TinyExperiment.experiment(), in: session, workers: 2, script: "kill -INT $$", record: record)
        #expect(failures == ["random base: its worker was ended by SIGINT", "base: its worker was ended by SIGINT"])
        #expect(record.failed.isEmpty)
        #expect(try TinyExperiment.graph().stages.allSatisfy { [.pending, .done].contains(session.store.state($0.key)) })
    }

    /// Every stop saves, and what comes of it in the end is what an undisturbed run gives.
    @Test func aStopSavesAndGoesOn() async throws {
        let experiment = try TinyExperiment.experiment(TinyExperiment.sequential, [("{steps: 6,", "{steps: 1500,"), ("{steps: 4,", "{steps: 1500,")])
        let (plain, session, record) = (try TinySession(), try TinySession(), Record())
        #expect(try await run(experiment, in: plain, workers: 2) == [])
        var stops = 0
        for _ in 0..<4 {
            let interruption = Interruption()
            record.watch = { event in if case .trained = event { interruption.request() } }
            do {
                #expect(try await run(experiment, in: session, workers: 2, record: record, interruption: interruption) == [])
                if !interruption.isRequested { break }
            } catch is Interrupted { stops += 1 }
        }
        record.watch = { _ in }
        #expect(try await run(experiment, in: session, workers: 2, record: record) == [])
        #expect(stops == 4 && record.failed.isEmpty && record.notes.contains { $0.contains(": goes on behind step ") }, "\(stops) stops, \(record.notes)")
        #expect(try published(experiment, session) == published(experiment, plain))
    }

    /// It is waited for, and taken over once whoever has it is dead or gives it back.
    @Test(.timeLimit(.minutes(1))) func aStageOfAnotherRunIsWaitedFor() async throws {
        let (session, record) = (try TinySession(), Record())
        let experiment = try TinyExperiment.experiment()
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        try session.store.makeResultsFolder()
        let base = try #require(graph.stages.first { $0.title == "base" })
        guard case .taken(let lock) = try session.store.lock(base.key, LockWatch()) else {
            Issue.record("not taken")
            return
        }
        // Everything else that can be done is done first.
        record.watch = { event in if case .note = event { lock.release() } }
        #expect(try await run(experiment, in: session, workers: 2, record: record) == [])
        #expect(record.notes.count == 1 && record.notes[0].hasPrefix("base: waits for process \(getpid()) on "))
        #expect(record.finished.count == graph.stages.count && record.failed.isEmpty)
    }

    @Test func aProgramThatIsNotThere() async throws {
        let session = try TinySession()
        let plan = WorkerPlan(threads: 2, memoryBytes: 1e12)
        let experiment = try TinyExperiment.experiment()
        let executor = ProcessExecutor(store: session.store, plan: plan, program: WorkerProgram(path: session.folder.file("none"), arguments: []), report: { _ in })
        let failures = try await executor.run(StageGraph(experiment, family: TinyExperiment.family), of: experiment.source)
        #expect(failures.count == 2)
        #expect(failures.allSatisfy { $0.contains("base: no worker could be started (\(session.folder.file("none"))): ") }, "\(failures)")
    }

    @Test func badDataAndFoldersAreFoundFirst() async throws {
        let session = try TinySession()
        let tokenizer = try TinyExperiment.experiment(TinyExperiment.sequential, [("{kind: byte}", "{kind: bpe, vocab_size: 100000}")])
        await #expect(throws: (any Error).self) { try await run(tokenizer, in: session, workers: 2, script: "exit 9") }
        let blocked = try TinySession()
        try blocked.folder.write("results", "a file in its place")
        await #expect(throws: StoreError.self) { try await run(TinyExperiment.experiment(), in: blocked, workers: 2, script: "exit 9") }
    }

    /// A worker that cannot write ends the run, and with it the others, of which one never comes to an end.
    @Test(.timeLimit(.minutes(1))) func aFolderThatCannotBeWrittenEndsTheRun() async throws {
        let session = try TinySession()
        let file = session.folder.file("count")
        let script = """
            read a; read b
            if mkdir \(file) 2>/dev/null; then while read line; do :; done; fi
            echo '{"event":"unwritable","path":"a/b","problem":"cannot be written"}'
            while read line; do :; done
            """
        let error = await #expect(throws: StoreError.self) {
            try await run(TinyExperiment.experiment(words: ["seed=0,1", "base.seed=run"]), in: session, workers: 3, threads: 3, script: script)
        }
        #expect(error?.description == "a/b: cannot be written")
    }
}
