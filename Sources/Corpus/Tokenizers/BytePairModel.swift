/// The vocabulary and merges of byte-pair encoding, and what happens to characters that are not in it.
///
/// A word begins as one token a byte (byte-level) or a character. Of all neighbours that have a merge the one of lowest rank is merged first, of
/// equal ones the leftmost.
/// Source: Sennrich et al. 2016, arXiv 1508.07909, section 3.2; bytes that characters fall back to: Kudo & Richardson 2018, arXiv 1808.06226.
struct BytePairModel: Sendable {
    /// Two neighbouring tokens and the token that replaces them. Merges are applied in the order of their rank.
    struct Merge: Sendable, Hashable {
        var left: Int32
        var right: Int32
        var merged: Int32
    }

    /// What the `model` of a tokenizer file says beside its vocabulary and merges.
    struct Rules: Sendable, Hashable {
        /// Words are bytes, spelled in the `ByteAlphabet`.
        var isByteLevel = true
        /// Stands for characters that have no token; without it they are left out.
        var unknown: Int32?
        /// Neighbouring unknown characters make one token.
        var fusesUnknown = false
        /// A character without a token becomes its bytes, `<0x00>` ... `<0xFF>`, where all of them have one.
        var fallsBackToBytes = false
        /// A word that is in the vocabulary becomes its token without merging.
        var ignoresMerges = false
    }

    /// The tokens by id in the spelling of the file, as UTF-8; nil for ids that only an added token has, or none.
    let spellings: [[UInt8]?]
    /// In order of rank.
    let merges: [Merge]
    let rules: Rules
    /// Bytes of each token in a word: as they stand (byte-level; nil for tokens outside the alphabet, which no word has) or of its spelling.
    let words: [[UInt8]?]
    /// The id of each single byte in byte-level words, or -1.
    private let byteIDs: [Int32]
    /// The id of each `<0x00>` ... `<0xFF>`, or -1.
    private let fallbackIDs: [Int32]
    /// Id by code point of the tokens of one character.
    private let characterIDs: IntegerTable
    /// Rank and merged id by the two ids of a pair.
    private let pairs: IntegerTable
    /// Id by word; empty unless merges are ignored.
    private let wholeWords: [[UInt8]: Int32]

