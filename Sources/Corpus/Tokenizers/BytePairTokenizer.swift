import Settings

/// Byte-pair encoding as a Hugging Face `tokenizer.json` describes it: byte-level (GPT-2, Llama 3, Qwen 2), or by characters with a mark for
/// spaces and bytes to fall back to (SentencePiece's: Llama 2, Mistral).
///
/// A text goes through these steps: added tokens that are looked for in the text as it is, the normalizer, added tokens that are looked
/// for in the normalized text, words, merges.
public struct BytePairTokenizer: Tokenizer {
    /// What parts a piece of text into words.
    struct Splitting: Sendable, Hashable {
        enum Words: Sendable, Hashable {
            case pattern(WordPattern)
            /// A word begins at each mark.
            case marks
            /// The whole piece is one word.
            case none
        }

        enum Prefix: Sendable, Hashable { case never, first, always }

        var words = Words.pattern(.gpt2)
        /// What a space becomes before words are looked for: itself (byte-level) or a mark.
        var mark: [UInt8] = [UInt8(ascii: " ")]
        /// Whether a mark is put before a piece that does not begin with one: before none, that at the beginning of a text, or each.
        var prefix = Prefix.never
    }

    /// The parts of the file that are written as they were read.
    struct Sections: Sendable, Hashable {
        var normalizer: Value = .null
        var preTokenizer: Value = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true]
        var postProcessor: Value = .null
        var decoder: Value = ["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true]
    }

    let model: BytePairModel
    /// In ascending order of their ids.
    let added: [AddedToken]
    let normalizer: TextNormalizer
    let splitting: Splitting
    let decoder: TokenDecoder
    let sections: Sections
    public let frame: TokenFrame
    public let configuration: TokenizerConfiguration
    public let endOfText: Int32
    public let vocabularySize: Int

    private let plainTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    /// What the normalizer or the splitting makes of a space, where that is one character.
    private let mark: [UInt8]?
    /// Whether words may be cut before a mark that follows another character: no merge is lost.
    private let cutsBeforeMarks: Bool
    /// By id: what the decoder takes for the token, and whether it is special.
    private let decoded: [[UInt8]]
    private let isSpecial: [Bool]
    /// By id: bytes of text that it stands for, and whether a space that was put before a text may be its first.
    private let byteCounts: [Int32]
    private let mayBeginWithPrefix: [Bool]

    /// Takes parts that agree: every id below 2^31 and given once, added tokens with different contents.
    init(
        model: BytePairModel, added: [AddedToken], endOfText: Int32, normalizer: TextNormalizer = TextNormalizer(), splitting: Splitting = Splitting(),
        decoder: TokenDecoder = TokenDecoder(steps: [.byteLevel]), frame: TokenFrame = TokenFrame(),
        configuration: TokenizerConfiguration = TokenizerConfiguration(), sections: Sections = Sections()
    ) {
        self.model = model
        self.added = added.sorted { $0.id < $1.id }
        (self.normalizer, self.splitting, self.decoder, self.sections) = (normalizer, splitting, decoder, sections)
        (self.frame, self.configuration, self.endOfText) = (frame, configuration, endOfText)
        let size = max(model.spellings.count, (self.added.last.map { Int($0.id) } ?? -1) + 1)
        vocabularySize = size

        plainTokens = AddedTokenMatcher(added.filter { !$0.isNormalized }.map { ($0.content, $0) })
        normalizedTokens = AddedTokenMatcher(added.filter(\.isNormalized).map { (normalizer.normalized($0.content), $0) })
        let space = [UInt8(ascii: " ")]
        let replacement = normalizer.steps.compactMap { if case .replace(space, let content) = $0 { content } else { nil } }.first ?? splitting.mark
        let isMark = !model.rules.isByteLevel && replacement != space && replacement.first.map { UTF8Text.length(lead: $0) } == replacement.count
        let mark = isMark ? replacement : nil
        self.mark = mark
        cutsBeforeMarks = mark.map { model.canCut(before: $0) } ?? false

        var decoded = [[UInt8]](repeating: [], count: size)
        var isSpecial = [Bool](repeating: false, count: size)
        var byteCounts = [Int32](repeating: 0, count: size)
        var mayBeginWithPrefix = isSpecial
        for (id, spelling) in model.spellings.enumerated() {
            guard let spelling else { continue }
            decoded[id] = spelling
            mayBeginWithPrefix[id] = (model.words[id] ?? spelling).starts(with: mark ?? space)
            if Int32(id) == model.rules.unknown { continue }
            if model.rules.isByteLevel {
                byteCounts[id] = Int32((model.words[id] ?? spelling).count)
            } else if model.rules.fallsBackToBytes, BytePairModel.byte(spelled: spelling) != nil {
                byteCounts[id] = 1
            } else {
                byteCounts[id] = Int32(mark.map { TextNormalizer.replaced(spelling, $0, space) }?.count ?? spelling.count)
            }
        }
        for token in added {
            let id = Int(token.id)
            decoded[id] = token.isNormalized ? normalizer.normalized(token.content) : token.content
            isSpecial[id] = token.isSpecial
            byteCounts[id] = token.isSpecial || token.id == model.rules.unknown ? 0 : Int32(token.content.count)
            mayBeginWithPrefix[id] = false
        }
        (self.decoded, self.isSpecial, self.byteCounts, self.mayBeginWithPrefix) = (decoded, isSpecial, byteCounts, mayBeginWithPrefix)
    }

