import Glibc
import HDF5
import Testing

/// A file appears whole or not at all.
@Suite struct FileCreationTests {
    struct Stop: Error {}

    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    @Test func theFileAppearsWhenItIsWhole() throws {
        let result = try File.create(at: path) { root in
            try root.attributes.set("a", 1)
            let names = try folder.names()
            #expect(names.count == 1 && names[0].hasPrefix("a.h5.") && names[0].hasSuffix(".partial"))
            return 7
        }
        #expect(result == 7)
        #expect(try folder.names() == ["a.h5"])
    }

    @Test func aFailureLeavesTheOldFile() throws {
        try File.create(at: path) { try $0.attributes.set("version", 1) }
        let before = try bytes(of: path)
        #expect(throws: Stop.self) {
            try File.create(at: path) { root in
                try root.attributes.set("version", 2)
                throw Stop()
            }
        }
        #expect(try bytes(of: path) == before)
        #expect(try folder.names() == ["a.h5"])
    }

    @Test func aNewFileReplacesTheOldOneUnderAReader() throws {
        try File.create(at: path) { try $0.attributes.set("version", 1) }
        let old = try File(path)
        try File.create(at: path) { try $0.attributes.set("version", 2) }
        #expect(try old.root.attributes.value("version", as: Int.self) == 1)
        #expect(try File(path).root.attributes.value("version", as: Int.self) == 2)
    }

    @Test func objectsThatEscapeAreClosed() throws {
        var escaped: Group?
        try File.create(at: path) { root in
            escaped = root
            try root.attributes.set("version", 1)
        }
        #expect(throws: HDF5Error.self) { try escaped?.attributes.set("late", 1) }
        escaped = nil
        #expect(try File(path).root.attributes.names() == ["version"])
    }

    @Test func aFolderThatIsMissing() throws {
        let error = try #require(throws: HDF5Error.self) { try File.create(at: folder.file("none/a.h5")) { _ in } }
        #expect(!error.stack.isEmpty)
    }

    @Test func aPlaceThatIsAFolder() throws {
        let other = try TemporaryFolder()
        let error = try #require(throws: HDF5Error.self) { try File.create(at: other.path) { _ in } }
        #expect(error.description.contains("rename"))
        #expect(try other.names() == [])
    }

    @Test func handlesOutliveTheirFile() throws {
        try File.create(at: path) { root in
            try root.createGroup("g").createDataset("x", of: Int.self, shape: [2]).write([1, 2])
        }
        func dataset() throws -> Dataset { try File(path).root.group("g").dataset("x") }
        #expect(try dataset().read(as: Int.self) == [1, 2])
    }

    /// A process that was started while a file was written holds its descriptor, and with it the writer's lock, for a while.
    @Test func aLockOfAnotherDoesNotMatter() throws {
        try File.create(at: path) { try $0.attributes.set("version", 1) }
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        #expect(try File(path).root.attributes.value("version", as: Int.self) == 1)
        try File.create(at: path) { try $0.attributes.set("version", 2) }
        #expect(try File(path).root.attributes.value("version", as: Int.self) == 2)
    }

    @Test func manyThreads() async throws {
        let folder = folder
        let paths = (0..<8).map { folder.file("\($0).h5") }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for (index, path) in paths.enumerated() {
                group.addTask {
                    for round in 0..<10 {
                        try File.create(at: path) { root in
                            let scale = try root.createScale("step", [0, 1, 2])
                            try root.createDataset("x", [index, round, 5], along: [scale])
                        }
                        guard try File(path).root.dataset("x").read(as: Int.self) == [index, round, 5] else { return false }
                        guard (try? File(path + ".none")) == nil else { return false }
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
