import Corpus
import Foundation
import Settings
import Testing

@testable import Experiments

@Suite struct TokenizerReferenceTests {
    /// A folder with a tokenizer that has learned from a text.
    private func folder(_ text: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for file in try BytePairTokenizer.trained(on: [Array(text.utf8)], vocabularySize: 259).files() {
            try Data(file.text.utf8).write(to: URL(fileURLWithPath: folder.file(file.name)))
        }
        return folder
    }

    private func graph(_ folder: TemporaryFolder, file: String = "") throws -> StageGraph {
        try TinyExperiment.graph(TinyExperiment.sequential, [("{kind: byte}", "{kind: file, path: \"\(folder.file(file))\"}")])
    }

    /// What a file holds is part of the recipe, where it stands is not; the base's text is not either.
    @Test func contentDecides() throws {
        let (first, same, other) = (try folder("abab abab"), try folder("abab abab"), try folder("cdcd cdcd"))
        let stages = try graph(first).stages.map(\.key)
        #expect(try graph(same).stages.map(\.key) == stages)
        #expect(try graph(same, file: "tokenizer.json").stages.map(\.key) == stages)
        #expect(Set(try graph(other).stages.map(\.key)).isDisjoint(with: stages))
        let tokenizer = try #require(try graph(first).stages.first)
        #expect(tokenizer.recipe["tokenizer"]?["kind"] == "file" && tokenizer.recipe["data"] == [])
        // Which token ends a text is content too.
        try Data(#"{"eos_token": "a"}"#.utf8).write(to: URL(fileURLWithPath: same.file("tokenizer_config.json")))
        #expect(try graph(same).stages.map(\.key) != stages)
    }

    @Test func runsWithAFile() throws {
        let folder = try folder("the sum of 3 and 4 is 7, the sum of 5 and 6 is 11")
        let session = try TinySession()
        let graph = try graph(folder)
        #expect(try session.run(graph) == [])
        let key = try #require(graph.stages.first?.key)
        let written = try TokenizerFile.read(path: session.store.tokenizer(key))
        #expect(try written.json == TokenizerFile.read(path: folder.file("tokenizer.json")).json)
        #expect(FileManager.default.fileExists(atPath: session.store.folder(key) + "/tokenizer_config.json"))
        #expect(graph.chains.allSatisfy { $0.run.base.vocabularySize == 259 })
    }

    @Test func whatCannotBeRead() throws {
        let folder = try TemporaryFolder()
        let error = try #require(throws: ExperimentError.self) { try graph(folder) }
        #expect(error.description.contains("e.yaml:4:") && error.description.contains("base.tokenizer.path: found no tokenizer.json in the folder"), "\(error)")
    }
}
