import HDF5
import Testing

@Suite struct DimensionScaleTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    @Test func everyAxisHasItsScaleAndLabel() throws {
        try File.create(at: path) { root in
            let run = try root.createScale("run", ["a", "b"])
            let step = try root.createScale("step", [10, 20, 30])
            try root.createDataset("loss", [Double](repeating: 1, count: 6), along: [run, step])
            try root.createDataset("plain", of: Int.self, shape: [2])
        }
        let root = try File(path).root
        let loss = try root.dataset("loss")
        #expect(loss.shape == [2, 3])
        #expect(try loss.scaleNames() == ["run", "step"])
        #expect(try loss.labels() == ["run", "step"])
        #expect(try root.dataset("run").isScale() && !loss.isScale())
        #expect(try root.dataset("plain").scaleNames() == [nil])
        #expect(try root.dataset("plain").labels() == [""])
    }

    @Test func scaleWithoutElements() throws {
        try File.create(at: path) { root in
            let step = try root.createScale("step", [Int]())
            try root.createDataset("loss", [Float](), along: [step])
        }
        let loss = try File(path).root.dataset("loss")
        #expect(loss.shape == [0])
        #expect(try loss.scaleNames() == ["step"])
    }

    @Test func scalesMustFitTheShape() throws {
        try File.create(at: path) { root in
            let two = try root.createScale("two", [1, 2])
            let three = try root.createScale("three", [1, 2, 3])
            let dataset = try root.createDataset("x", of: Double.self, shape: [2, 3])
            for scales in [[three, two], [two], [two, three, three], []] {
                let error = #expect(throws: HDF5Error.self) { try dataset.attach(scales) }
                #expect(error?.message.contains("expected one for every axis") == true)
            }
            #expect(throws: HDF5Error.self) { try root.createDataset("short", [1.0], along: [two]) }
            try dataset.attach([two, three])
        }
    }

    /// A task x task matrix needs two scales: readers refuse one dimension twice.
    @Test func oneScaleCannotServeTwoAxes() throws {
        try File.create(at: path) { root in
            let task = try root.createScale("task", ["a", "b"])
            let error = #expect(throws: HDF5Error.self) { try root.createDataset("R", [1.0, 2, 3, 4], along: [task, task]) }
            #expect(error?.message.contains("a scale of its own for every axis") == true)
        }
    }
}
