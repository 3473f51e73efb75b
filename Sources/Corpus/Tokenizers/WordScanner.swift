/// How a byte-level tokenizer parts text into the words that byte pairs may not cross.
enum WordPattern: Sendable, Hashable, CaseIterable {
    case gpt2, llama3, qwen2

    /// The regular expression, as it stands in tokenizer files.
    var expression: String {
        switch self {
        case .gpt2: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
        case .llama3: WordPattern.contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        case .qwen2: WordPattern.contractions + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        }
    }

    private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"

    /// Numbers that may stand in one word, where there is a limit.
    fileprivate var longestNumber: Int { self == .llama3 ? 3 : 1 }
}

/// The words of a text by one of the patterns, scanned by hand: every byte belongs to exactly one.
///
/// Letters, numbers and spaces are those of `CharacterClass`.
struct WordScanner: Sequence, IteratorProtocol {
    private let bytes: UnsafePointer<UInt8>
    private let count: Int
    private let pattern: WordPattern
    private let classes = CharacterClass.table
    private var position = 0

    /// `bytes` must be valid UTF-8 and stay as they are while words are read.
    init(_ bytes: UnsafeBufferPointer<UInt8>, _ pattern: WordPattern = .gpt2) {
        // Of no bytes none is read.
        self.bytes = bytes.baseAddress ?? UnsafePointer(classes)
        count = bytes.count
        self.pattern = pattern
    }

    mutating func next() -> Range<Int>? {
        guard position < count else { return nil }
        let start = position
        position = pattern == .gpt2 ? gpt2End(from: start) : llama3End(from: start)
        return start..<position
    }

    @inline(__always)
    private func character(_ index: Int) -> (kind: UInt8, length: Int) {
        let (code, length) = UTF8Text.scalar(bytes, index)
        return (classes[Int(code)] & CharacterClass.kinds, length)
    }

    private func gpt2End(from start: Int) -> Int {
        if bytes[start] == UInt8(ascii: "'"), let end = contractionEnd(from: start) { return end }
        let body = bytes[start] == UInt8(ascii: " ") ? start + 1 : start
        if body < count {
            let (kind, length) = character(body)
            if kind != CharacterClass.space { return runEnd(of: kind, from: body + length) }
        }
        return spaceEnd(from: start)
    }

    private func llama3End(from start: Int) -> Int {
        if bytes[start] == UInt8(ascii: "'"), let end = contractionEndOfAnyCase(from: start) { return end }
        let (kind, length) = character(start)
        let next = start + length
        if kind == CharacterClass.letter { return runEnd(of: CharacterClass.letter, from: next) }
        if kind == CharacterClass.number {
            var end = next
            for _ in 1..<pattern.longestNumber where end < count {
                let (kind, length) = character(end)
                guard kind == CharacterClass.number else { break }
                end += length
            }
            return end
        }
        if !isLineEnd(start), next < count {
            let (following, length) = character(next)
            if following == CharacterClass.letter { return runEnd(of: CharacterClass.letter, from: next + length) }
            if bytes[start] == UInt8(ascii: " "), following == 0 { return lineEnds(from: runEnd(of: 0, from: next + length)) }
        }
        return kind == 0 ? lineEnds(from: runEnd(of: 0, from: next)) : spaceEnd(from: start, upToLineEnds: true)
    }

    @inline(__always)
    private func isLineEnd(_ index: Int) -> Bool { bytes[index] == UInt8(ascii: "\n") || bytes[index] == UInt8(ascii: "\r") }

    private func lineEnds(from start: Int) -> Int {
        var end = start
        while end < count, isLineEnd(end) { end += 1 }
        return end
    }

    private func contractionEnd(from start: Int) -> Int? {
        guard start + 1 < count else { return nil }
        switch bytes[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        default: break
        }
        guard start + 2 < count else { return nil }
        switch (bytes[start + 1], bytes[start + 2]) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")), (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }

    private func contractionEndOfAnyCase(from start: Int) -> Int? {
        guard start + 1 < count else { return nil }
        switch bytes[start + 1] | 0x20 {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        default: break
        }
        guard start + 2 < count else { return nil }
        // The long s is an s of another case.
        if bytes[start + 1] == 0xC5, bytes[start + 2] == 0xBF { return start + 3 }
        switch (bytes[start + 1] | 0x20, bytes[start + 2] | 0x20) {
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")), (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return start + 3
        default: return nil
        }
    }

    @inline(__always)
    private func runEnd(of wanted: UInt8, from start: Int) -> Int {
        var end = start
        while end < count {
            let (kind, length) = character(end)
            guard kind == wanted else { break }
            end += length
        }
        return end
    }

    /// A run of spaces; when a word follows, its last space is left to that word, unless it is the only one. With `upToLineEnds` a
    /// run that has line ends is cut behind the last of them.
    private func spaceEnd(from start: Int, upToLineEnds: Bool = false) -> Int {
        var end = start
        var last = start
        var lineEnd: Int?
        while end < count {
            let (kind, length) = character(end)
            guard kind == CharacterClass.space else { break }
            last = end
            if isLineEnd(end) { lineEnd = end + 1 }
            end += length
        }
        if upToLineEnds, let lineEnd { return lineEnd }
        return end == count || last == start ? end : last
    }
}
