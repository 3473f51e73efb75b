extension BytePairTokenizer {
    /// Learns a vocabulary of exactly `vocabularySize` ids (256 bytes, merges, end of text) from documents.
    ///
    /// The commonest pair of neighbouring tokens is merged first; of equally common ones the pair with the smaller ids. The
    /// result depends on the documents alone, and not on their order.
    /// Throws when the documents run out of pairs that occur at least twice; the error names the largest possible size.
    public static func trained(on documents: [[UInt8]], vocabularySize: Int) throws(CorpusError) -> BytePairTokenizer {
        precondition(vocabularySize >= 257, "256 bytes and end of text")
        var trainer = BytePairTrainer(documents)
        while trainer.merges.count + 257 < vocabularySize {
            guard trainer.mergeCommonest() else {
                throw CorpusError(
                    place: "tokenizer", found: "vocab_size \(vocabularySize)",
                    expected: "at most \(trainer.merges.count + 257), the largest that this text supports (no pair of tokens is left that occurs twice)",
                    advice: "lower vocab_size or give the tokenizer more text")
            }
        }
        return BytePairTokenizer(merges: trainer.merges)
    }
}

/// The counts behind byte-pair training. Words are kept once each with how often they occur; pair counts are kept up to date
/// merge by merge, so that a merge costs no more than the words it changes.
struct BytePairTrainer {
    /// Two neighbouring tokens: how often they occur, and in which words (some of which may have lost them since).
    private struct Pair {
        var left: Int32
        var right: Int32
        var count: Int
        var words: [Int32]
    }

    /// A pair in the queue. Its count may have fallen since; it never rises.
    private struct Candidate: Comparable {
        var count: Int
        var key: UInt64
        var pair: Int

        static func < (a: Candidate, b: Candidate) -> Bool { a.count != b.count ? a.count > b.count : a.key < b.key }
    }

    private var words: [[Int32]] = []
    private var wordCounts: [Int] = []
    private var pairs: [Pair] = []
    private var pairIndex: [UInt64: Int] = [:]
    private var queue = PriorityQueue<Candidate>()
    private var tokens: [[UInt8]] = (0..<256).map { [UInt8($0)] }
    private var spelled: Set<[UInt8]> = []
    private(set) var merges: [(left: Int32, right: Int32)] = []

    init(_ documents: [[UInt8]]) {
        var wordIndex: [[UInt8]: Int] = [:]
        for document in documents {
            UTF8Text.repaired(document).withUnsafeBufferPointer { buffer in
                for range in WordScanner(buffer) where range.count > 1 {
                    let word = Array(buffer[range])
                    if let index = wordIndex[word] {
                        wordCounts[index] += 1
                    } else {
                        wordIndex[word] = words.count
                        words.append(word.map { Int32($0) })
                        wordCounts.append(1)
                    }
                }
            }
        }
        for (word, ids) in words.enumerated() {
            for index in 1..<ids.count { add(wordCounts[word], ids[index - 1], ids[index], in: word) }
        }
        enqueue(from: 0)
    }

    /// Merges the commonest pair everywhere; false when no pair occurs twice.
    mutating func mergeCommonest() -> Bool {
        while let best = queue.popFirst() {
            let pair = pairs[best.pair]
            guard pair.count == best.count else {
                if pair.count >= 2 { queue.insert(Candidate(count: pair.count, key: best.key, pair: best.pair)) }
                continue
            }
            // Two pairs may spell one token; the second would need a second id for the same bytes.
            let bytes = tokens[Int(pair.left)] + tokens[Int(pair.right)]
            guard spelled.insert(bytes).inserted else { continue }
            let merged = Int32(tokens.count)
            tokens.append(bytes)
            merges.append((pair.left, pair.right))
            let firstNew = pairs.count
            pairs[best.pair].words = []
            for word in pair.words { replace(pair.left, pair.right, by: merged, in: Int(word)) }
            enqueue(from: firstNew)
            return true
        }
        return false
    }

    /// Only pairs with the newest token can have risen, and those are all new.
    private mutating func enqueue(from first: Int) {
        for index in first..<pairs.count where pairs[index].count >= 2 {
            let pair = pairs[index]
            queue.insert(Candidate(count: pair.count, key: BytePairModel.key(pair.left, pair.right), pair: index))
        }
    }

    private mutating func replace(_ left: Int32, _ right: Int32, by merged: Int32, in word: Int) {
        let old = words[word]
        let count = wordCounts[word]
        var new: [Int32] = []
        var index = 0
        while index < old.count {
            guard old[index] == left, index + 1 < old.count, old[index + 1] == right else {
                new.append(old[index])
                index += 1
                continue
            }
            add(-count, left, right, in: word)
            if let before = new.last {
                add(-count, before, left, in: word)
                add(count, before, merged, in: word)
            }
            if index + 2 < old.count {
                add(-count, right, old[index + 2], in: word)
                add(count, merged, old[index + 2], in: word)
            }
            new.append(merged)
            index += 2
        }
        words[word] = new
    }

    private mutating func add(_ count: Int, _ left: Int32, _ right: Int32, in word: Int) {
        let key = BytePairModel.key(left, right)
        if let index = pairIndex[key] {
            pairs[index].count += count
            if count > 0, pairs[index].words.last != Int32(word) { pairs[index].words.append(Int32(word)) }
        } else {
            pairIndex[key] = pairs.count
            pairs.append(Pair(left: left, right: right, count: count, words: [Int32(word)]))
        }
    }
}
