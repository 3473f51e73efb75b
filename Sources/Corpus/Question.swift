/// A question whose answer can be checked.
///
/// `prompt` followed by `answer` and a line end is how a question stands in running text, so both carry their own spaces:
/// prompt `Question: Where was Ada born?\nAnswer:`, answer ` Fenwick`, choices ` Fenwick`, ` Larkhill` ...
public struct Question: Sendable, Hashable {
    public var prompt: String
    /// All that should follow the prompt on its line, worked steps included.
    public var answer: String
    /// Empty: the model writes the answer, and it must match exactly. Else: the model ranks these, and `answer` is one of them.
    public var choices: [String]
    /// For answers with worked steps: the words after which the final answer stands. Empty: the whole answer is final.
    public var finalMark: String

    public init(prompt: String, answer: String, choices: [String] = [], finalMark: String = "") {
        precondition(choices.isEmpty || choices.contains(answer), "the answer is one of the choices")
        self.prompt = prompt
        self.answer = answer
        self.choices = choices
        self.finalMark = finalMark
    }

    /// What is compared: the part of `answer` after the last `finalMark`, without spaces around it and without a final full stop.
    public var finalAnswer: String { Question.final(answer, after: finalMark) ?? "" }

    /// Exact match: whether a text that continues the prompt gives the final answer on its first line. Worked steps are not judged.
    public func isAnswered(by continuation: String) -> Bool {
        let line = continuation.unicodeScalars.prefix { $0 != "\n" }
        return Question.final(String(line), after: finalMark) == finalAnswer
    }

    private static func final(_ text: String, after mark: String) -> String? {
        var rest = Array(text.utf8)
        if !mark.isEmpty {
            let mark = Array(mark.utf8)
            guard let start = rest.indices.reversed().first(where: { rest[$0...].starts(with: mark) }) else { return nil }
            rest.removeFirst(start + mark.count)
        }
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 || byte == 0x0D }
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        if rest.last == UInt8(ascii: ".") { rest.removeLast() }
        return String(decoding: rest.drop(while: isSpace), as: UTF8.self)
    }
}
