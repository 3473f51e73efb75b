import Foundation
import Kernels
import Settings
import TestSupport
import Testing

@testable import Corpus

@Suite struct TokenizerFileTests {
    @Test func readsWhatItWrote() throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/tokenizer.json"
        let tokenizer = try BytePairTokenizerTests.tokenizer()
        try Data(tokenizer.json.utf8).write(to: URL(fileURLWithPath: file))
        #expect(try readTokenizer(file: file) as? BytePairTokenizer == tokenizer)
        try Data(ByteTokenizer().json.utf8).write(to: URL(fileURLWithPath: file))
        #expect(try TokenizerFile.read(path: folder.path) is ByteTokenizer)
    }

    @Test func readsOtherIDsAndOlderMerges() throws {
        // The same tokenizer with end of text first, every other id one higher, and merges as "a b".
        let tokenizer = try BytePairTokenizerTests.tokenizer()
        var json = try Value(json: tokenizer.json)
        var vocabulary: [String: Value] = [endOfTextMark: 0]
        for (token, id) in try #require(json["model"]?["vocab"]?.asObject) where token != endOfTextMark {
            vocabulary[token] = .integer(try #require(id.asInteger) + 1)
        }
        var model = try #require(json["model"])
        model["vocab"] = .object(vocabulary)
        model["merges"] = .list(try #require(model["merges"]?.asList).map { .string(($0.asList ?? []).compactMap(\.asString).joined(separator: " ")) })
        json["model"] = model
        json["added_tokens"] = [["id": 0, "content": .string(endOfTextMark)]]
        let other = try Corpus.tokenizer(json: Array(json.canonicalJSON.utf8), file: "other")
        #expect(other.endOfText == 0)
        #expect(other.encode(BytePairTokenizerTests.text) == tokenizer.encode(BytePairTokenizerTests.text).map { $0 + 1 })
    }

    @Test(arguments: [
        ("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}", "normalizer"),
        ("\"add_prefix_space\": false", "\"add_prefix_space\": true", "pre_tokenizer.add_prefix_space"),
        ("\"use_regex\": true},\n  \"post", "\"use_regex\": false},\n  \"post", "pre_tokenizer.use_regex"),
        ("{\"type\": \"ByteLevel\"", "{\"type\": \"Whitespace\"", "pre_tokenizer.type"),
        ("\"BPE\"", "\"Unigram\"", "model.type"),
        ("\"dropout\": null", "\"dropout\": 0.1", "model.dropout"),
        ("\"ignore_merges\": false", "\"ignore_merges\": true", "model.ignore_merges"),
        ("\"added_tokens\": [", "\"added_tokens\": [{\"id\": 1, \"content\": \"<pad>\"},", "added_tokens"),
        ("\"a\": 97", "\"a\": 98", "model.vocab[\"b\"]"),
        ("\"a\": 97", "\"a\": 9700", "model.vocab[\"a\"]"),
        ("\"a\": 97", "\"a\": -1", "model.vocab[\"a\"]"),
        ("\"a\": 97", "\"a\": 97.0", "model.vocab[\"a\"]"),
        ("\"a\": 97", "\"a b\": 97", "model.vocab[\"a b\"]"),
        ("\"a\": 97", "\"aaaa\": 97", "no token for byte 97"),
        ("[\"t\", \"h\"]", "[\"t\", \"q\"]", "model.merges[0]"),
        ("[\"t\", \"h\"]", "[\"t\"]", "model.merges[0]"),
        ("[\"t\", \"h\"]", "\"t h x\"", "model.merges[0]"),
        ("[\"t\", \"h\"]", "3", "model.merges[0]"),
        ("[\"t\", \"h\"]", "[\"t\", \"h\"],[\"t\", \"h\"]", "model.merges[1]"),
        ("\"vocab\"", "\"words\"", "model.vocab"),
        ("\"merges\"", "\"pairs\"", "model.merges"),
        ("\"id\": 276", "\"id\": 275", "another id"),
        ("\"version\"", "version", ":2:3"),
    ])
    func refuses(_ part: String, _ replacement: String, _ named: String) throws {
        let json = try BytePairTokenizerTests.tokenizer().json
        let damaged = try #require(json.range(of: part)).lowerBound
        let text = String(json[..<damaged]) + replacement + json[damaged...].dropFirst(part.count)
        let error = try #require(throws: CorpusError.self) { try tokenizer(json: Array(text.utf8), file: "t.json") }
        #expect(error.description.contains(named), "\(error)")
        #expect(error.place.hasPrefix("t.json"))
    }

    @Test func unreadableFiles() throws {
        let folder = try TemporaryFolder()
        let missing = try #require(throws: CorpusError.self) { try readTokenizer(file: folder.path + "/none.json") }
        #expect(missing.found == "no such file")
        let isFolder = try #require(throws: CorpusError.self) { try readTokenizer(file: folder.path) }
        #expect(isFolder.found == "a folder")
    }

    @Test func damagedFilesNeverCrash() throws {
        let original = Array(try BytePairTokenizer.trained(on: [Array("the the cat cat".utf8)], vocabularySize: 260).json.utf8)
        var mutator = Mutator(seed: 7, "tokenizer files")
        var refused = 0
        for _ in 0..<400 {
            do {
                let tokenizer = try tokenizer(json: mutator.mutated(original), file: "damaged")
                #expect(tokenizer.text(tokenizer.encode("the cat")) == "the cat")
            } catch {
                refused += 1
            }
        }
        #expect(refused > 200)
    }

    @Test func settings() throws {
        func read(_ value: Value) throws -> TokenizerSettings {
            TokenizerSettings(Settings(validated: try TokenizerSettings.kind.validated(value, at: Path())))
        }
        #expect(try read(["kind": "byte"]) == .byte)
        #expect(try read(["kind": "bpe"]) == .bytePair(vocabularySize: 1024))
        #expect(try read(["kind": "bpe", "vocab_size": 300]).recipe == ["kind": "bpe", "vocab_size": 300])
        for wrong in [["kind": "bpe", "vocab_size": 257], ["kind": "words"], ["kind": "byte", "vocab_size": 300], [:]] as [Value] {
            #expect(throws: SettingsError.self) { try read(wrong) }
        }
        #expect(try TokenizerSettings.byte.tokenizer(on: []).vocabularySize == 257)
        #expect(try TokenizerSettings.bytePair(vocabularySize: 258).tokenizer(on: [Array("abab".utf8)]).encode("ab") == [256])
    }
}
