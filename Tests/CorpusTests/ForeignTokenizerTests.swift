import Foundation
import Settings
import Testing

@testable import Corpus

@Suite struct ForeignTokenizerTests {
    static func marked() throws -> BytePairTokenizer {
        let configuration = try TokenizerConfiguration(json: Array(SmallTokenizers.configuration.utf8), file: "tokenizer_config.json")
        return try #require(try TokenizerFile.tokenizer(json: Array(SmallTokenizers.marked.utf8), file: "t", configuration) as? BytePairTokenizer)
    }

    static func byteLevel() throws -> BytePairTokenizer {
        try #require(try TokenizerFile.tokenizer(json: Array(SmallTokenizers.byteLevel.utf8), file: "t") as? BytePairTokenizer)
    }

    struct Example: Sendable {
        var text: String, asText: [Int32], marked: [Int32], decoded: String, spelled: String
    }

    /// What the Python library `tokenizers` 0.23 makes of the file: ids with encode_special_tokens, ids without, and the latter's text.
    static let examples = [
        Example(text: "cat", asText: [15], marked: [15], decoded: "cat", spelled: "cat"),
        Example(
            text: "a cat  at caat", asText: [11, 15, 13, 12, 6, 16, 12], marked: [11, 15, 13, 12, 6, 16, 12], decoded: "a cat  at caat", spelled: "a cat  at caat"),
        // The unknown f comes behind the bytes that follow it: as in the library.
        Example(text: "caf\u{e9}\n", asText: [6, 16, 4, 5, 3, 0], marked: [6, 16, 4, 5, 3, 0], decoded: "ca\u{e9}\n", spelled: "ca\u{e9}\n<unk>"),
        Example(text: "xyz cat q", asText: [6, 0, 15, 6, 0], marked: [6, 0, 15, 6, 0], decoded: " cat ", spelled: "<unk> cat <unk>"),
        Example(text: "<s>a</s>", asText: [6, 0, 7, 0], marked: [1, 11, 2], decoded: "a", spelled: "<s> a</s>"),
        Example(
            text: "[t] a[t]b  [t]c", asText: [18, 13, 7, 0, 10, 0, 8, 13, 0, 10, 0, 9], marked: [18, 13, 7, 0, 10, 0, 8, 13, 0, 10, 0, 9],
            decoded: "[t]  atb  tc", spelled: "[t]  a<unk>t<unk>b  <unk>t<unk>c"),
        Example(text: "", asText: [], marked: [], decoded: "", spelled: ""),
        Example(text: "  ", asText: [13, 6], marked: [13, 6], decoded: "  ", spelled: "  "),
        Example(text: "\u{2581}a a\u{fffd}", asText: [13, 7, 11, 0], marked: [13, 7, 11, 0], decoded: " a a", spelled: " a a<unk>"),
    ]

    @Test(arguments: examples)
    func idsOfThePythonLibrary(_ example: Example) throws {
        let tokenizer = try Self.marked()
        #expect(tokenizer.encode(example.text) == example.asText)
        #expect(tokenizer.encode(marked: example.text) == example.marked)
        #expect(tokenizer.text(example.marked) == example.decoded)
        #expect(String(decoding: tokenizer.decode(example.marked, skippingSpecials: false), as: UTF8.self) == example.spelled)
    }

    @Test func documentsStandInTheirFrame() throws {
        let tokenizer = try Self.marked()
        #expect(tokenizer.endOfText == 2 && tokenizer.beginning == [1])
        #expect(tokenizer.framed(tokenizer.encode("cat")) == [1, 15, 2])
        let own = try BytePairTokenizerTests.tokenizer()
        #expect(own.beginning == [own.endOfText])
        #expect(own.framed([1]) == [1, own.endOfText])
    }

    /// The space that is put before a text is not one of its bytes; an unknown token gives none back.
    @Test func bytesOfTokens() throws {
        let tokenizer = try Self.marked()
        func bytes(_ text: String) -> [Int] {
            let ids = tokenizer.frame.before + tokenizer.encode(text)
            return zip(ids.dropFirst(), ids).map { tokenizer.byteCount(of: $0, after: $1) }
        }
        #expect(bytes("cat") == [3])
        #expect(bytes("a cat  at") == [1, 4, 2, 2])
        // A mark alone, that no space stood for, then a and the bytes of the others.
        #expect(bytes("a\u{e9}\n") == [1, 1, 1, 1])
        #expect(bytes("xa [t]") == [0, 0, 1, 3])
        #expect(tokenizer.byteCount(of: 2, after: 7) == 0)
    }

    @Test func byteLevelWithMissingBytes() throws {
        let tokenizer = try Self.byteLevel()
        // "cat" is in the vocabulary, although no merge makes it, and " cat" is not; x has no token.
        #expect(tokenizer.encode("cat cat  xat") == [6, 3, 1, 5, 3, 3, 5])
        #expect(tokenizer.encode(marked: "<|begin|>cat<|endoftext|>  at 11") == [7, 6, 8, 5, 3, 4, 4])
        #expect(tokenizer.vocabularySize == 9 && tokenizer.endOfText == 8 && tokenizer.frame == TokenFrame(before: [7]))
    }

