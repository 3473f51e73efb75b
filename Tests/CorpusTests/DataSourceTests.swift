import Foundation
import Kernels
import Settings
import TestSupport
import Testing

@testable import Corpus

@Suite struct DataSourceTests {
    private func source(_ value: Value) throws -> DataSource {
        try DataSource(settings: Settings(validated: try DataSource.kind.validated(value, at: Path())))
    }

    private func texts(_ documents: [[UInt8]]) -> [String] { documents.map { String(decoding: $0, as: UTF8.self) } }

    @Test func documentsEndAtMarkLines() {
        func read(_ text: String) -> [String] { texts(DocumentReader.documents(ofText: Array(text.utf8))) }
        #expect(read("a\nb\n<|endoftext|>\nc\n<|endoftext|>\n") == ["a\nb\n", "c\n"])
        #expect(read("a\n<|endoftext|>\nlast") == ["a\n", "last"])
        #expect(read("a\r\n<|endoftext|>\r\nb\r\n<|endoftext|>") == ["a\r\n", "b\r\n"])
        #expect(read("one <|endoftext|>\n<|endoftext|> two\n") == ["one <|endoftext|>\n<|endoftext|> two\n"])
        #expect(read("<|endoftext|>\n\n \t\n<|endoftext|>\n") == [])
        #expect(read("") == [])
        #expect(DocumentReader.documents(ofText: [0xFF, 0x00, 0x41]) == [[0xFF, 0x00, 0x41]])
    }

    @Test func longDocumentsAreCutAtLineEnds() {
        let line = String(repeating: "word ", count: 20) + "\n"
        let long = Array(String(repeating: line, count: 1000).utf8)
        let passages = DocumentReader.documents(ofText: long)
        #expect(Array(passages.joined()) == long)
        #expect(passages.allSatisfy { $0.count <= DocumentReader.passage && $0.last == UInt8(ascii: "\n") })
        #expect(passages.dropLast().allSatisfy { $0.count > DocumentReader.passage / 2 })
        let whole = Array(long.prefix(DocumentReader.longestDocument))
        #expect(DocumentReader.documents(ofText: whole) == [whole])
        #expect(DocumentReader.documents(ofText: whole + [0x61]).count > 1)
    }

    @Test func longLinesAreCutAtSpacesOrCharacters() {
        let words = Array(String(repeating: "word ", count: 20_000).utf8)
        #expect(DocumentReader.documents(ofText: words).dropLast().allSatisfy { $0.last == UInt8(ascii: " ") })
        let characters = Array("a".utf8) + Array(String(repeating: "\u{6f22}", count: 30_000).utf8)
        let passages = DocumentReader.documents(ofText: characters)
        #expect(Array(passages.joined()) == characters && passages.count > 5)
        #expect(passages.allSatisfy { String(validating: $0, as: UTF8.self) != nil })
        let broken = [UInt8](repeating: 0x80, count: 70_000)
        #expect(Array(DocumentReader.documents(ofText: broken).joined()) == broken)
    }

    @Test func splitDependsOnTheDocumentAlone() {
        let documents = (0..<5000).map { Array("document \($0)".utf8) }
        let (training, heldOut) = DocumentSplit.split(documents, share: 0.1)
        // 500 expected; the standard deviation is 21.
        #expect((400...600).contains(heldOut.count) && training.count + heldOut.count == 5000)
        let (lessTraining, lessHeldOut) = DocumentSplit.split(Array(documents.reversed().prefix(2500)), share: 0.1)
        #expect(Set(lessTraining).isSubset(of: Set(training)) && Set(lessHeldOut).isSubset(of: Set(heldOut)))
        #expect(Set(heldOut).isSubset(of: Set(DocumentSplit.split(documents, share: 0.2).heldOut)))
        // Pinned: another value would move documents of every earlier run.
        #expect(DocumentSplit.hash(Array("document".utf8)) == 0x6d7c_b785_d8e4_d675)
    }

