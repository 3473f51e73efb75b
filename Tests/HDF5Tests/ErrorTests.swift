import HDF5
import Testing

@Suite struct ErrorTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws {
        folder = try TemporaryFolder()
        try File.create(at: path) { root in
            let group = try root.createGroup("summary")
            try group.createDataset("loss", of: Double.self, shape: [3]).write([1.0, 2, 3])
            try group.createDataset("name", of: String.self, shape: [1]).write(["a"])
            try group.attributes.set("version", 1)
            try group.attributes.set("list", [1, 2])
        }
    }

    @Test func theWholeStackIsKept() throws {
        let error = try #require(throws: HDF5Error.self) { try File(folder.file("none.h5")) }
        #expect(error.stack.count >= 2)
        #expect(error.stack.last?.function == "H5Fopen")
        #expect(error.stack.allSatisfy { !$0.function.isEmpty && !$0.file.isEmpty && $0.line > 0 && !$0.major.isEmpty && !$0.minor.isEmpty })
        #expect(error.description.contains("cannot open '\(folder.file("none.h5"))'"))
        #expect(error.description.contains("No such file or directory"))
        #expect(error.debugDescription.split(separator: "\n").count == error.stack.count + 1)
    }

    @Test func theStackIsThatOfTheLastFailureOnly() throws {
        let first = try #require(throws: HDF5Error.self) { try File(folder.file("none.h5")) }
        let second = try #require(throws: HDF5Error.self) { try File(folder.file("none.h5")) }
        #expect(first.stack.map(\.function) == second.stack.map(\.function))
    }

    @Test func notAnHDF5File() throws {
        let other = folder.file("b.h5")
        for content in [[], Array("name: table-5\n".utf8), [UInt8](repeating: 0, count: 4096)] {
            try write(content, to: other)
            #expect(try !File.isHDF5(other))
            #expect(throws: HDF5Error.self) { try File(other) }
        }
        #expect(try File.isHDF5(path))
        #expect(throws: HDF5Error.self) { try File.isHDF5(folder.file("none.h5")) }
    }

    @Test func truncatedFile() throws {
        let whole = try bytes(of: path)
        let other = folder.file("b.h5")
        // The last 24 bytes are the seal.
        for length in [whole.count - 25, whole.count / 2, 200] {
            try write(Array(whole.prefix(length)), to: other)
            let error = try #require(throws: HDF5Error.self) { try File(other) }
            #expect(!error.stack.isEmpty)
        }
    }

    @Test func missingObjectsAreNamedWithWhatThereIs() throws {
        let root = try File(path).root
        let group = try root.group("summary")
        let dataset = try #require(throws: HDF5Error.self) { try group.dataset("los") }
        #expect(dataset.description == "'/summary' of '\(path)' has no dataset 'los'; it has 'loss', 'name'")
        let missing = try #require(throws: HDF5Error.self) { try root.group("runs") }
        #expect(missing.description.hasSuffix("has no group 'runs'; it has 'summary'"))
        #expect(throws: HDF5Error.self) { try root.dataset("summary") }
        #expect(throws: HDF5Error.self) { try group.group("loss") }
        let attribute = try #require(throws: HDF5Error.self) { try group.attributes.attribute("x") }
        #expect(attribute.description.hasSuffix("has no attribute 'x'; it has 'list', 'version'"))
    }

    @Test func wrongType() throws {
        let group = try File(path).root.group("summary")
        let error = try #require(throws: HDF5Error.self) { try group.dataset("loss").read(as: Int.self) }
        #expect(error.description == "'/summary/loss' of '\(path)' holds float64, expected int64")
        #expect(throws: HDF5Error.self) { try group.dataset("loss").read(as: String.self) }
        #expect(throws: HDF5Error.self) { try group.dataset("loss").read(as: Float.self) }
        #expect(throws: HDF5Error.self) { try group.dataset("name").read(as: Double.self) }
        #expect(throws: HDF5Error.self) { try group.attributes.value("version", as: String.self) }
        let list = try #require(throws: HDF5Error.self) { try group.attributes.value("list", as: Int.self) }
        #expect(list.description.hasSuffix("holds 2 values, expected one"))
    }

    @Test func writesThatDoNotFit() throws {
        try File.create(at: folder.file("b.h5")) { root in
            let dataset = try root.createDataset("x", of: Double.self, shape: [2])
            #expect(throws: HDF5Error.self) { try dataset.write([1.0]) }
            #expect(throws: HDF5Error.self) { try dataset.write([1, 2]) }
            #expect(throws: HDF5Error.self) { try root.createDataset("n", of: Double.self, shape: [-1]) }
            #expect(throws: HDF5Error.self) { try root.createDataset("x", of: Double.self, shape: [1]) }
            #expect(throws: HDF5Error.self) { try root.createDataset("l", of: Double.self, shape: [1], storage: .compressed(level: 10)) }
            for name in ["", ".", "a/b", "a\0b"] {
                #expect(throws: HDF5Error.self) { try root.createDataset(name, of: Double.self, shape: [1]) }
                #expect(throws: HDF5Error.self) { try root.createGroup(name) }
            }
            let text = try root.createDataset("t", of: String.self, shape: [1], text: .fixed(byteCount: 3))
            #expect(throws: HDF5Error.self) { try text.write(["abcd"]) }
            #expect(throws: HDF5Error.self) { try text.write(["a\0b"]) }
            #expect(throws: HDF5Error.self) { try root.attributes.set("", 1) }
            try root.attributes.set("once", 1)
            #expect(throws: HDF5Error.self) { try root.attributes.set("once", 2) }
        }
    }

    @Test func aFileOpenForReadingCannotBeWritten() throws {
        let root = try File(path).root
        let error = try #require(throws: HDF5Error.self) { try root.createGroup("new") }
        #expect(!error.stack.isEmpty)
    }
}