    init(spellings: [[UInt8]?], merges: [Merge], rules: Rules) {
        self.spellings = spellings
        self.merges = merges
        self.rules = rules
        words = rules.isByteLevel ? spellings.map { $0.flatMap { ByteAlphabet.bytes(ofSpelling: $0) } } : spellings
        var byteIDs = [Int32](repeating: -1, count: 256)
        var fallbackIDs = byteIDs
        var characters: [(key: UInt64, value: UInt64)] = []
        var whole: [[UInt8]: Int32] = [:]
        if rules.ignoresMerges { whole.reserveCapacity(words.count) }
        for (id, word) in words.enumerated() {
            guard let word, !word.isEmpty else { continue }
            if rules.ignoresMerges { whole[word] = Int32(id) }
            if rules.isByteLevel {
                if word.count == 1 { byteIDs[Int(word[0])] = Int32(id) }
            } else if word.count == UTF8Text.length(lead: word[0]) {
                word.withUnsafeBufferPointer { characters.append((UInt64(UTF8Text.scalar($0.baseAddress.unsafelyUnwrapped, 0).code), UInt64(id))) }
            } else if let byte = BytePairModel.byte(spelled: word) {
                fallbackIDs[Int(byte)] = Int32(id)
            }
        }
        self.byteIDs = byteIDs
        self.fallbackIDs = fallbackIDs
        characterIDs = IntegerTable(characters)
        wholeWords = whole
        pairs = IntegerTable(
            merges.enumerated().map { rank, merge in
                (BytePairModel.key(merge.left, merge.right), UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merge.merged)))
            })
    }

    /// The byte that a token `<0x0A>` stands for; `anyCase`: also `<0x0a>`.
    static func byte(spelled token: [UInt8], anyCase: Bool = false) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
            case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
            case UInt8(ascii: "a")...UInt8(ascii: "f") where anyCase: byte - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard let high = digit(token[3]), let low = digit(token[4]) else { return nil }
        return high << 4 | low
    }

    static func key(_ left: Int32, _ right: Int32) -> UInt64 { UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right)) }

    /// The first byte that has no token of its own, in byte-level words.
    var missingByte: Int? { rules.isByteLevel ? byteIDs.firstIndex(of: -1) : nil }

    /// Whether no merge crosses the place before a mark that follows another character: then text may be cut there and gives the same tokens.
    func canCut(before mark: [UInt8]) -> Bool {
        guard let id = word(mark), !rules.isByteLevel else { return false }
        let starts = spellings.map { $0?.starts(with: mark) ?? false }
        let ends = spellings.map { $0?.suffix(mark.count).elementsEqual(mark) ?? false }
        return starts[Int(id)] && !merges.contains { starts[Int($0.right)] && !ends[Int($0.left)] }
    }

    /// The id of a word that is one token, by a search through all of them.
    func word(_ bytes: [UInt8]) -> Int32? { words.firstIndex(of: bytes).map { Int32($0) } }

    /// Scratch space for one word.
    struct Bench {
        fileprivate var ids: [Int32] = []
        /// What the pair that begins at a token offers: rank and merged id, or `nothing`.
        fileprivate var offers: [UInt64] = []
        fileprivate var next: [Int32] = []
        fileprivate var previous: [Int32] = []
        fileprivate var queue = PriorityQueue<UInt64>()
        fileprivate static let nothing = UInt64.max
    }

    /// Appends the ids of a word: bytes, or valid UTF-8 in the file's spelling.
    func encode(_ word: UnsafeBufferPointer<UInt8>, on bench: inout Bench, into ids: inout [Int32]) {
        if rules.ignoresMerges, let id = wholeWords[Array(word)] {
            ids.append(id)
            return
        }
        bench.ids.removeAll(keepingCapacity: true)
        if rules.isByteLevel { beginWithBytes(word, &bench.ids) } else { beginWithCharacters(word, &bench.ids) }
        // Short words are searched anew for each merge, long ones keep a queue.
        if bench.ids.count <= 40 { mergeShort(&bench) } else { mergeLong(&bench) }
        ids.append(contentsOf: bench.ids)
    }

    private func beginWithBytes(_ word: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
        var isUnknown = false
        for byte in word {
            let id = byteIDs[Int(byte)]
            if id >= 0 || rules.unknown != nil { begin(id >= 0 ? id : nil, &isUnknown, &ids) }
        }
        if isUnknown, let unknown = rules.unknown { ids.append(unknown) }
    }

    private func beginWithCharacters(_ word: UnsafeBufferPointer<UInt8>, _ ids: inout [Int32]) {
        guard let bytes = word.baseAddress else { return }
        var isUnknown = false
        var index = 0
        while index < word.count {
            let (code, length) = UTF8Text.scalar(bytes, index)
            defer { index += length }
            if let id = characterIDs[UInt64(code)] {
                begin(Int32(truncatingIfNeeded: id), &isUnknown, &ids)
                continue
            }
            if rules.fallsBackToBytes {
                let character = index..<index + length
                if character.allSatisfy({ fallbackIDs[Int(bytes[$0])] >= 0 }) {
                    // As in the Python library an unknown token that is still to come stays behind the bytes.
                    for place in character { ids.append(fallbackIDs[Int(bytes[place])]) }
                    continue
                }
            }
            if rules.unknown != nil { begin(nil, &isUnknown, &ids) }
        }
        if isUnknown, let unknown = rules.unknown { ids.append(unknown) }
    }

    /// One more token, or unknown character: an unknown token is held back until the next token comes, since the next may be fused with it.
    @inline(__always)
    private func begin(_ id: Int32?, _ isUnknown: inout Bool, _ ids: inout [Int32]) {
        if isUnknown, id != nil || !rules.fusesUnknown, let unknown = rules.unknown { ids.append(unknown) }
        if let id { ids.append(id) }
        isUnknown = id == nil
    }

    @inline(__always)
    private func offer(_ left: Int32, _ right: Int32) -> UInt64 { pairs[BytePairModel.key(left, right)] ?? Bench.nothing }

    private func mergeShort(_ bench: inout Bench) {
        var count = bench.ids.count
        guard count > 1 else { return }
        bench.offers.removeAll(keepingCapacity: true)
        for index in 1..<count { bench.offers.append(offer(bench.ids[index - 1], bench.ids[index])) }
        bench.ids.withUnsafeMutableBufferPointer { ids in
            bench.offers.withUnsafeMutableBufferPointer { offers in
                while count > 1 {
                    var best = 0
                    var lowest = offers[0]
                    for index in 1..<max(count - 1, 1) where offers[index] < lowest {
                        lowest = offers[index]
                        best = index
                    }
                    guard lowest != Bench.nothing else { break }
                    ids[best] = Int32(truncatingIfNeeded: lowest & 0xFFFF_FFFF)
                    for index in best + 1..<max(count - 1, best + 1) {
                        ids[index] = ids[index + 1]
                        offers[index - 1] = offers[index]
                    }
                    count -= 1
                    if best > 0 { offers[best - 1] = offer(ids[best - 1], ids[best]) }
                    if best < count - 1 { offers[best] = offer(ids[best], ids[best + 1]) }
                }
            }
        }
        bench.ids.removeLast(bench.ids.count - count)
    }

    private func mergeLong(_ bench: inout Bench) {
        let count = bench.ids.count
        bench.next = Array(1..<Int32(count) + 1)
        bench.previous = Array(-1..<Int32(count) - 1)
        bench.offers = Array(repeating: Bench.nothing, count: count)
        bench.queue.removeAll()
        // In the queue stand rank and position; what is merged there is what the position offers when its turn comes.
        func renew(_ position: Int) {
            let next = Int(bench.next[position])
            bench.offers[position] = next < count ? offer(bench.ids[position], bench.ids[next]) : Bench.nothing
            if bench.offers[position] != Bench.nothing { bench.queue.insert(bench.offers[position] & ~0xFFFF_FFFF | UInt64(position)) }
        }
        for position in 0..<count { renew(position) }
        while let first = bench.queue.popFirst() {
            let here = Int(first & 0xFFFF_FFFF)
            let found = bench.offers[here]
            // Stale: the place offers something else by now, or is merged away (and offers nothing).
            guard found != Bench.nothing, found >> 32 == first >> 32 else { continue }
            let there = Int(bench.next[here])
            bench.ids[here] = Int32(truncatingIfNeeded: found & 0xFFFF_FFFF)
            bench.ids[there] = -1
            bench.offers[there] = Bench.nothing
            bench.next[here] = bench.next[there]
            if bench.next[here] < count { bench.previous[Int(bench.next[here])] = Int32(here) }
            if bench.previous[here] >= 0 { renew(Int(bench.previous[here])) }
            renew(here)
        }
        bench.ids.removeAll { $0 < 0 }
    }
}