    /// The layout of a vocabulary that is trained here: 256 bytes (id = byte), merges (pairs of earlier ids) in the order they were learned, end of text.
    init(merges pairs: [(left: Int32, right: Int32)]) {
        var words = (0..<256).map { [UInt8($0)] }
        var merges: [BytePairModel.Merge] = []
        for (left, right) in pairs {
            merges.append(BytePairModel.Merge(left: left, right: right, merged: Int32(words.count)))
            words.append(words[Int(left)] + words[Int(right)])
        }
        let end = Int32(words.count)
        let mark = Array(endOfTextMark.utf8)
        let spellings = words.map { Array(ByteAlphabet.spelling(of: $0).utf8) } + [mark]
        self.init(
            model: BytePairModel(spellings: spellings, merges: merges, rules: BytePairModel.Rules()), added: [AddedToken(id: end, content: mark)], endOfText: end)
    }

    public func decode(_ ids: [Int32], skippingSpecials: Bool) -> [UInt8] {
        var tokens: [[UInt8]] = []
        for id in ids {
            checkID(id)
            // Ids that stand for nothing are left out.
            if !(skippingSpecials && isSpecial[Int(id)]), !decoded[Int(id)].isEmpty { tokens.append(decoded[Int(id)]) }
        }
        return decoder.text(tokens)
    }

    public func byteCount(of id: Int32, after previous: Int32) -> Int {
        checkID(id)
        checkID(previous)
        let hasPrefix = isSpecial[Int(previous)] && mayBeginWithPrefix[Int(id)] && putsPrefix
        return max(0, Int(byteCounts[Int(id)]) - (hasPrefix ? 1 : 0))
    }

    private var putsPrefix: Bool { splitting.prefix != .never || normalizer.steps.contains { if case .prepend = $0 { true } else { false } } }

    private func checkID(_ id: Int32) { precondition(0..<vocabularySize ~= Int(id), "token \(id) in a vocabulary of \(vocabularySize)") }
}

extension BytePairTokenizer {
    public func encode(_ bytes: [UInt8]) -> [Int32] { encode([bytes], specials: false)[0] }
    public func encode(marked bytes: [UInt8]) -> [Int32] { encode([bytes], specials: true)[0] }
    public func encode(documents: [[UInt8]]) -> [[Int32]] { encode(documents, specials: false) }

    /// Scratch space of a call.
    private struct Bench {
        var words = WordCache()
        var merging = BytePairModel.Bench()
        var ids: [Int32] = []
    }