    @Test func textFiles() throws {
        let folder = try TemporaryFolder()
        let text = (0..<200).map { "story \($0)\n<|endoftext|>\n" }.joined()
        try folder.write("b.txt", text)
        try folder.write("a.txt", "first\n")
        try folder.write("c.md", "not this\n")
        let source = try source(["text": .string(folder.path + "/*.txt"), "held_out": 0.2])
        #expect(try source.files() == [folder.path + "/a.txt", folder.path + "/b.txt"])
        let domain = try source.load(name: "stories")
        #expect(domain.name == "stories" && domain.questions.isEmpty)
        #expect(domain.training.count + domain.heldOut.count == 201)
        #expect((20...60).contains(domain.heldOut.count))
        #expect(Set(domain.training).isDisjoint(with: Set(domain.heldOut)))
        #expect(texts(domain.training + domain.heldOut).contains("first\n"))
    }

    @Test func listsOfFilesReadEachOnce() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("a.txt", "x")
        try folder.write("b.txt", "y")
        let source = try source(["text": [.string(folder.path + "/b.txt"), .string(file), .string(folder.path + "/?.txt")]])
        #expect(try source.files() == [file, folder.path + "/b.txt"])
    }

    @Test func patterns() throws {
        let folder = try TemporaryFolder()
        for name in ["a.txt", "b.txt", ".hidden.txt", "x/a.txt", "x/y/a.txt", "x/y/b.md", ".git/a.txt", "odd[1].txt"] { try folder.write(name, "t") }
        func found(_ pattern: String) -> [String] {
            FilePattern(folder.path + "/" + pattern).files().map { String($0.dropFirst(folder.path.count + 1)) }
        }
        #expect(found("*.txt") == ["a.txt", "b.txt", "odd[1].txt"])
        #expect(found("[ab].txt") == ["a.txt", "b.txt"])
        #expect(found("**/*.txt") == ["a.txt", "b.txt", "odd[1].txt", "x/a.txt", "x/y/a.txt"])
        #expect(found("**/y/*") == ["x/y/a.txt", "x/y/b.md"])
        #expect(found("*/a.txt") == ["x/a.txt"])
        #expect(found("x/**") == ["x/a.txt"])
        #expect(found("x/**/**/a.txt") == ["x/a.txt", "x/y/a.txt"])
        #expect(found(".h*") == [".hidden.txt"])
        #expect(found("odd[1].txt") == ["odd[1].txt"])
        #expect(found("none*") == [])
        #expect(found("none/*.txt") == [])
        #expect(found("none.txt") == ["none.txt"])
    }

    @Test func jsonLines() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<100).map { "{\"id\": \($0), \"body\": \"caf\\u00e9 \($0)\\nend\"}\n" }.joined(separator: "\n")
        let file = try folder.write("a.jsonl", lines)
        let domain = try source(["jsonl": .string(file), "field": "body"]).load(name: "d")
        #expect(domain.training.count + domain.heldOut.count == 100)
        #expect(texts(domain.training + domain.heldOut).contains("caf\u{e9} 7\nend"))
    }

    @Test(arguments: [
        ("{\"text\": \"a\"}\n{\"text\": \n", "f.jsonl:2:10", "found the end"),
        ("{\"text\": \"a\"}\n\n[1]\n", "f.jsonl:3", "a list of 1"),
        ("{\"body\": \"a\", \"id\": 1}\n", "f.jsonl:1", "body, id"),
        ("{}\n", "f.jsonl:1", "no fields"),
        ("{\"text\": 5}\n", "f.jsonl:1, field 'text'", "found 5"),
        ("{\"text\": null}\n", "f.jsonl:1", "nothing"),
    ])
    func malformedLines(_ text: String, _ place: String, _ found: String) throws {
        let error = try #require(throws: CorpusError.self) {
            try DocumentReader.documents(ofJSONLines: Array(text.utf8), field: "text", file: "f.jsonl")
        }
        #expect(error.place.hasPrefix(place) && error.description.contains(found), "\(error)")
    }

    @Test func damagedLinesNeverCrash() {
        let original = Array("{\"text\": \"caf\\u00e9\"}\n{\"text\": \"two\", \"more\": [1, 2.5, {}]}\n".utf8)
        var mutator = Mutator(seed: 9, "json lines")
        var refused = 0
        for _ in 0..<3000 {
            do { _ = try DocumentReader.documents(ofJSONLines: mutator.mutated(original), field: "text", file: "f") } catch { refused += 1 }
        }
        #expect(refused > 1000)
    }

    @Test func whatCannotBeLoaded() throws {
        let folder = try TemporaryFolder()
        func error(_ value: Value) throws -> CorpusError { try #require(throws: CorpusError.self) { try source(value).load(name: "d") } }
        #expect(try error(["text": .string(folder.path + "/none.txt")]).found == "no such file")
        #expect(try error(["text": .string(folder.path + "/*.txt")]).found == "no file that matches")
        #expect(try error(["text": .string(folder.path)]).found == "a folder")
        let empty = try folder.write("empty.txt", " \n<|endoftext|>\n")
        #expect(try error(["text": .string(empty)]).found.contains("no text in"))
        let one = try folder.write("one.txt", "only one document")
        let noHeldOut = try error(["text": .string(one), "held_out": 0.001])
        #expect(noHeldOut.found.contains("no held-out document") && noHeldOut.advice.contains("raise held_out"))
        // Short numbers until one is held out at 0.9.
        let heldOut = try #require((0..<100).map { "text \($0)" }.first { !DocumentSplit.split([Array($0.utf8)], share: 0.9).heldOut.isEmpty })
        let noTraining = try error(["text": .string(try folder.write("two.txt", heldOut)), "held_out": 0.9])
        #expect(noTraining.found.contains("no training document") && noTraining.advice.contains("lower held_out"))
        // A folder that may not be read is readable to root all the same.
        if getuid() != 0 {
            try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: one)
            #expect(try error(["text": .string(one)]).found == "a file that cannot be read")
        }
    }

    @Test(arguments: [
        ([:], "", "one of text, jsonl, generated"), (["text": "a", "jsonl": "b"], "", "one of text"),
        (["text": "a", "field": "body"], "field", "held_out"), (["text": "a", "seed": 1], "seed", "held_out"),
        (["generated": "programs", "held_out": 0.1], "held_out", "documents"), (["jsonl": "a", "documents": 50], "documents", "field"),
        (["text": "a", "heldout": 0.1], "heldout", "held_out"), (["text": []], "text", "text"), (["text": 3], "text", "text"),
        (["generated": "poems"], "generated", "programs"), (["text": "a", "held_out": 1.0], "held_out", "0.9"),
        (["generated": "programs", "documents": 0], "documents", "20"),
    ] as [(Value, String, String)])
    func settingsThatMakeNoSense(_ value: Value, _ path: String, _ expected: String) throws {
        let error = try #require(throws: SettingsError.self) { try source(value) }
        #expect(error.path.description == path && error.expected.contains(expected), "\(error)")
    }

    @Test func recipes() throws {
        #expect(try source(["text": "a"]).recipe == ["source": "text", "reader": 1, "held_out": 0.05])
        #expect(try source(["text": "b/*"]).recipe == source(["text": ["a"], "held_out": 0.05]).recipe)
        #expect(try source(["jsonl": "a", "held_out": 0.1]).recipe == ["source": "jsonl", "reader": 1, "field": "text", "held_out": 0.1])
        #expect(try source(["generated": "clauses", "seed": 3, "documents": 50]).recipe
            == ["source": "generated", "generated": "clauses", "version": 1, "documents": 50, "questions": 200, "seed": 3])
    }

    @Test func generatedDomainsLoad() throws {
        for generator in generatedDomains {
            let source = try source(["generated": .string(generator.name), "documents": 40, "questions": 5, "seed": 1])
            #expect(try source.files().isEmpty)
            let domain = try source.load(name: "mine")
            #expect(domain == generator.domain(name: "mine", documentCount: 40, questionCount: 5, seed: 1))
        }
    }

    @Test func tokensOfADomain() {
        let domain = Domain(name: "d", training: [Array("ab".utf8), Array("c".utf8)], heldOut: [Array("d".utf8)], questions: [Question(prompt: "p", answer: "a")])
        let tokens = TokenizedDomain(domain, ByteTokenizer())
        #expect(tokens.training == [97, 98, 256, 99, 256] && tokens.heldOut == [100, 256])
        #expect(tokens.name == "d" && tokens.questions == domain.questions)
    }
}
