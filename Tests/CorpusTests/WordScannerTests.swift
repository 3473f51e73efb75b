import Kernels
import Testing

@testable import Corpus

@Suite struct WordScannerTests {
    private func words(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.withUnsafeBufferPointer { buffer in WordScanner(buffer).map { Array(buffer[$0]) } }
    }

    private func words(_ text: String) -> [String] { words(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) } }

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

    @Test func bytesThatAreNotUTF8AreNeitherLettersNorSpaces() {
        // A lone continuation byte, an overlong slash, a surrogate, a value past U+10FFFF, a character cut short.
        for bad in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]] {
            #expect(words(Array("ab".utf8) + bad + Array("cd".utf8)) == [Array("ab".utf8), bad, Array("cd".utf8)])
        }
    }

    @Test func everyByteBelongsToOneWord() {
        var random = RandomStream(seed: 1, "words")
        for length in 0..<200 {
            let bytes = randomBytes(length, below: length % 2 == 0 ? 256 : 64, &random)
            let found = words(bytes)
            #expect(found.flatMap { $0 } == bytes)
            #expect(!found.contains([]))
        }
    }
}
