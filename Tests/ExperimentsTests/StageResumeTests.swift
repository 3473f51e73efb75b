import Foundation
import Kernels
import Settings
import Testing

@testable import Experiments

/// Stages that are interrupted, and go on.
@Suite struct StageResumeTests {
    /// Every stage with midway evaluations and a curve of every second step.
    private static let changes = [("{steps: 6,", "{eval_steps: 2, steps: 6,"), ("{steps: 4,", "{eval_steps: 3, steps: 4,")]

    private func graph(_ text: String = TinyExperiment.sequential) throws -> StageGraph { try TinyExperiment.graph(text, Self.changes) }

    private func names(_ session: TinySession, _ stage: Stage) throws -> [String] { try session.folder.names("results/stages/\(stage.key)") }

    /// Runs until the training of a stage has recorded the point of a step, and is then stopped.
    private func interrupt(_ session: TinySession, _ graph: StageGraph, _ title: String, after step: Int) {
        #expect(throws: Interrupted.self) {
            try session.run(graph) { event in if case .trained(let stage, let point, _) = event { stage.title == title && point.step == step } else { false } }
        }
    }

    /// Interrupted wherever it can be, with every strategy, the sweep ends as one that was left alone.
    @Test func anInterruptedSweepEndsAsIfNothingHadHappened() throws {
        let graph = try graph(TinyExperiment.allStrategies)
        let (plain, session) = (try TinySession(), try TinySession())
        try plain.run(graph)
        let stops = try session.runInterrupted(graph)
        #expect(try session.difference(from: plain, graph) == nil)
        // All points but the last of every stage: the base has three, each task of four steps four, the joint one eight.
        #expect(session.steps.sorted() == plain.steps.sorted())
        #expect(stops > 20)
        let resumed = session.notes.filter { $0.contains(": goes on behind step ") }
        #expect(resumed.contains("base: goes on behind step 2 of 6") && resumed.contains("arm=lora, terms: goes on behind step 3 of 4"), "\(session.notes)")
        #expect(session.notes == resumed)
        for stage in graph.stages { #expect(try names(session, stage) == names(plain, stage), "\(stage.title)") }
        #expect(try session.folder.names("results/locks").isEmpty)
    }

    @Test func whatStandsBehindTheStateIsCutOff() throws {
        let graph = try graph()
        let base = try #require(graph.stages.first { $0.title == "base" })
        let plain = try TinySession()
        try plain.run(graph)
        // How a killed process leaves a journal: records that the state does not know, and half a line.
        let (later, torn) = ("; 1 later records of its journal are cut off", "; the torn end of its journal is cut off")
        for (tail, note) in [("", ""), ("torn", torn), ("record torn", later + torn)] {
            let session = try TinySession()
            interrupt(session, graph, "base", after: 2)
            #expect(try names(session, base) == ["journal", "recipe.json", "state"] && session.store.state(base.key) == .begun)
            let journal = session.store.journal(base.key)
            var bytes = try #require(FileManager.default.contents(atPath: journal))
            #expect(try Journal.read(journal).records.count == 2)
            if tail.contains("record") {
                let json = Array(StageRecords.curve(.init(step: 4, loss: 9, learningRate: 9, gradientNorm: 9, tokens: 9, seconds: 9)).canonicalJSON.utf8)
                bytes += Array(Journal.checksum(json).utf8) + [0x20] + json + [0x0A]
            }
            if tail.contains("torn") { bytes += Array("00ff00ff {\"step\":".utf8) }
            try bytes.write(to: URL(fileURLWithPath: journal))
            // And what it was writing.
            try Data("half".utf8).write(to: URL(fileURLWithPath: session.store.model(base.key) + ".partial-77"))
            try session.run(graph)
            #expect(session.notes == ["base: goes on behind step 2 of 6\(note)"])
            #expect(try session.difference(from: plain, graph) == nil, "\(tail)")
            #expect(try names(session, base) == names(plain, base))
        }
    }

    /// What cannot be used is said, and the stage begins anew.
    @Test func aStateThatCannotBeUsed() throws {
        let graph = try graph()
        let stage = try #require(graph.stages.first { $0.title == "sequential, terms" })
        let plain = try TinySession()
        try plain.run(graph)
        func path(_ session: TinySession) -> String { session.store.savedState(stage.key) }
        func write(_ bytes: Data, _ path: String) throws { try bytes.write(to: URL(fileURLWithPath: path)) }
        func alter(_ session: TinySession, _ bytes: Data) throws {
            for place in [0, 8, 300, bytes.count / 2, bytes.count - 40, bytes.count - 1] {
                var altered = bytes
                altered[place] ^= 4
                try write(altered, path(session))
                #expect(throws: SavedState.Damage.self) { try SavedState(path(session), stage: stage.key) }
            }
        }
        func cutJournal(_ session: TinySession, _ bytes: Data) throws {
            let journal = session.store.journal(stage.key)
            try write(try #require(FileManager.default.contents(atPath: journal)).dropLast(), journal)
        }
        /// Puts the whole state of another stage in its place.
        func exchange(_ session: TinySession, _ bytes: Data) throws {
            let other = try #require(graph.stages.first { $0.title == "sequential, sums" })
            let donor = try TinySession()
            interrupt(donor, graph, other.title, after: 3)
            try write(try #require(FileManager.default.contents(atPath: donor.store.savedState(other.key))), path(session))
        }
        let journalDamage = "goes with a journal that is damaged before it"
        let cases: [(String, (TinySession, Data) throws -> Void)] = [
            ("is cut short or altered", { try write($1.dropLast(), path($0)) }), ("is cut short or altered", { session, _ in try write(Data(), path(session)) }),
            ("is cut short or altered", alter), (journalDamage, cutJournal), (journalDamage, { session, _ in unlink(session.store.journal(stage.key)) }),
            ("belongs to another stage", exchange),
        ]
        for (reason, damage) in cases {
            let session = try TinySession()
            interrupt(session, graph, stage.title, after: 3)
            let bytes = try #require(FileManager.default.contents(atPath: path(session)))
            try damage(session, bytes)
            try session.run(graph)
            #expect(session.notes == ["\(stage.title): begins anew: its saved state \(reason)"])
            #expect(try session.difference(from: plain, graph) == nil, "\(reason)")
        }
        // Without a state nothing needs to be said.
        let session = try TinySession()
        interrupt(session, graph, stage.title, after: 3)
        unlink(path(session))
        try session.run(graph)
        #expect(try session.difference(from: plain, graph) == nil && session.notes.isEmpty)
    }

    @Test func timeAddsUp() throws {
        let graph = try graph()
        let session = try TinySession()
        interrupt(session, graph, "base", after: 2)
        usleep(50_000)
        let base = try #require(graph.stages.first { $0.title == "base" })
        let saved = try #require(try SavedState(session.store.savedState(base.key), stage: base.key))
        try session.run(graph)
        let curve = try StageRecords(session.store, base.key).curve
        #expect(curve.map(\.step) == [2, 4, 6] && zip(curve, curve.dropFirst()).allSatisfy { $0.seconds < $1.seconds })
        let seconds = try #require(session.store.time(base.key)).seconds
        #expect(seconds > saved.seconds && seconds > curve[2].seconds)
    }

    @Test func anEvaluationThatIsStoppedBeginsAnew() throws {
        let graph = try graph()
        let (plain, session) = (try TinySession(), try TinySession())
        try plain.run(graph)
        #expect(throws: Interrupted.self) { try session.run(graph) { if case .began(let stage) = $0 { stage.title == "base, evaluation" } else { false } } }
        let stage = try #require(graph.stages.first { $0.title == "base, evaluation" })
        #expect(session.store.state(stage.key) == .begun)
        try session.run(graph)
        #expect(try session.begun.count { $0 == stage.title } == 2 && session.difference(from: plain, graph) == nil)
    }

    /// Less than a fiftieth of the time, and never more often than wanted.
    @Test func theRhythm() {
        var rhythm = SavingRhythm(from: 100, leastSeconds: 5, byteCount: 1e6)
        #expect(!rhythm.isDue(104.9) && rhythm.isDue(105))
        rhythm.saved(from: 105, to: 105.01)
        #expect(!rhythm.isDue(110) && rhythm.isDue(110.1))
        rhythm.saved(from: 110.1, to: 111.1)
        #expect(!rhythm.isDue(171) && rhythm.isDue(171.2))
        // A large one is not written before it is worth its time: a gigabyte, expected to take ten seconds.
        let large = SavingRhythm(from: 0, leastSeconds: 5, byteCount: 1e9)
        #expect(!large.isDue(599) && large.isDue(600))
    }
}
