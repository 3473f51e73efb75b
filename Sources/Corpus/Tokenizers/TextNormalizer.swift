/// What a tokenizer file's `normalizer` does to a text, step after step.
struct TextNormalizer: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        /// Puts bytes before a text that is not empty.
        case prepend([UInt8])
        /// Replaces bytes wherever they stand, from left to right.
        case replace([UInt8], by: [UInt8])
    }

    var steps: [Step] = []

    /// Text for text.
    func normalized(_ text: [UInt8]) -> [UInt8] {
        steps.reduce(text) { text, step in
            switch step {
            case .prepend(let prefix): text.isEmpty ? text : prefix + text
            case .replace(let pattern, let content): TextNormalizer.replaced(text, pattern, content)
            }
        }
    }

    static func replaced(_ text: [UInt8], _ pattern: [UInt8], _ content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 4)
        text.withUnsafeBufferPointer { text in
            var index = 0
            // Where the text begins that is not in the result yet.
            var start = 0
            while index + pattern.count <= text.count {
                guard text[index] == pattern[0], pattern.count == 1 || text[index..<index + pattern.count].elementsEqual(pattern) else {
                    index += 1
                    continue
                }
                result.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                result.append(contentsOf: content)
                index += pattern.count
                start = index
            }
            result.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        return result
    }
}
