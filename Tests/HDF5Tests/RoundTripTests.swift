import HDF5
import Testing

/// What is written is read back: types, shapes, storage, attributes.
@Suite struct RoundTripTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    func roundTrip<T: Element & Equatable>(_ values: [T], shape: [Int], storage: Storage, text: TextLength = .variable) throws {
        try File.create(at: path) { root in
            try root.createDataset("x", of: T.self, shape: shape, storage: storage, text: text).write(values)
        }
        let dataset = try File(path).root.dataset("x")
        #expect(dataset.shape == shape)
        #expect(dataset.elementType == T.elementType)
        #expect(try dataset.read(as: T.self) == values)
    }

    static let storages: [Storage] = [.contiguous, .compressed(level: 0), .compressed(level: 4), .compressed(level: 9)]

    @Test(arguments: storages) func numbers(storage: Storage) throws {
        try roundTrip([Float(1.5), -0.0, .infinity, .leastNonzeroMagnitude, 1e30, 7], shape: [2, 3], storage: storage)
        try roundTrip([1.5, .greatestFiniteMagnitude, -.infinity, .leastNonzeroMagnitude], shape: [4], storage: storage)
        try roundTrip([Int64.min, -1, 0, .max], shape: [1, 4, 1], storage: storage)
        try roundTrip([Int.min, .max], shape: [2], storage: storage)
        try roundTrip((0...255).map { UInt8($0) }, shape: [16, 16], storage: storage)
        try roundTrip([2.5], shape: [], storage: storage)
    }

    @Test(arguments: storages) func texts(storage: Storage) throws {
        let texts = ["", "law", "Größe · 法律 · 🧪", " a\n\"b\" ", String(repeating: "long ", count: 400), "x"]
        try roundTrip(texts, shape: [2, 3], storage: storage)
        try roundTrip(texts, shape: [6], storage: storage, text: .fixed(byteCount: 2000))
        try roundTrip(["one"], shape: [], storage: storage)
    }

    @Test func fixedTextThatFillsItsRoom() throws {
        try roundTrip(["abcd", "ab"], shape: [2], storage: .contiguous, text: .fixed(byteCount: 4))
    }

    @Test(arguments: storages) func noElements(storage: Storage) throws {
        try roundTrip([Double](), shape: [0], storage: storage)
        try roundTrip([Float](), shape: [3, 0, 2], storage: storage)
        try roundTrip([String](), shape: [0], storage: storage)
    }

    @Test func notANumberKeepsItsPlace() throws {
        try File.create(at: path) { root in
            try root.createDataset("x", of: Float.self, shape: [3]).write([Float.nan, 1, .nan])
        }
        let values = try File(path).root.dataset("x").read(as: Float.self)
        #expect(values.map(\.isNaN) == [true, false, true])
    }

    @Test(arguments: storages) func whatIsNeverWrittenIsMissing(storage: Storage) throws {
        try File.create(at: path) { root in
            try root.createDataset("float", of: Float.self, shape: [2], storage: storage)
            try root.createDataset("double", of: Double.self, shape: [2], storage: storage)
            try root.createDataset("integer", of: Int.self, shape: [2], storage: storage)
            try root.createDataset("text", of: String.self, shape: [2], storage: storage)
        }
        let root = try File(path).root
        #expect(try root.dataset("float").read(as: Float.self).allSatisfy(\.isNaN))
        #expect(try root.dataset("double").read(as: Double.self).allSatisfy(\.isNaN))
        #expect(try root.dataset("integer").read(as: Int.self) == [0, 0])
        #expect(try root.dataset("text").read(as: String.self) == ["", ""])
    }

    @Test func manyBlocks() throws {
        let values = (0..<600_000).map { Float($0 % 977) }
        try roundTrip(values, shape: [3, 200_000], storage: .compressed(level: 1))
        try roundTrip(values, shape: [600_000, 1], storage: .compressed(level: 1))
        try roundTrip(values, shape: [1, 1, 600_000], storage: .compressed(level: 1))
    }

    @Test func compressionSavesRoom() throws {
        let values = [Double](repeating: 1, count: 20_000)
        var sizes: [Int] = []
        for storage in [Storage.contiguous, .compressed(level: 4)] {
            try roundTrip(values, shape: [20_000], storage: storage)
            sizes.append(try byteCount(of: path))
        }
        #expect(sizes[0] > 160_000 && sizes[1] < 16_000)
    }

    @Test func attributes() throws {
        try File.create(at: path) { root in
            try root.attributes.set("text", "name: a\nseed: 1\n" + String(repeating: "0123456789", count: 20_000))
            try root.attributes.set("empty", "")
            try root.attributes.set("texts", ["α", "", "c"])
            try root.attributes.set("integer", -3)
            let dataset = try root.createDataset("x", of: Float.self, shape: [1])
            try dataset.attributes.set("numbers", [1.5, .infinity])
            try dataset.attributes.set("float", Float(2.5))
            try dataset.attributes.set("bytes", [UInt8(0), 255])
            try dataset.attributes.set("none", [Double]())
        }
        let root = try File(path).root
        let attributes = root.attributes
        #expect(try attributes.names() == ["empty", "integer", "text", "texts"])
        #expect(try attributes.value("text", as: String.self).count == 200_016)
        #expect(try attributes.value("empty", as: String.self) == "")
        #expect(try attributes.attribute("texts").values(as: String.self) == ["α", "", "c"])
        #expect(try attributes.value("integer", as: Int.self) == -3)
        #expect(try attributes.contains("integer") && !attributes.contains("float"))
        let dataset = try root.dataset("x").attributes
        #expect(try dataset.attribute("numbers").values(as: Double.self) == [1.5, .infinity])
        #expect(try dataset.attribute("numbers").shape == [2])
        #expect(try dataset.attribute("float").shape == [])
        #expect(try dataset.attribute("float").elementType == .float32)
        #expect(try dataset.value("float", as: Float.self) == 2.5)
        #expect(try dataset.attribute("bytes").values(as: UInt8.self) == [0, 255])
        #expect(try dataset.attribute("none").values(as: Double.self) == [])
    }

    @Test func groupsKeepTheirOrder() throws {
        try File.create(at: path) { root in
            let runs = try root.createGroup("runs")
            for name in ["z", "a", "m"] { _ = try runs.createGroup(name) }
            for name in ["second", "first"] { try runs.createDataset(name, of: Int.self, shape: []) }
            _ = try runs.group("a").createGroup("inner")
        }
        let file = try File(path)
        #expect(try file.root.groupNames() == ["runs"])
        let runs = try file.root.group("runs")
        #expect(try runs.groupNames() == ["z", "a", "m"])
        #expect(try runs.datasetNames() == ["second", "first"])
        #expect(try runs.group("a").group("inner").path == "/runs/a/inner")
    }

    @Test func equalContentsGiveEqualBytes() throws {
        func write(_ name: String) throws -> [UInt8] {
            try File.create(at: folder.file(name)) { root in
                let scale = try root.createScale("run", ["a", "b"])
                try root.createDataset("x", [1.0, 2.0], along: [scale])
                try root.attributes.set("note", "same")
            }
            return try bytes(of: folder.file(name))
        }
        #expect(try write("one.h5") == write("two.h5"))
    }
}
