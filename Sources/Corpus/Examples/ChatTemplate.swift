import Settings

/// How the messages of a chat become text: what stands before and after a message of each role. (Jinja templates of a tokenizer are not read.)
///
///     template: chatml                                                one of the known ones
///     template: {user: ["Q: ", "\n"], assistant: ["A: ", "\n"]}      strings of one's own: before and after; system too
///
/// An answer is learned with what stands after it, so that a model learns to end it; what stands before it belongs to the prompt.
public struct ChatTemplate: Sendable, Hashable {
    public struct Turn: Sendable, Hashable {
        public var before: String, after: String
    }

    /// By role; a role that is not there cannot be written.
    var turns: [String: Turn]
    /// What a system message stands in that has no turn of its own: the first user message begins with it.
    var systemInUser: Turn?

    public static let roles = ["system", "user", "assistant"]
    public static let names = known.map(\.name)

    static func named(_ name: String) -> ChatTemplate? { known.first { $0.name == name }?.template }

    private static let known: [(name: String, template: ChatTemplate)] = [
        ("plain", ChatTemplate(turns: [
            "system": Turn(before: "", after: "\n"), "user": Turn(before: "User: ", after: "\n"), "assistant": Turn(before: "Assistant: ", after: "\n"),
        ])),
        ("chatml", ChatTemplate(turns: [
            "system": Turn(before: "<|im_start|>system\n", after: "<|im_end|>\n"), "user": Turn(before: "<|im_start|>user\n", after: "<|im_end|>\n"),
            "assistant": Turn(before: "<|im_start|>assistant\n", after: "<|im_end|>\n"),
        ])),
        ("llama-2", ChatTemplate(
            turns: ["user": Turn(before: "[INST] ", after: " [/INST]"), "assistant": Turn(before: " ", after: " ")],
            systemInUser: Turn(before: "<<SYS>>\n", after: "\n<</SYS>>\n\n"))),
        ("llama-3", ChatTemplate(turns: [
            "system": Turn(before: "<|start_header_id|>system<|end_header_id|>\n\n", after: "<|eot_id|>"),
            "user": Turn(before: "<|start_header_id|>user<|end_header_id|>\n\n", after: "<|eot_id|>"),
            "assistant": Turn(before: "<|start_header_id|>assistant<|end_header_id|>\n\n", after: "<|eot_id|>"),
        ])),
    ]

    static let kind: Kind = .either([
        .choice(names),
        .object(roles.map { .optional($0, .list(.string, count: 2...2), default: .null, "what stands before and after a message of the \($0)") }),
    ])

    private init(turns: [String: Turn], systemInUser: Turn? = nil) { (self.turns, self.systemInUser) = (turns, systemInUser) }

    /// Settings that `kind` has validated. Throws when it has no turns for a user and an assistant.
    init(_ value: Value) throws(SettingsError) {
        if let name = value.asString, let template = ChatTemplate.named(name) {
            self = template
            return
        }
        turns = [:]
        for role in ChatTemplate.roles {
            guard let parts = value[role]?.asList?.compactMap(\.asString), parts.count == 2 else { continue }
            turns[role] = Turn(before: parts[0], after: parts[1])
        }
        for role in ["user", "assistant"] where turns[role] == nil {
            throw SettingsError(
                path: Path(), found: "a template without '\(role)'", expected: "what stands before and after a message of user and assistant",
                advice: "write '\(role): [BEFORE, AFTER]'")
        }
    }

    var recipe: Value {
        func strings(_ turn: Turn?) -> Value { turn.map { .list([.string($0.before), .string($0.after)]) } ?? .null }
        var value: [String: Value] = ["system_in_user": strings(systemInUser)]
        for role in ChatTemplate.roles { value[role] = strings(turns[role]) }
        return .object(value)
    }

    /// - Throws: `CorpusError` at `place` for roles that do not alternate as a chat does.
    func example(_ messages: [(role: String, text: String)], place: String) throws(CorpusError) -> Example {
        var segments: [Example.Segment] = []
        var pending: [Example.Segment] = []
        for (index, message) in messages.enumerated() {
            func wrong(_ found: String, _ expected: String) -> CorpusError {
                CorpusError(place: "\(place)[\(index)]", found: found, expected: expected)
            }
            guard ChatTemplate.roles.contains(message.role) else {
                throw wrong("the role '\(message.role)'", "one of \(ChatTemplate.roles.joined(separator: ", "))")
            }
            if message.role == "system", turns["system"] == nil {
                guard let turn = systemInUser, index == 0 else { throw wrong("a system message", "one at the beginning, and a template that has a place for it") }
                pending = [Example.Segment(turn.before, isMark: true), Example.Segment(message.text), Example.Segment(turn.after, isMark: true)]
                continue
            }
            guard let turn = turns[message.role] else { throw wrong("a message of the \(message.role)", "a role that the template has") }
            let isAnswer = message.role == "assistant"
            segments.append(Example.Segment(turn.before, isMark: true))
            segments += pending
            pending = []
            segments.append(Example.Segment(message.text, isAnswer: isAnswer))
            segments.append(Example.Segment(turn.after, isAnswer: isAnswer, isMark: true))
        }
        guard let last = messages.last, last.role == "assistant" else {
            throw CorpusError(
                place: place, found: messages.isEmpty ? "no messages" : "a last message of the \(messages[messages.count - 1].role)",
                expected: "a chat that ends with a message of the assistant", advice: "its last message is the answer that is asked for")
        }
        return Example(segments: segments, answer: last.text, answerEnd: turns["assistant"]?.after ?? "")
    }
}
