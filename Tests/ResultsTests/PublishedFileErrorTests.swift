import HDF5
import Testing

@testable import Results

/// One clear error for each way in which a file can be unusable.
@Suite struct PublishedFileErrorTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    func error() throws -> PublishedFileError { try #require(throws: PublishedFileError.self) { try PublishedFile(path) } }

    func root(_ version: Int, complete: Bool, _ body: (Group) throws -> Void = { _ in }) throws {
        try File.create(at: path) { root in
            try root.attributes.set("schema_version", version)
            try root.attributes.set("strata_version", "0.1.0")
            try body(root)
            if complete { try root.attributes.set("complete", 1) }
        }
    }

    @Test func noFile() throws {
        #expect(try error() == .unreadable(path: path))
        #expect(throws: PublishedFileError.unreadable(path: folder.path)) { try PublishedFile(folder.path) }
    }

    @Test func notHDF5() throws {
        try write(Array("name,loss\r\n".utf8), to: path)
        #expect(try error() == .notHDF5(path: path))
    }

    @Test func notOurs() throws {
        try File.create(at: path) { try $0.attributes.set("title", "another program") }
        #expect(try error() == .notStrata(path: path))
        try File.create(at: path) { try $0.attributes.set("schema_version", "1.0") }
        #expect(try error() == .notStrata(path: path))
        try File.create(at: path) { try $0.attributes.set("schema_version", 1) }
        #expect(try error() == .notStrata(path: path))
        try root(0, complete: true)
        #expect(try error() == .notStrata(path: path))
    }

    @Test func laterSchema() throws {
        try root(Publisher.schemaVersion + 1, complete: true)
        #expect(try error() == .laterSchema(path: path, found: 3, known: 2))
    }

    @Test func earlierSchema() throws {
        try root(1, complete: true)
        #expect(try error() == .earlierSchema(path: path, found: 1, known: 2))
    }

    @Test func incomplete() throws {
        try root(2, complete: false)
        #expect(try error() == .incomplete(path: path))
    }

    @Test func damaged() throws {
        func expectDamage(_ reason: String) throws {
            guard case .damaged(path, let found) = try error() else {
                Issue.record("expected a damaged file")
                return
            }
            #expect(found.contains(reason), "\(found)")
        }
        try root(2, complete: true)
        try expectDamage("no attribute 'experiment'")

        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, to: path)
        let whole = try bytes(of: path)
        try write(Array(whole.prefix(whole.count / 2)), to: path)
        try expectDamage("truncated file")

        // A summary of two runs beside scores of one.
        try root(2, complete: true) { root in
            for name in ["experiment", "numerics_version", "host", "instruction_set", "created", "changes"] { try root.attributes.set(name, "") }
            let summary = try root.createGroup("summary")
            _ = try summary.createScale("run", ["a", "b"])
            let scores = try root.createGroup("scores")
            let run = try scores.createScale("run", ["a"])
            let trained = try scores.createScale("trained", [0])
            let evaluated = try scores.createScale("evaluated", ["law"])
            try scores.createDataset("task", [""], along: [run, trained])
            for name in ["loss", "bits_per_byte", "score"] { try scores.createDataset(name, [1.0], along: [run, trained, evaluated]) }
            try scores.createDataset("stage", [""], along: [run, trained])
            for name in ["flops", "seconds"] { try scores.createDataset(name, [1.0], along: [run, trained]) }
            for name in ["loss_random", "score_random"] { try scores.createDataset(name, [1.0], along: [run, evaluated]) }
        }
        try expectDamage("do not have one shape")
    }

    @Test func everyMessageNamesTheFile() {
        let errors: [PublishedFileError] = [
            .unreadable(path: "x.h5"), .notHDF5(path: "x.h5"), .notStrata(path: "x.h5"), .laterSchema(path: "x.h5", found: 9, known: 1),
            .earlierSchema(path: "x.h5", found: 1, known: 9),
            .incomplete(path: "x.h5"), .damaged(path: "x.h5", reason: "cut short"),
        ]
        let messages = errors.map(\.description)
        #expect(messages.allSatisfy { $0.hasPrefix("x.h5: found ") })
        #expect(Set(messages).count == messages.count)
        #expect(messages[3].contains("schema version 9, expected at most 1"))
    }
}
