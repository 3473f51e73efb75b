import Foundation
import HDF5
import Testing

@testable import Results

/// The check of a whole file against its schema.
@Suite struct VerifyTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    @Test func aWholeFile() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, to: path)
        let contents = try PublishedFile(path).verify()
        // The summary with `run`, the scores, five runs, the stages.
        #expect(contents == .init(runs: 5, variables: 24 + 13 + 5 * 12 + 9, stages: 11))
        try Publisher.publish(experiment: Fabricated.experiment, runs: [], to: path)
        #expect(try PublishedFile(path).verify().runs == 0)
    }

    /// One byte of many places, one at a time.
    @Test func aChangedByte() throws {
        try Publisher.publish(experiment: Fabricated.experiment, runs: Fabricated.runs, stages: Fabricated.stages, to: path)
        let whole = try bytes(of: path)
        for place in stride(from: 0, to: whole.count, by: whole.count / 97) {
            var changed = whole
            changed[place] ^= 0x10
            try write(changed, to: path)
            #expect(throws: PublishedFileError.self, "byte \(place)") { _ = try PublishedFile(path).verify() }
        }
    }

    /// Files with a true checksum that are not as the schema says.
    @Test func anotherLayout() throws {
        func expect(_ reason: String, _ runs: [RunRecord] = Fabricated.runs, _ stages: [StageRecord] = Fabricated.stages, _ change: (Group) throws -> Void = { _ in }) throws {
            try Publisher.publish(experiment: Fabricated.experiment, runs: runs, stages: stages, to: path)
            let error = #expect(throws: PublishedFileError.self) { _ = try PublishedFile(path).verify() }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        }
        try expect("/scores names the stage a0 law, which /stages does not list", Fabricated.runs, Fabricated.stages.filter { $0.key != "a0 law" })
        try expect("/stages lists a stage twice", Fabricated.runs, Fabricated.stages + Fabricated.stages.prefix(1))
    }

    @Test func theSchemaIsDocumented() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/hdf5-schema.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let variables = PublishedSchema.scores + PublishedSchema.drift + PublishedSchema.run + PublishedSchema.stages + PublishedSchema.tuning
        for name in Set(variables.map(\.name) + PublishedSchema.rootTexts + PublishedSchema.runTexts + PublishedSchema.tuningTexts) { #expect(text.contains("`\(name)`"), "\(name)") }
        #expect(text.contains("schema version \(Publisher.schemaVersion)"))
    }
}
