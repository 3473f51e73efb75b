import HDF5
import Testing

/// Damage is found before libhdf5 reads it.
@Suite struct SealTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }
    let whole: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        try File.create(at: folder.file("a.h5")) { root in
            try root.attributes.set("note", "whole")
            try root.createDataset("x", of: Double.self, shape: [3]).write([1.0, 2, 3])
        }
        whole = try bytes(of: folder.file("a.h5"))
    }

    @Test func everyChangedByteIsFound() throws {
        // The last 24 bytes are the seal: a change of its mark makes a file without a seal, a change behind it is found.
        for position in Array(stride(from: 0, to: whole.count - 24, by: 37)) + Array(whole.count - 16..<whole.count) {
            var changed = whole
            changed[position] ^= 1
            try write(changed, to: path)
            let error = try #require(throws: HDF5Error.self) { try File(path) }
            #expect(error.description == "'\(path)' is damaged: its checksum is not the one that it was written with")
        }
    }

    @Test func bytesThatAreMissingAreFound() throws {
        for range in [0..<1, 100..<101, 500..<900] {
            var changed = whole
            changed.removeSubrange(range)
            try write(changed, to: path)
            #expect(throws: HDF5Error.self) { try File(path) }
        }
    }

    @Test func aFileWithoutASealIsReadAsItIs() throws {
        try write(Array(whole.dropLast(24)), to: path)
        #expect(try File(path).root.attributes.value("note", as: String.self) == "whole")
        try write(whole + [0], to: path)
        #expect(try File(path).root.attributes.value("note", as: String.self) == "whole")
    }
}
