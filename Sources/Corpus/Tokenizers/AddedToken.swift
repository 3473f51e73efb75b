/// A token that is looked for in the text before anything else, with the keys of a tokenizer file.
struct AddedToken: Sendable, Hashable {
    var id: Int32
    var content: [UInt8]
    /// Only where no letter, number or mark of a word stands beside it.
    var isSingleWord = false
    /// Takes the spaces on its left or right with it.
    var takesLeft = false
    var takesRight = false
    /// Looked for in the normalized text, as its own content is normalized; else in the text as it is.
    var isNormalized = false
    /// Left out when ids become text.
    var isSpecial = true
}

/// Some added tokens and where they stand in a text: the leftmost first, of those that begin at one place the longest.
struct AddedTokenMatcher: Sendable {
    /// A stretch of text, or a token with the text that it takes.
    struct Piece {
        var token: AddedToken?
        var range: Range<Int>
    }

    private let tokens: [AddedToken]
    /// Whether any token is left when special ones are text.
    private let hasOrdinary: Bool
    /// Bytes with which a token begins.
    private var firsts = [Bool](repeating: false, count: 256)
    /// A tree of the tokens' bytes: child by node and byte, and the token that ends at each node, or -1.
    private var children: [UInt64: Int] = [:]
    private var ends: [Int] = [-1]

    /// - Parameter tokens: what is looked for in each, no text twice and none empty, and the token itself.
    init(_ tokens: [(text: [UInt8], token: AddedToken)]) {
        self.tokens = tokens.map(\.token)
        hasOrdinary = tokens.contains { !$0.token.isSpecial }
        for (index, (text, _)) in tokens.enumerated() {
            firsts[Int(text[0])] = true
            var node = 0
            for byte in text {
                let key = UInt64(node) << 8 | UInt64(byte)
                let child = children[key] ?? ends.count
                if child == ends.count {
                    children[key] = child
                    ends.append(-1)
                }
                node = child
            }
            ends[node] = index
        }
    }

    /// Whether a text may hold any token.
    func finds(specials: Bool) -> Bool { specials ? !tokens.isEmpty : hasOrdinary }

    /// The text in pieces. With `specials` false special tokens are text, and yet nothing else is found inside them, as in the Python library.
    func pieces(_ text: UnsafeBufferPointer<UInt8>, specials: Bool) -> [Piece] {
        var pieces: [Piece] = []
        // Where the text begins that is not in a piece yet.
        var start = 0
        var index = 0
        while index < text.count {
            guard firsts[Int(text[index])], let (token, end) = match(text, at: index) else {
                index += 1
                continue
            }
            defer { index = end }
            guard specials || !token.isSpecial else { continue }
            var (left, right) = (index, end)
            if token.isSingleWord, hasWordPart(text, before: left) || hasWordPart(text, at: right) { continue }
            if token.takesLeft { left = max(spacesStart(text, before: left), start) }
            if token.takesRight { right = spacesEnd(text, from: right) }
            if start < left { pieces.append(Piece(token: nil, range: start..<left)) }
            // A token within the spaces that the one before it took has no text of its own left.
            pieces.append(Piece(token: token, range: min(left, right)..<right))
            start = right
        }
        if start < text.count { pieces.append(Piece(token: nil, range: start..<text.count)) }
        return pieces
    }

    private func match(_ text: UnsafeBufferPointer<UInt8>, at start: Int) -> (AddedToken, end: Int)? {
        var node = 0
        var best: (AddedToken, Int)?
        var index = start
        while index < text.count, let child = children[UInt64(node) << 8 | UInt64(text[index])] {
            node = child
            index += 1
            if ends[node] >= 0 { best = (tokens[ends[node]], index) }
        }
        return best
    }

    private func classes(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> (UInt8, length: Int) {
        let (code, length) = UTF8Text.scalar(text.baseAddress.unsafelyUnwrapped, index)
        return (CharacterClass.table[Int(code)], length)
    }

    private func characterStart(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Int {
        var start = index - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }

    private func hasWordPart(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Bool {
        index > 0 && hasWordPart(text, at: characterStart(text, before: index))
    }

    private func hasWordPart(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        index < text.count && classes(text, at: index).0 & CharacterClass.wordPart != 0
    }

    private func spacesStart(_ text: UnsafeBufferPointer<UInt8>, before index: Int) -> Int {
        var start = index
        while start > 0 {
            let before = characterStart(text, before: start)
            guard classes(text, at: before).0 & CharacterClass.space != 0 else { break }
            start = before
        }
        return start
    }

    private func spacesEnd(_ text: UnsafeBufferPointer<UInt8>, from index: Int) -> Int {
        var end = index
        while end < text.count {
            let (found, length) = classes(text, at: end)
            guard found & CharacterClass.space != 0 else { break }
            end += length
        }
        return end
    }
}
