import Kernels
import Testing

@testable import Corpus

@Suite struct BytePairTokenizerTests {
    static let text = "the cat sat on the mat; the hat isn't that that's there, they're thin caf\u{e9}s caf\u{e9} na\u{ef}ve na\u{ef}ve\n\n  42 42 x=3 x=4\n"

    static func tokenizer() throws -> BytePairTokenizer {
        try BytePairTokenizer.trained(on: [Array(text.utf8)], vocabularySize: 277)
    }

    /// The ids that the Python library `tokenizers` 0.23 gives with the file written by this tokenizer.
    @Test func idsOfThePythonLibrary() throws {
        let text = "The cat's hat isn't 42\u{bd}, we'll see:  na\u{ef}ve caf\u{e9}s\u{3000}\u{6f22}\u{5b57} \n\n\t'they're' \u{1f642} x=3;\r\n  That  "
        let expected: [Int32] = [
            84, 104, 101, 260, 258, 39, 115, 32, 104, 258, 32, 105, 115, 110, 39, 116, 272, 194, 189, 44, 32, 119, 101, 39, 108, 108, 32, 115,
            101, 101, 58, 32, 275, 274, 115, 227, 128, 128, 230, 188, 162, 229, 173, 151, 32, 10, 10, 9, 39, 116, 104, 101, 121, 39, 266, 39,
            32, 240, 159, 153, 130, 263, 61, 51, 59, 13, 10, 32, 32, 84, 104, 258, 32, 32,
        ]
        #expect(try Self.tokenizer().encode(text) == expected)
    }

    @Test func commonestPairFirst() throws {
        // " a" stands 4 times, "ab" 3 times: 256 = " a", 257 = " a" + "b".
        let tokenizer = try BytePairTokenizer.trained(on: [Array(" ab ab ab a".utf8)], vocabularySize: 259)
        #expect(tokenizer.merges == [.init(left: 32, right: 97, merged: 256), .init(left: 256, right: 98, merged: 257)])
        #expect(tokenizer.endOfText == 258)
        #expect(tokenizer.encode(" ab aab") == [257, 256, 97, 98])
    }

    @Test func equallyCommonPairsInOrderOfTheirIDs() throws {
        let tokenizer = try BytePairTokenizer.trained(on: [Array("cd\ncd\nab\nab\n".utf8)], vocabularySize: 259)
        #expect(tokenizer.merges.map { [$0.left, $0.right] } == [[97, 98], [99, 100]])
    }

    /// Against training that counts everything anew for every merge, on texts of few letters, where pairs overlap.
    @Test func agreesWithPlainTraining() throws {
        var random = RandomStream(seed: 2, "training")
        for round in 0..<30 {
            let letters = Array("ab c".utf8.prefix(1 + round % 4))
            let document = (0..<300).map { _ in random.pick(letters) }
            let expected = plainMerges(document, most: 40)
            let tokenizer = try BytePairTokenizer.trained(on: [document], vocabularySize: 257 + expected.count)
            #expect(tokenizer.merges.map { [$0.left, $0.right] } == expected)
            if expected.count < 40 {
                #expect(throws: CorpusError.self) { try BytePairTokenizer.trained(on: [document], vocabularySize: 258 + expected.count) }
            }
        }
    }

    /// Against merging the lowest rank anywhere, the leftmost first, over and over.
    @Test func agreesWithPlainEncoding() throws {
        let tokenizer = try Self.tokenizer()
        var random = RandomStream(seed: 3, "encoding")
        for length in 0..<100 {
            let word = (0..<length).map { _ in random.pick(Array("thaeins".utf8)) }
            #expect(tokenizer.encode(word) == plainEncoding(word, tokenizer))
        }
    }

    @Test func anyBytesComeBack() throws {
        let tokenizer = try Self.tokenizer()
        var random = RandomStream(seed: 4, "bytes")
        for length in 0..<300 {
            let bytes = randomBytes(length, &random)
            let ids = tokenizer.encode(bytes)
            #expect(tokenizer.decode(ids) == bytes)
            #expect(ids.map { tokenizer.byteCount(of: $0, after: tokenizer.endOfText) }.reduce(0, +) == length)
            #expect(ByteTokenizer().decode(ByteTokenizer().encode(bytes)) == bytes)
        }
    }

