import Experiments
import Foundation
import Testing

@Suite struct UnusedStagesTests {
    private let session: TinySession
    private let whole: StageGraph
    private let part: StageGraph

    init() throws {
        session = try TinySession()
        whole = try TinyExperiment.graph(words: ["seed=0,1"])
        part = try TinyExperiment.graph()
        try session.run(whole)
    }

    private func unused(_ graph: StageGraph, now: Date = Date()) throws -> UnusedStages {
        try UnusedStages(session.store, used: Set(graph.stages.map(\.key)), now: now)
    }

    private func names(_ folder: String = "results/stages") throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: session.folder.file(folder)))
    }

    @Test func stagesThatNobodyNamesGo() throws {
        #expect(try unused(whole).entries.isEmpty)
        let unused = try unused(part)
        let gone = Set(whole.stages.map(\.key)).subtracting(part.stages.map(\.key))
        #expect(gone.count == 4 && Set(unused.removable.map(\.key)) == gone)
        #expect(unused.entries.map(\.kind).sorted() == ["evaluation", "evaluation", "task", "task"])
        let sizes = try gone.map { key in
            try FileManager.default.contentsOfDirectory(atPath: session.store.folder(key)).reduce(0) { sum, name in
                sum + (try FileManager.default.attributesOfItem(atPath: session.store.folder(key) + "/" + name)[.size] as? Int ?? 0)
            }
        }
        #expect(unused.bytes == sizes.reduce(0, +) && unused.bytes > 10_000)
        // A look removes nothing.
        #expect(try names() == Set(whole.stages.map(\.key)))
        #expect(unused.remove().isEmpty)
        #expect(try names() == Set(part.stages.map(\.key)))
        #expect(part.chains.allSatisfy { $0.state(in: session.store) == .done })
        #expect(try self.unused(part).entries.isEmpty)
        // What is gone is made again.
        #expect(try session.run(whole).isEmpty && whole.chains[1].state(in: session.store) == .done)
    }

    @Test func whatStrataDidNotMakeStays() throws {
        try session.folder.write("results/stages/notes.txt", "mine")
        try FileManager.default.createDirectory(atPath: session.folder.file("results/stages/old"), withIntermediateDirectories: true)
        try session.folder.write("results/tiny.h5", "x")
        let file = String(repeating: "a", count: 64)
        try session.folder.write("results/stages/\(file)", "no folder")
        #expect(try unused(whole).entries.isEmpty)
    }

    @Test func linksAreNotFollowed() throws {
        try FileManager.default.createDirectory(atPath: session.folder.file("outside"), withIntermediateDirectories: true)
        let kept = try session.folder.write("outside/model.safetensors", "precious")
        let link = session.folder.file("results/stages/" + String(repeating: "b", count: 64))
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: session.folder.file("outside"))
        #expect(try unused(whole).entries.isEmpty)
        // Inside of a stage the link goes, and not what it leads to.
        let gone = whole.chains[1].stages[5].key
        for (name, target) in [("linked", "outside"), ("model", "outside/model.safetensors")] {
            try FileManager.default.createSymbolicLink(atPath: session.store.folder(gone) + "/" + name, withDestinationPath: session.folder.file(target))
        }
        try FileManager.default.createDirectory(atPath: session.store.folder(gone) + "/folder", withIntermediateDirectories: true)
        try session.folder.write("results/stages/\(gone)/folder/file", "inside")
        let unused = try unused(part)
        #expect(unused.remove().isEmpty && unused.removable.contains { $0.key == gone })
        #expect(!FileManager.default.fileExists(atPath: session.store.folder(gone)))
        #expect(try String(contentsOfFile: kept, encoding: .utf8) == "precious" && FileManager.default.fileExists(atPath: link))
        // A folder of stages that is itself a link is refused.
        try FileManager.default.moveItem(atPath: session.folder.file("results/stages"), toPath: session.folder.file("elsewhere"))
        try FileManager.default.createSymbolicLink(atPath: session.folder.file("results/stages"), withDestinationPath: session.folder.file("elsewhere"))
        let error = #expect(throws: StoreError.self) { try self.unused(part) }
        #expect(error?.description.contains("is a link") == true)
    }

    @Test func whatIsHeldStays() throws {
        let held = whole.chains[1].stages[5].key
        try FileManager.default.createDirectory(atPath: session.folder.file("results/locks"), withIntermediateDirectories: true)
        try session.folder.write("results/locks/\(held)", "000000000003 {\"host\":\"elsewhere\",\"process\":17}\n")
        let unused = try unused(part)
        #expect(unused.entries.count == 4 && unused.removable.count == 3)
        #expect(unused.entries.first { $0.key == held }?.obstacle?.hasPrefix("held by process 17 on elsewhere") == true)
        #expect(unused.remove().isEmpty && FileManager.default.fileExists(atPath: session.store.folder(held)))
    }

    /// Files of a process that is gone, once they have rested for an hour.
    @Test func unfinishedFilesGo() throws {
        let stage = part.stages[5].key
        // No process has so large a number.
        let dead = Int32.max
        try session.folder.write("results/stages/\(stage)/model.safetensors.partial-\(dead)", "half")
        try session.folder.write("results/stages/\(stage)/journal.partial-\(ProcessInfo.processInfo.processIdentifier)", "mine")
        try session.folder.write("results/stages/\(stage)/model.partial-of-mine", "mine")
        try session.folder.write("results/tiny.h5.1f.partial", "half a file")
        try session.folder.write("results/notes.partial", "mine")
        // Of a process that died while it took a lock, and a lock.
        let other = String(repeating: "a", count: 64)
        try session.folder.write("results/locks/\(other).1k2j3", "half a lock")
        try session.folder.write("results/locks/\(other)", "a lock")
        #expect(try unused(whole).entries.isEmpty)
        let unused = try unused(whole, now: Date() + 4000)
        #expect(unused.entries.map { ($0.path as NSString).lastPathComponent } == ["model.safetensors.partial-\(dead)", "tiny.h5.1f.partial", "\(other).1k2j3"])
        #expect(unused.bytes == 4 + 11 + 11 && unused.remove().isEmpty)
        #expect(try names("results") == ["locks", "stages", "notes.partial"] && names("results/stages/\(stage)").count == 4 + 2)
        #expect(try names("results/locks") == [other])
    }
}
