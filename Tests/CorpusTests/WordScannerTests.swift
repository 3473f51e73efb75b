import Kernels
import Testing

@testable import Corpus

@Suite struct WordScannerTests {
    private func words(_ bytes: [UInt8], _ pattern: WordPattern = .gpt2) -> [[UInt8]] {
        bytes.withUnsafeBufferPointer { buffer in WordScanner(buffer, pattern).map { Array(buffer[$0]) } }
    }

    private func words(_ text: String, _ pattern: WordPattern = .gpt2) -> [String] { words(Array(text.utf8), pattern).map { String(decoding: $0, as: UTF8.self) } }

    /// The cuts of the Python library `tokenizers` 0.23 (ByteLevel pre-tokenizer) on the same text.
    @Test func cutsAsGPT2() {
        let text = "The cat's hat isn't 42\u{bd}, we'll see:  na\u{ef}ve caf\u{e9}s\u{3000}\u{6f22}\u{5b57} \n\n\t'they're' \u{1f642} x=3;\r\n  That  "
        let expected = [
            "The", " cat", "'s", " hat", " isn", "'t", " 42\u{bd}", ",", " we", "'ll", " see", ":", " ", " na\u{ef}ve", " caf\u{e9}s",
            "\u{3000}", "\u{6f22}\u{5b57}", " \n\n", "\t", "'t", "hey", "'re", "'", " \u{1f642}", " x", "=", "3", ";", "\r\n ", " That", "  ",
        ]
        #expect(words(text).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func contractionsAreLowerCaseAndNeedNoSpace() {
        #expect(words("it'd 'd I'M x've'v'l") == ["it", "'d", " '", "d", " I", "'", "M", " x", "'ve", "'", "v", "'", "l"])
    }

    /// The cuts of the Python library `tokenizers` 0.23 with Llama 3's and Qwen 2's expressions.
    @Test func cutsAsLlama3AndQwen2() {
        let text = "It'S I'\u{17F} we'Re 12345 ab\u{e9}, (x)!!\n\n  y \r\n\t z  \u{2167}9 \t"
        let expected = [
            "It", "'S", " I", "'\u{17F}", " we", "'Re", " ", "123", "45", " ab\u{e9}", ",", " (", "x", ")!!\n\n", " ", " y", " \r\n", "\t", " z", " ", " ",
            "\u{2167}9", " \t",
        ]
        #expect(words(text, .llama3).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
        #expect(words("a 1234", .qwen2) == ["a", " ", "1", "2", "3", "4"])
    }

    /// A lone continuation byte, an overlong slash, a surrogate, a value past U+10FFFF, a character cut short.
    @Test func brokenBytesAreFound() {
        for bad in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80]] as [[UInt8]] {
            let text = Array("abcdefgh".utf8) + bad + Array("cd".utf8)
            #expect(!text.withUnsafeBufferPointer { UTF8Text.isValid($0) })
            #expect(UTF8Text.repaired(text) == Array(String(decoding: text, as: UTF8.self).utf8))
        }
        var random = RandomStream(seed: 2, "utf8")
        for length in 0..<2_000 {
            let bytes = randomBytes(length % 12, &random).map { random.below(2) == 0 ? $0 : 0xC0 | $0 & 0x37 } + randomBytes(length % 5, below: 0x80, &random)
            #expect(bytes.withUnsafeBufferPointer { UTF8Text.isValid($0) } == (String(validating: bytes, as: UTF8.self) != nil))
        }
    }

    @Test func everyByteBelongsToOneWord() {
        var random = RandomStream(seed: 1, "words")
        for length in 0..<200 {
            let bytes = UTF8Text.repaired(randomBytes(length, below: length % 2 == 0 ? 256 : 64, &random))
            let found = words(bytes, WordPattern.allCases[length % 3])
            #expect(found.flatMap { $0 } == bytes)
            #expect(!found.contains([]))
        }
    }
}
