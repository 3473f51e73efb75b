import Foundation
import Settings
import Testing

@testable import Experiments

@Suite struct StageStoreTests {
    private let folder: TemporaryFolder
    private let store: StageStore
    private let stage: Stage

    init() throws {
        folder = try TemporaryFolder()
        store = StageStore(results: folder.file("results"))
        stage = try #require(try TinyExperiment.graph().stages.first)
    }

    private var names: [String] { get throws { try folder.names("results/stages/\(stage.key)") } }

    @Test func statesFollowEachOther() throws {
        #expect(store.state(stage.key) == .pending && store.time(stage.key) == nil)
        try store.begin(stage)
        #expect(store.state(stage.key) == .begun)
        try store.fail(stage, "too hot: 40 °C")
        #expect(store.state(stage.key) == .failed("too hot: 40 °C"))
        for path in [store.journal(stage.key), store.model(stage.key) + ".partial-7"] { try Data("old".utf8).write(to: URL(fileURLWithPath: path)) }
        // Another attempt leaves nothing of the one before.
        try store.begin(stage)
        #expect(store.state(stage.key) == .begun)
        #expect(try names == ["recipe.json"])
        try Data("123456789".utf8).write(to: URL(fileURLWithPath: store.journal(stage.key)))
        try store.finish(stage, seconds: 1.5, threads: 2)
        #expect(store.state(stage.key) == .done && store.time(stage.key)?.seconds == 1.5 && store.time(stage.key)?.threads == 2)
        #expect(try names == ["done", "journal", "recipe.json"])
        try store.begin(stage)
        #expect(store.state(stage.key) == .begun && store.time(stage.key) == nil)
    }

    @Test func whatIsDoneNamesItsFilesByTheirHashes() throws {
        try store.begin(stage)
        try Data("123456789".utf8).write(to: URL(fileURLWithPath: store.journal(stage.key)))
        try store.finish(stage, seconds: 0, threads: 1)
        let done = try Value(json: Data(contentsOf: URL(fileURLWithPath: store.folder(stage.key) + "/done")))
        #expect(done["files"]?["journal"] == "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225")
        // The key is the hash of the recipe.
        #expect(done["files"]?["recipe.json"] == .string(stage.key))
        #expect(done["files"]?.asObject?.count == 2)
    }

    @Test func filesAreThereWholeOrNotAtAll() throws {
        let path = folder.file("a")
        try DurableFile.write(Data("first".utf8), to: path)
        try DurableFile.write(Data("second".utf8), to: path)
        try DurableFile.write(Data(), to: folder.file("empty"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
        #expect(try folder.names() == ["a", "empty"])
        // A folder in its place: it stays, and nothing is left beside it.
        try FileManager.default.createDirectory(atPath: folder.file("b/c"), withIntermediateDirectories: true)
        let error = #expect(throws: StoreError.self) { try DurableFile.write(Data("x".utf8), to: folder.file("b")) }
        #expect(error?.problem == "cannot be put in place: Is a directory")
        #expect(try folder.names() == ["a", "b", "empty"])
    }

    @Test func foldersAreMadeWhereTheyAreMissing() throws {
        for _ in 0..<2 { try DurableFile.makeFolder(folder.file("x/y/z")) }
        #expect(try folder.names("x/y") == ["z"])
        try folder.write("file", "")
        for (path, reason) in [("file", "File exists"), ("file/x", "Not a directory"), ("file/x/y", "Not a directory")] {
            let error = #expect(throws: StoreError.self) { try DurableFile.makeFolder(folder.file(path)) }
            #expect(error?.description == "\(folder.file(path)): cannot be made as a folder: \(reason)")
        }
        #expect(throws: StoreError.self) { try DurableFile.makeFolder("") }
    }

    @Test func aResultsFolderThatCannotBeWrittenStopsEverything() throws {
        try folder.write("results", "a file in its place")
        let error = #expect(throws: StoreError.self) { try store.begin(stage) }
        #expect(error?.problem == "cannot be made as a folder: Not a directory")
        let session = try TinySession()
        try session.folder.write("results", "a file in its place")
        #expect(throws: StoreError.self) { try session.run(TinyExperiment.graph()) }
        #expect(session.begun.isEmpty)
    }
}