    private func encode(_ texts: [[UInt8]], specials: Bool) -> [[Int32]] {
        var bench = Bench()
        return texts.map { text in
            let text = UTF8Text.repaired(text)
            bench.ids = []
            bench.ids.reserveCapacity(text.count / 3)
            text.withUnsafeBufferPointer { encode($0, specials, &bench) }
            return bench.ids
        }
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, _ specials: Bool, _ bench: inout Bench) {
        guard plainTokens.finds(specials: specials) else { return encode(plain: text, isFirst: true, specials, &bench) }
        for piece in plainTokens.pieces(text, specials: specials) {
            if let token = piece.token {
                bench.ids.append(token.id)
            } else {
                encode(plain: UnsafeBufferPointer(rebasing: text[piece.range]), isFirst: piece.range.lowerBound == 0, specials, &bench)
            }
        }
    }

    /// Text in which the tokens that are looked for before normalization do not stand.
    private func encode(plain text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ specials: Bool, _ bench: inout Bench) {
        guard !text.isEmpty else { return }
        guard !normalizer.steps.isEmpty else { return encode(normalized: text, isFirst: isFirst, specials, &bench) }
        normalizer.normalized(Array(text)).withUnsafeBufferPointer { encode(normalized: $0, isFirst: isFirst, specials, &bench) }
    }

    private func encode(normalized text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ specials: Bool, _ bench: inout Bench) {
        guard normalizedTokens.finds(specials: specials) else { return encode(piece: text, isFirst: isFirst, &bench) }
        for piece in normalizedTokens.pieces(text, specials: specials) {
            if let token = piece.token {
                bench.ids.append(token.id)
            } else {
                encode(piece: UnsafeBufferPointer(rebasing: text[piece.range]), isFirst: isFirst && piece.range.lowerBound == 0, &bench)
            }
        }
    }

    /// Text without added tokens: becomes words.
    private func encode(piece text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ bench: inout Bench) {
        guard !text.isEmpty else { return }
        let space = [UInt8(ascii: " ")]
        let replaces = splitting.mark != space
        guard replaces || splitting.prefix != .never else { return encode(words: text, &bench) }
        var marked = replaces ? TextNormalizer.replaced(Array(text), space, splitting.mark) : Array(text)
        if splitting.prefix == .always || (splitting.prefix == .first && isFirst), !marked.starts(with: splitting.mark) { marked = splitting.mark + marked }
        marked.withUnsafeBufferPointer { encode(words: $0, &bench) }
    }

    private func encode(words text: UnsafeBufferPointer<UInt8>, _ bench: inout Bench) {
        switch splitting.words {
        case .pattern(let pattern):
            for range in WordScanner(text, pattern) { encode(word: UnsafeBufferPointer(rebasing: text[range]), &bench) }
        case .marks: encode(text, cutAt: splitting.mark, beforeEach: true, &bench)
        case .none:
            if cutsBeforeMarks, let mark { encode(text, cutAt: mark, beforeEach: false, &bench) } else { encode(word: text, &bench) }
        }
    }

    /// The stretches of a text that begin with a mark, or with the first of several.
    private func encode(_ text: UnsafeBufferPointer<UInt8>, cutAt mark: [UInt8], beforeEach: Bool, _ bench: inout Bench) {
        var start = 0
        var index = 0
        // The end of the mark before.
        var markEnd = 0
        while index < text.count {
            guard text[index] == mark[0], index + mark.count <= text.count, text[index..<index + mark.count].elementsEqual(mark) else {
                index += 1
                continue
            }
            if index > start, beforeEach || index != markEnd {
                encode(word: UnsafeBufferPointer(rebasing: text[start..<index]), &bench)
                start = index
            }
            index += mark.count
            markEnd = index
        }
        encode(word: UnsafeBufferPointer(rebasing: text[start...]), &bench)
    }

    @inline(__always)
    private func encode(word: UnsafeBufferPointer<UInt8>, _ bench: inout Bench) {
        let hash = WordCache.hash(word)
        if bench.words.find(word, hash, into: &bench.ids) { return }
        let start = bench.ids.count
        model.encode(word, on: &bench.merging, into: &bench.ids)
        bench.words.insert(word, hash, bench.ids[start...])
    }
}
