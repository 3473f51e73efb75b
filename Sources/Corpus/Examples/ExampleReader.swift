import Settings

/// Prompts with answers from the bytes of files. Every error names the file, the place in it and the key.
enum ExampleReader {
    /// A TRACE file: a JSON list of objects with the texts `prompt` and `answer`.
    static func examples(ofTrace bytes: [UInt8], file: String) throws(CorpusError) -> [Example] {
        let value: Value
        do { value = try Value(json: bytes) } catch {
            throw CorpusError(
                place: "\(file):\(error.line):\(error.column)", found: error.found, expected: error.expected,
                advice: "a TRACE file is one JSON list of {\"prompt\": ..., \"answer\": ...}")
        }
        guard let list = value.asList else {
            throw CorpusError(place: file, found: value.summary, expected: "a JSON list of {\"prompt\": ..., \"answer\": ...}")
        }
        var examples: [Example] = []
        for (index, item) in list.enumerated() {
            let place = "\(file): [\(index)]"
            examples.append(try example(item, prompt: "prompt", answer: "answer", place: place, advice: ""))
        }
        return examples
    }

    /// JSON lines with two fields of text, and one with a list of answers of which that is one, if `choices` names it. Empty lines are skipped.
    static func examples(
        ofJSONLines bytes: [UInt8], prompt: String, answer: String, choices: String? = nil, file: String
    ) throws(CorpusError) -> [Example] {
        try lines(bytes, file: file).map { (line) throws(CorpusError) in
            var example = try example(line.value, prompt: prompt, answer: answer, place: line.place, advice: "name the fields with 'prompt: NAME' and 'answer: NAME'")
            guard let choices else { return example }
            let found = try field(choices, of: line.value, place: line.place, advice: "name the field of the answers to choose from with 'choices: NAME'")
            let texts = found.asList?.compactMap(\.asString) ?? []
            guard texts.count >= 2, texts.count == found.asList?.count, Set(texts).count == texts.count, texts.contains(example.answer) else {
                throw CorpusError(
                    place: "\(line.place), field '\(choices)'", found: found.summary, expected: "a list of two or more different texts, the answer among them")
            }
            example.choices = texts
            return example
        }
    }

    /// JSON lines with a field of chat messages, each with the texts `role` and `content`.
    static func examples(ofJSONLines bytes: [UInt8], messages key: String, template: ChatTemplate, file: String) throws(CorpusError) -> [Example] {
        try lines(bytes, file: file).map { (line) throws(CorpusError) in
            let place = "\(line.place), field '\(key)'"
            let found = try field(key, of: line.value, place: line.place, advice: "name the field of the messages with 'messages: NAME'")
            guard let list = found.asList else { throw CorpusError(place: place, found: found.summary, expected: "a list of messages") }
            var messages: [(role: String, text: String)] = []
            for (index, message) in list.enumerated() {
                let place = "\(place)[\(index)]"
                messages.append((try text("role", of: message, place: place), try text("content", of: message, place: place)))
            }
            return try template.example(messages, place: place)
        }
    }

    private static func lines(_ bytes: [UInt8], file: String) throws(CorpusError) -> [(place: String, value: Value)] {
        var lines: [(place: String, value: Value)] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard !DocumentReader.isBlank(line) else { continue }
            let place = "\(file):\(index + 1)"
            do { lines.append((place, try Value(json: line))) } catch {
                throw CorpusError(place: "\(place):\(error.column)", found: error.found, expected: error.expected, advice: "each line must be one JSON object")
            }
        }
        return lines
    }

    private static func example(_ value: Value, prompt: String, answer: String, place: String, advice: String) throws(CorpusError) -> Example {
        let promptText = try text(prompt, of: value, place: place, advice: advice), answerText = try text(answer, of: value, place: place, advice: advice)
        guard !answerText.isEmpty else {
            throw CorpusError(place: "\(place), field '\(answer)'", found: "an empty answer", expected: "text", advice: "an example without an answer teaches nothing")
        }
        return Example(prompt: promptText, answer: answerText)
    }

    private static func text(_ key: String, of value: Value, place: String, advice: String = "") throws(CorpusError) -> String {
        let found = try field(key, of: value, place: place, advice: advice)
        guard let text = found.asString else { throw CorpusError(place: "\(place), field '\(key)'", found: found.summary, expected: "a string") }
        return text
    }

    private static func field(_ key: String, of value: Value, place: String, advice: String) throws(CorpusError) -> Value {
        guard let entries = value.asObject else { throw CorpusError(place: place, found: value.summary, expected: "a JSON object with '\(key)'") }
        guard let found = entries[key] else {
            throw CorpusError(
                place: place, found: entries.isEmpty ? "no fields" : "only the fields \(entries.keys.sorted().joined(separator: ", "))",
                expected: "a field '\(key)'", advice: advice)
        }
        return found
    }
}