    /// Of tokens that look the same Swift's strings would keep one.
    @Test func keysAreBytes() throws {
        var text = SmallTokenizers.byteLevel
        for (part, replacement) in [("\"cat\": 6", #""\u00e9": 6, "e\u0301": 7"#), ("\"id\": 8", "\"id\": 9"), ("\"id\": 7", "\"id\": 8"), ("[7]", "[8]")] {
            #expect(text.contains(part))
            text = text.replacingOccurrences(of: part, with: replacement)
        }
        #expect(try TokenizerFile.tokenizer(json: Array(text.utf8), file: "t").vocabularySize == 10)
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        for tokenizer in [try Self.marked(), try Self.byteLevel()] {
            let folder = try TemporaryFolder()
            for file in tokenizer.files(maximumLength: 77) { try Data(file.text.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + file.name)) }
            let again = try TokenizerFile.read(path: folder.path)
            #expect(again.json == tokenizer.json)
            var expected = tokenizer.configuration
            expected.maximumLength = 77
            #expect(again.configuration.json == expected.json)
            #expect(again.endOfText == tokenizer.endOfText && again.encode(marked: "<s>a cat<|begin|>") == tokenizer.encode(marked: "<s>a cat<|begin|>"))
        }
    }

    @Test func configuration() throws {
        let found = try Self.marked().configuration
        #expect(found.endOfText == "</s>" && found.beginOfText == "<s>" && found.unknown == "<unk>" && found.padding == nil)
        #expect(found.chatTemplate == "{{ messages }}" && found.maximumLength == 2048)
    }

    @Test(arguments: [
        ("\"eos_token\"", "\"end\"", "eos_token"), ("\"content\": \"</s>\"", "\"content\": 3", "eos_token"),
        ("\"content\": \"</s>\"", "\"content\": \"<end>\"", "no token \"<end>\""),
        ("\"add_bos_token\": true", "\"add_bos_token\": false", "add_bos_token: found false, expected true"),
        ("\"add_eos_token\": false", "\"add_eos_token\": true", "add_eos_token"),
        ("\"1\": {\"content\"", "\"30\": {\"content\"", "added_tokens_decoder[\"30\"]"),
        ("2048", "-1", "model_max_length"), ("\"{{ messages }}\"", "3", "chat_template"), ("null", "nul", "c.json:3:"),
    ])
    func configurationsThatCannotBeKept(_ part: String, _ replacement: String, _ named: String) throws {
        let text = SmallTokenizers.configuration.replacingOccurrences(of: part, with: replacement)
        let error = try #require(throws: CorpusError.self) {
            let configuration = try TokenizerConfiguration(json: Array(text.utf8), file: "c.json")
            _ = try TokenizerFile.tokenizer(json: Array(SmallTokenizers.marked.utf8), file: "t.json", configuration)
        }
        #expect(error.description.contains(named), "\(error)")
    }

    @Test(arguments: [
        ("\"single_word\": true", "\"single_word\": 1", "added_tokens[3].single_word"), ("\"id\": 18", "\"id\": 19", "added_tokens[3].id: found 19, expected 18"),
        ("\"content\": \"[t]\"", "\"content\": \"\"", "added_tokens[3].content"), ("\"content\": \"</s>\"", "\"content\": \"<s>\"", "added_tokens[2]"),
        ("\"String\": \" \"", "\"Regex\": \" \"", "normalizer.normalizers[1].pattern.Regex"), ("\"Prepend\"", "\"NFC\"", "normalizer.normalizers[0].type"),
        ("\"ids\": [1]", "\"ids\": [19]", "special_tokens[\"<s>\"].ids"),
        ("\"single\": [", "\"single\": [{\"Sequence\": {\"id\": \"A\", \"type_id\": 0}}, ", "single[2]"),
        ("{\"type\": \"Fuse\"}", "{\"type\": \"CTC\"}", "decoder.decoders[2].type"), ("\"start\": 1", "\"start\": -1", "decoder.decoders[3].start"),
        ("\"unk_token\": \"<unk>\"", "\"unk_token\": \"<u>\"", "model.unk_token"), ("\"cat\": 14", "\"cat\": 1400000", "model.vocab"),
        ("\"pre_tokenizer\": null", "\"pre_tokenizer\": {\"type\": \"Metaspace\", \"replacement\": \"\u{2581}\"}", "pre_tokenizer.prepend_scheme"),
    ])
    func refuses(_ part: String, _ replacement: String, _ named: String) throws {
        let text = SmallTokenizers.marked.replacingOccurrences(of: part, with: replacement)
        #expect(text != SmallTokenizers.marked)
        let error = try #require(throws: CorpusError.self) { try TokenizerFile.tokenizer(json: Array(text.utf8), file: "t.json") }
        #expect(error.description.contains(named) && error.place.hasPrefix("t.json"), "\(error)")
    }

    @Test func noTokenEndsAText() throws {
        let error = try #require(throws: CorpusError.self) { try TokenizerFile.tokenizer(json: Array(SmallTokenizers.marked.utf8), file: "t.json") }
        #expect(error.advice.contains("tokenizer_config.json") && error.advice.contains("eos_token"))
    }

    /// Long words by the queue, short ones by search, and text cut at marks: the same as merging the lowest rank anywhere.
    @Test func agreesWithPlainMerging() throws {
        let tokenizer = try Self.marked()
        let letters = Array("at cca".utf8)
        for length in [1, 7, 39, 40, 41, 42, 100, 300] {
            let text = (0..<length).map { letters[($0 * $0 + $0 / 3) % 6] }
            var ids = ([UInt8(ascii: " ")] + text).map { byte -> Int32 in
                switch byte {
                case UInt8(ascii: "a"): 7
                case UInt8(ascii: "c"): 9
                case UInt8(ascii: "t"): 10
                default: 6
                }
            }
            for merge in tokenizer.model.merges {
                var index = 0
                while index + 1 < ids.count {
                    if ids[index] == merge.left, ids[index + 1] == merge.right { ids.replaceSubrange(index...index + 1, with: [merge.merged]) }
                    index += 1
                }
            }
            #expect(tokenizer.encode(text) == ids)
        }
    }
}
