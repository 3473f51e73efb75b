import Foundation
import Kernels
import Settings
import Testing

@testable import Experiments

/// Finished stages whose files are not what they were.
@Suite struct DamagedStageTests {
    private let graph: StageGraph
    private let session: TinySession
    private let plain: TinySession

    init() throws {
        graph = try TinyExperiment.graph()
        (session, plain) = (try TinySession(), try TinySession())
        for session in [session, plain] { try session.run(graph) }
    }

    private func stage(_ title: String) throws -> Stage { try #require(graph.stages.first { $0.title == title }) }
    private func path(_ title: String, _ file: String) throws -> String { try session.store.folder(stage(title).key) + "/" + file }

    /// Flips a bit in the middle, cuts the last byte off, or removes the file.
    private func damage(_ path: String, _ how: String) throws {
        guard how != "gone" else { return try FileManager.default.removeItem(atPath: path) }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        if how == "cut" { bytes.removeLast() } else { bytes[bytes.count / 2] ^= 1 }
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    /// Runs a sweep that needs the base once more.
    @discardableResult
    private func runMore(_ session: TinySession) throws -> StageGraph {
        let more = try TinyExperiment.graph(words: ["seed=0,1"])
        #expect(try session.run(more).isEmpty)
        return more
    }

    @Test(arguments: ["altered", "cut", "gone"], ["journal", "recipe.json", "model.safetensors"])
    func aDamagedStageIsMadeAgainBeforeItIsRead(how: String, file: String) throws {
        try damage(path("base", file), how)
        let begun = session.begun.count
        let more = try runMore(session)
        #expect(session.notes == ["base: \(file) \(how == "gone" ? "is missing" : "does not have the hash that it was finished with")"])
        // It, and what is new: nothing that was made from it.
        #expect(Array(session.begun[begun...]) == ["base", "seed=1, sums", "seed=1, sums, evaluation", "seed=1, terms", "seed=1, terms, evaluation"])
        #expect(try runMore(plain).stages.map(\.key) == more.stages.map(\.key) && session.difference(from: plain, more) == nil)
    }

    @Test(arguments: ["altered", "cut"])
    func aDamagedTokenizer(how: String) throws {
        try damage(path("tokenizer", "tokenizer.json"), how)
        let begun = session.begun.count
        try runMore(session)
        #expect(session.notes == ["tokenizer: tokenizer.json does not have the hash that it was finished with"])
        #expect(session.begun[begun...].first == "tokenizer" && session.begun.count == begun + 5)
    }

    /// What nobody reads is not looked at: a checkpoint may be removed to save room.
    @Test func checkpointsThatNobodyReads() throws {
        for title in ["base", "sequential, terms"] { try damage(path(title, "model.safetensors"), "gone") }
        let begun = session.begun.count
        try session.run(graph)
        #expect(session.notes.isEmpty && session.begun.count == begun)
        // A new stage that needs one has it made again.
        try runMore(session)
        #expect(session.notes == ["base: model.safetensors is missing"])
    }

    @Test func everyFileOfAStageCanBeChecked() throws {
        for stage in graph.stages { #expect(session.store.damage(stage.key) == nil) }
        for (title, file) in [("tokenizer", "tokenizer.json"), ("base", "model.safetensors"), ("base, evaluation", "journal"), ("sequential, sums", "recipe.json")] {
            try damage(path(title, file), "altered")
            #expect(try session.store.damage(stage(title).key)?.path == path(title, file))
        }
        let whole = try StageVerification(session.store.results)
        #expect(whole.finished == 9 && whole.unfinished == 0 && whole.damaged.count == 4)
        #expect(try StageVerification(plain.store.results).damaged.isEmpty)
        let one = try StageVerification(session.store.folder(stage("base").key) + "/")
        #expect(one.finished == 1 && one.damaged.count == 1 && one.damaged[0].hasSuffix("/model.safetensors does not have the hash that it was finished with"))
        #expect(throws: StoreError.self) { try StageVerification(session.folder.path) }
    }

    /// `done` has a checksum of its own.
    @Test func aDamagedMark() throws {
        let mark = try path("base", "done")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: mark))
        for place in bytes.indices {
            for altered in [bytes[..<place], bytes[..<place] + [bytes[place] ^ 1] + bytes[(place + 1)...]] {
                #expect(throws: DoneMark.Damage.self, "\(place)") { try DoneMark(altered) }
            }
        }
        try bytes.dropLast(3).write(to: URL(fileURLWithPath: mark))
        let begun = session.begun.count
        try session.run(graph)
        #expect(session.notes == ["base: done is not JSON"])
        #expect(Array(session.begun[begun...]) == ["base"])
        #expect(try session.difference(from: plain, graph) == nil)
        // That of another stage.
        try FileManager.default.removeItem(atPath: mark)
        try FileManager.default.copyItem(atPath: path("random base", "done"), toPath: mark)
        try session.run(graph)
        #expect(session.notes.last == "base: done belongs to another stage")
    }

    /// One of an earlier version has no checksum; one that has no hashes cannot be believed.
    @Test func marksOfEarlierVersions() throws {
        let mark = try path("base", "done")
        var json = try Value(json: Data(contentsOf: URL(fileURLWithPath: mark)))
        for (key, isSound) in [("checksum", true), ("threads", true), ("files", false)] {
            json[key] = nil
            try Data(json.canonicalJSON.utf8).write(to: URL(fileURLWithPath: mark))
            #expect(try (session.store.damage(stage("base").key) == nil) == isSound, "\(key)")
        }
        let begun = session.begun.count
        try session.run(graph)
        #expect(session.notes == ["base: done has no hashes of the stage's files"] && Array(session.begun[begun...]) == ["base"])
    }

    /// A parent that is damaged while the run goes on is not read: the stage fails, and the next run makes both.
    @Test func aParentThatIsDamagedMeanwhile() throws {
        let more = try TinyExperiment.graph(words: ["seed=0,1"])
        let model = try path("base", "model.safetensors")
        let failures = try session.run(more) { event in
            if case .began(let stage) = event, stage.title == "seed=1, sums" { try? damage(model, "altered") }
            return false
        }
        #expect(failures == ["seed=1, sums: \(model) does not have the hash that it was finished with; run it again: the stage is made anew"])
        #expect(try session.run(more).isEmpty)
        try plain.run(more)
        #expect(try session.difference(from: plain, more) == nil)
    }

    /// Two runs on one folder: each stage is made once, by one of them, and both come to the end.
    @Test func twoRunsShareTheWork() throws {
        let graph = try TinyExperiment.graph(TinyExperiment.allStrategies, words: ["seed=0,1"])
        let (shared, alone) = (try TinySession(), try TinySession())
        try alone.run(graph)
        let (begun, store) = (Tally(), shared.store)
        DispatchQueue.concurrentPerform(iterations: 3) { _ in
            do {
                let failures = try LocalExecutor(store: store, compute: Compute(threads: 1)) { event in
                    switch event {
                    case .began(let stage): begun.add(stage.title)
                    case .note(_, let text): if !text.hasPrefix("waits for process \(getpid()) on ") { begun.add("unexpected: \(text)") }
                    default: break
                    }
                }.run(graph)
                if failures != [] { begun.add("unexpected: \(failures)") }
            } catch {
                begun.add("unexpected: \(error)")
            }
        }
        #expect(begun.all.sorted() == graph.stages.map(\.title).sorted())
        #expect(try shared.difference(from: alone, graph) == nil)
        #expect(try shared.folder.names("results/locks").isEmpty)
    }

    private final class Tally: @unchecked Sendable {
        private let lock = NSLock()
        private var items: [String] = []
        var all: [String] { lock.withLock { items } }
        func add(_ item: String) { lock.withLock { items.append(item) } }
    }
}
