/// A question whose answer can be checked.
///
/// `prompt` followed by `answer` and a line end is how a question stands in running text, so both carry their own spaces:
/// prompt `Question: Where was Ada born?\nAnswer:`, answer ` Fenwick`, choices ` Fenwick`, ` Larkhill` ...
///
/// Worked steps are part of the answer (` 2 + 3 = 5. 5 x 2 = 10. The answer is 10`): it is right as a whole or not at all.
public struct Question: Sendable, Hashable {
    public var prompt: String
    /// All that should follow the prompt on its line.
    public var answer: String
    /// Empty: the model writes the answer, and it must match exactly. Else: the model ranks these, and `answer` is one of them.
    public var choices: [String]

    public init(prompt: String, answer: String, choices: [String] = []) {
        precondition(choices.isEmpty || choices.contains(answer), "the answer is one of the choices")
        self.prompt = prompt
        self.answer = answer
        self.choices = choices
    }
}
