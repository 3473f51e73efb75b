/// The ids of words that have been met: most words of a text come again and again. Words and ids lie one after another in two arrays.
struct WordCache {
    /// Longer words are not kept: they seldom come twice.
    static let longestWord = 96
    /// No more words are kept than this: about 30 MB.
    private static let mostWords = 1 << 18

    private struct Entry {
        var hash: UInt64
        var bytesStart: UInt32
        var idsStart: UInt32
        var byteCount: UInt16
        var idCount: UInt16
    }

    private var entries: [Entry] = []
    /// Index into `entries` plus one, by hash; 0 where there is none.
    private var slots: [UInt32] = Array(repeating: 0, count: 1 << 8)
    private var bytes: [UInt8] = []
    private var ids: [Int32] = []

    @inline(__always)
    static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: word.count) &* 0x9E37_79B9_7F4A_7C15
        guard let base = word.baseAddress else { return hash }
        var index = 0
        func mix(_ next: UInt64) {
            let product = (hash ^ next).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            hash = product.high ^ product.low
        }
        while index + 8 <= word.count {
            mix(UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
            index += 8
        }
        if index < word.count {
            var rest: UInt64 = 0
            for place in index..<word.count { rest = rest << 8 | UInt64(base[place]) }
            mix(rest)
        }
        return hash ^ hash >> 29
    }

    /// Appends the ids of a word; false when it is not known.
    @inline(__always)
    func find(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, into result: inout [Int32]) -> Bool {
        guard let base = word.baseAddress else { return false }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let index = slots[slot]
            if index == 0 { return false }
            let entry = entries[Int(index) - 1]
            if entry.hash == hash, Int(entry.byteCount) == word.count {
                let isSame = bytes.withUnsafeBufferPointer { known in
                    var place = Int(entry.bytesStart)
                    for offset in 0..<word.count {
                        if known[place] != base[offset] { return false }
                        place += 1
                    }
                    return true
                }
                if isSame {
                    if entry.idCount == 1 {
                        result.append(ids[Int(entry.idsStart)])
                    } else {
                        ids.withUnsafeBufferPointer {
                            result.append(contentsOf: UnsafeBufferPointer(rebasing: $0[Int(entry.idsStart)..<Int(entry.idsStart) + Int(entry.idCount)]))
                        }
                    }
                    return true
                }
            }
            slot = (slot + 1) & mask
        }
    }

    /// Keeps the ids of a word that `find` did not know.
    mutating func insert(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt64, _ found: ArraySlice<Int32>) {
        guard word.count <= WordCache.longestWord, entries.count < WordCache.mostWords else { return }
        entries.append(
            Entry(
                hash: hash, bytesStart: UInt32(bytes.count), idsStart: UInt32(ids.count), byteCount: UInt16(word.count), idCount: UInt16(found.count)))
        bytes.append(contentsOf: word)
        ids.append(contentsOf: found)
        if entries.count * 2 > slots.count {
            slots = Array(repeating: 0, count: slots.count * 4)
            for index in entries.indices { place(index) }
        } else {
            place(entries.count - 1)
        }
    }

    private mutating func place(_ index: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: entries[index].hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(index + 1)
    }
}
