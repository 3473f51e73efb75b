/// Byte-level byte-pair encoding with GPT-2's words (`WordScanner`).
///
/// A trained vocabulary is laid out as the 256 bytes (id = byte), the merges in the order they were learned, and end of text
/// last. A vocabulary that was read from a file keeps the ids of the file.
/// Source: Sennrich et al. 2016, arXiv 1508.07909, section 3.2; byte level: Radford et al. 2019, section 2.2.
public struct BytePairTokenizer: Tokenizer, Hashable {
    /// Two neighbouring tokens and the token that replaces them. Merges are applied in the order of their rank.
    struct Merge: Sendable, Hashable {
        var left: Int32
        var right: Int32
        var merged: Int32
    }

    /// The bytes of each id; none for end of text.
    let tokens: [[UInt8]]
    public let endOfText: Int32
    /// In order of rank.
    let merges: [Merge]
    /// The id of each single byte.
    let byteIDs: [Int32]
    /// Rank by the two ids of a pair.
    private let ranks: [UInt64: Int32]

    /// Takes a vocabulary in which every single byte has a token.
    init(tokens: [[UInt8]], endOfText: Int32, merges: [Merge], byteIDs: [Int32]) {
        precondition(byteIDs.count == 256, "a token for every byte")
        self.tokens = tokens
        self.endOfText = endOfText
        self.merges = merges
        self.byteIDs = byteIDs
        var ranks: [UInt64: Int32] = [:]
        ranks.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() {
            ranks[BytePairTokenizer.key(merge.left, merge.right)] = Int32(rank)
        }
        self.ranks = ranks
    }

    /// The layout of a trained vocabulary: bytes, merges (pairs of earlier ids) in order, end of text.
    init(merges pairs: [(left: Int32, right: Int32)]) {
        var tokens = (0..<256).map { [UInt8($0)] }
        var merges: [Merge] = []
        for (left, right) in pairs {
            merges.append(Merge(left: left, right: right, merged: Int32(tokens.count)))
            tokens.append(tokens[Int(left)] + tokens[Int(right)])
        }
        let endOfText = Int32(tokens.count)
        self.init(tokens: tokens + [[]], endOfText: endOfText, merges: merges, byteIDs: Array(0..<256))
    }

    public var vocabularySize: Int { tokens.count }

    public func encode(_ bytes: [UInt8]) -> [Int32] { encode(documents: [bytes])[0] }

    public func encode(documents: [[UInt8]]) -> [[Int32]] {
        var known: [[UInt8]: [Int32]] = [:]
        var bench = MergeBench()
        return documents.map { bytes in
            var ids: [Int32] = []
            ids.reserveCapacity(bytes.count / 3)
            bytes.withUnsafeBufferPointer { buffer in
                for range in WordScanner(buffer) {
                    let word = Array(buffer[range])
                    if let found = known[word] {
                        ids.append(contentsOf: found)
                    } else {
                        let found = encode(word: word, on: &bench)
                        known[word] = found
                        ids.append(contentsOf: found)
                    }
                }
            }
            return ids
        }
    }

    public var frame: TokenFrame { TokenFrame() }

    public func encode(marked bytes: [UInt8]) -> [Int32] {
        var pieces: [[UInt8]] = [[]]
        let mark = Array(endOfTextMark.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: mark) {
                pieces.append([])
                index += mark.count
            } else {
                pieces[pieces.count - 1].append(bytes[index])
                index += 1
            }
        }
        return Array(encode(documents: pieces).joined(separator: [endOfText]))
    }

    public func decode(_ ids: [Int32], skippingSpecials: Bool) -> [UInt8] {
        ids.flatMap { id in
            precondition(tokens.indices.contains(Int(id)), "token \(id) in a vocabulary of \(tokens.count)")
            return id == endOfText && !skippingSpecials ? Array(endOfTextMark.utf8) : tokens[Int(id)]
        }
    }

    public func byteCount(of id: Int32, after previous: Int32) -> Int {
        precondition(tokens.indices.contains(Int(id)), "token \(id) in a vocabulary of \(tokens.count)")
        return tokens[Int(id)].count
    }

    public var configuration: TokenizerConfiguration { TokenizerConfiguration() }

    static func key(_ left: Int32, _ right: Int32) -> UInt64 { UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right)) }

    /// A merge that a word offers at a position: the lowest rank goes first, then the leftmost.
    private struct Offer: Comparable {
        var rank: Int32
        var position: Int32

        static func < (a: Offer, b: Offer) -> Bool { (a.rank, a.position) < (b.rank, b.position) }
    }

    /// Scratch space for one word: its tokens as a linked list, and the merges on offer.
    private struct MergeBench {
        var ids: [Int32] = []
        var next: [Int32] = []
        var previous: [Int32] = []
        var offers = PriorityQueue<Offer>()
    }

    private func encode(word: [UInt8], on bench: inout MergeBench) -> [Int32] {
        let count = Int32(word.count)
        bench.ids = word.map { byteIDs[Int($0)] }
        bench.next = Array(1..<count + 1)
        bench.previous = Array(-1..<count - 1)
        bench.offers.removeAll()
        func offer(at position: Int32) {
            let next = bench.next[Int(position)]
            guard next < count, let rank = ranks[BytePairTokenizer.key(bench.ids[Int(position)], bench.ids[Int(next)])] else { return }
            bench.offers.insert(Offer(rank: rank, position: position))
        }
        for position in 0..<count { offer(at: position) }
        while let best = bench.offers.popFirst() {
            let merge = merges[Int(best.rank)]
            let (here, there) = (Int(best.position), Int(bench.next[Int(best.position)]))
            // An offer is stale when one of its tokens has been merged away meanwhile (marked -1).
            guard bench.ids[here] == merge.left, there < Int(count), bench.ids[there] == merge.right else { continue }
            bench.ids[here] = merge.merged
            bench.ids[there] = -1
            bench.next[here] = bench.next[there]
            if bench.next[here] < count { bench.previous[Int(bench.next[here])] = best.position }
            if bench.previous[here] >= 0 { offer(at: bench.previous[here]) }
            offer(at: best.position)
        }
        return bench.ids.filter { $0 >= 0 }
    }
}