    @Test func theMarkInsideTextIsText() throws {
        for tokenizer in [try Self.tokenizer(), ByteTokenizer()] as [any Tokenizer] {
            let ids = tokenizer.encode("a<|endoftext|>b")
            #expect(!ids.contains(tokenizer.endOfText))
            #expect(tokenizer.text(ids) == "a<|endoftext|>b")
            #expect(tokenizer.byteCount(of: tokenizer.endOfText, after: 0) == 0)
            #expect(tokenizer.text([tokenizer.endOfText]) == "")
            #expect(Int(tokenizer.endOfText) == tokenizer.vocabularySize - 1)
        }
    }

    @Test func documentsEncodeAsOneByOne() throws {
        let tokenizer = try Self.tokenizer()
        let documents = ["the cat", "", "that that's the cat"].map { Array($0.utf8) }
        #expect(tokenizer.encode(documents: documents) == documents.map { tokenizer.encode($0) })
    }

    @Test func orderOfDocumentsDoesNotMatter() throws {
        let documents = Self.text.split(separator: " ").map { Array((" " + $0).utf8) }
        var random = RandomStream(seed: 5, "order")
        let first = try BytePairTokenizer.trained(on: documents, vocabularySize: 275)
        for _ in 0..<5 {
            #expect(try BytePairTokenizer.trained(on: random.shuffled(documents), vocabularySize: 275).json == first.json)
        }
    }

    @Test func vocabularyLargerThanTheTextSupports() throws {
        let document = Array("abcabc abc".utf8)
        let error = try #require(throws: CorpusError.self) { try BytePairTokenizer.trained(on: [document], vocabularySize: 300) }
        // "abcabc" and " abc": ab (256) and abc (257) stand at least twice, nothing else does.
        #expect(error.description.contains("vocab_size 300") && error.description.contains("at most 259"))
        #expect(try BytePairTokenizer.trained(on: [document], vocabularySize: 259).vocabularySize == 259)
        #expect(throws: CorpusError.self) { try BytePairTokenizer.trained(on: [document], vocabularySize: 260) }
        #expect(throws: CorpusError.self) { try BytePairTokenizer.trained(on: [], vocabularySize: 258) }
    }

    @Test func queueGivesItsSmallestFirst() {
        var random = RandomStream(seed: 6, "queue")
        for count in 0..<40 {
            let items = (0..<count).map { _ in random.below(20) }
            var queue = PriorityQueue<Int>()
            for item in items { queue.insert(item) }
            var sorted: [Int] = []
            while let item = queue.popFirst() { sorted.append(item) }
            #expect(sorted == items.sorted())
            #expect(queue.isEmpty)
        }
    }

    private func plainMerges(_ document: [UInt8], most: Int) -> [[Int32]] {
        var words = document.withUnsafeBufferPointer { buffer in WordScanner(buffer).map { buffer[$0].map { Int32($0) } } }
        var merges: [[Int32]] = []
        while merges.count < most {
            var counts: [[Int32]: Int] = [:]
            for word in words { for (left, right) in zip(word, word.dropFirst()) { counts[[left, right], default: 0] += 1 } }
            let best = counts.filter { $0.value >= 2 }.min {
                $0.value != $1.value ? $0.value > $1.value : ($0.key[0], $0.key[1]) < ($1.key[0], $1.key[1])
            }
            guard let pair = best?.key else { break }
            merges.append(pair)
            words = words.map { merged($0, pair[0], pair[1], Int32(255 + merges.count)) }
        }
        return merges
    }

    private func merged(_ word: [Int32], _ left: Int32, _ right: Int32, _ id: Int32) -> [Int32] {
        var result: [Int32] = []
        var index = 0
        while index < word.count {
            let matches = index + 1 < word.count && word[index] == left && word[index + 1] == right
            result.append(matches ? id : word[index])
            index += matches ? 2 : 1
        }
        return result
    }

    private func plainEncoding(_ word: [UInt8], _ tokenizer: BytePairTokenizer) -> [Int32] {
        tokenizer.merges.reduce(word.map { Int32($0) }) { merged($0, $1.left, $1.right, $1.merged) }
    }
}
