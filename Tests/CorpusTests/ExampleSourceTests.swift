import Foundation
import Settings
import TestSupport
import Testing

@testable import Corpus

@Suite struct ExampleSourceTests {
    private func source(_ value: Value) throws -> DataSource {
        try DataSource(settings: Settings(validated: try DataSource.kind.validated(value, at: Path())))
    }

    private static func trace(_ pairs: [(String, String)]) -> String {
        Value.list(pairs.map { ["prompt": .string($0.0), "answer": .string($0.1)] }).canonicalJSON
    }

    /// A folder like those of TRACE.
    private func folder(_ name: String, in parent: TemporaryFolder) throws -> String {
        for (split, count) in [("train", 5), ("eval", 2), ("test", 3)] {
            try parent.write("\(name)/\(split).json", Self.trace((0..<count).map { ("\(split) \($0)?", "answer \($0)") }))
        }
        return parent.path + "/" + name
    }

    @Test func traceFolders() throws {
        let parent = try TemporaryFolder()
        let path = try folder("FOMC", in: parent)
        let domain = try source(["trace": .string(path)]).load(name: "fomc")
        let examples = try #require(domain.examples)
        #expect(examples.training.map(\.prompt) == (0..<5).map { "train \($0)?" } && examples.heldOut.map(\.answer) == (0..<3).map { "answer \($0)" })
        #expect(examples.answersOnly && examples.isPacked && examples.score == .exactMatch && examples.maxNewTokens == nil)
        #expect(domain.training.map { String(decoding: $0, as: UTF8.self) }.first == "train 0?answer 0")
        #expect(try source(["trace": .string(path)]).files() == [path + "/train.json", path + "/test.json"])
        let other = try #require(
            try source(["trace": .string(path), "split": "eval", "loss": "all", "packing": false, "metric": "rouge-l", "max_new_tokens": 7])
                .load(name: "x").examples)
        #expect(other.heldOut.count == 2 && !other.answersOnly && !other.isPacked && other.score == .rougeL && other.maxNewTokens == 7)
    }

    @Test(arguments: TaskScore.ofTrace.keys.sorted())
    func metricsOfTrace(task: String) throws {
        #expect(try source(["trace": .string("data/\(task)/")]).score == TaskScore.ofTrace[task])
        #expect(try source(["trace": .string(task), "metric": "sari"]).score == .sari)
        #expect(try source(["trace": .string(task + "x")]).score == .exactMatch)
    }

    @Test func choicesAreReadOrTheHeldOutAnswers() throws {
        let folder = try TemporaryFolder()
        try folder.write("c.jsonl", (0..<60).map { #"{"q": "q \#($0)", "a": "b", "o": ["a", "b", "c \#($0)"]}"# }.joined(separator: "\n"))
        let entry: Value = ["jsonl": .string(folder.path + "/c.jsonl"), "prompt": "q", "answer": "a", "choices": "o"]
        let set = try #require(try source(entry).load(name: "x").examples)
        #expect(set.score == .mostLikely && set.choices(of: set.heldOut).allSatisfy { $0.count == 3 && $0[1] == "b" })
        for (line, found) in [(#"{"q": "q", "a": "b"}"#, "only the fields a, q"), (#"{"q": "q", "a": "b", "o": ["a", "c"]}"#, "a list of 2"), (#"{"q": "q", "a": "b", "o": ["b"]}"#, "a list of 1")] {
            try folder.write("c.jsonl", line)
            let error = #expect(throws: CorpusError.self) { try source(entry).load(name: "x") }
            #expect(error?.found == found && error?.place.contains("c.jsonl:1") == true, "\(String(describing: error))")
        }
        var other = entry
        other["metric"] = "sari"
        #expect(throws: SettingsError.self) { try source(other) }
        // Without a field: the different answers that are held out.
        try folder.write("t/train.json", Self.trace([("a", "A")]))
        try folder.write("t/test.json", Self.trace([("b", "B"), ("c", "A"), ("d", "B")]))
        let trace: Value = ["trace": .string(folder.path + "/t"), "metric": "most-likely"]
        let ranked = try #require(try source(trace).load(name: "x").examples)
        #expect(ranked.choices(of: ranked.heldOut) == [["B", "A"], ["B", "A"], ["B", "A"]])
        try folder.write("t/test.json", Self.trace([("b", "B")]))
        #expect(throws: CorpusError.self) { try source(trace).load(name: "x") }
    }

    @Test func anotherAnswerTakesTheLastOnesPlace() throws {
        #expect(Example(prompt: "p ", answer: "a").answered("bc").text == "p bc")
        let chat = Example(
            segments: [Example.Segment("x", isAnswer: true), Example.Segment("<u>", isMark: true), Example.Segment("a", isAnswer: true), Example.Segment("</a>", isAnswer: true, isMark: true)],
            answer: "a", answerEnd: "</a>")
        #expect(chat.answered("b").text == "x<u>b</a>" && chat.answered("b").answer == "b")
    }

    @Test func recipesTellSourcesApart() throws {
        let values: [Value] = [
            ["trace": "a"], ["trace": "a", "split": "eval"], ["trace": "a", "loss": "all"], ["trace": "a", "packing": false], ["trace": "a", "metric": "sari"],
            ["trace": "a", "max_new_tokens": 3], ["jsonl": "a", "prompt": "p", "answer": "q"], ["jsonl": "a", "prompt": "q", "answer": "p"],
            ["jsonl": "a", "prompt": "p", "answer": "q", "held_out": 0.5], ["jsonl": "a", "messages": "m", "template": "chatml"],
            ["jsonl": "a", "messages": "m", "template": "plain"], ["jsonl": "a", "messages": "n", "template": "plain"], ["jsonl": "a"],
        ]
        #expect(Set(try values.map { try source($0).recipe.canonicalJSON }).count == values.count)
        #expect(try source(["trace": "a"]).recipe == source(["trace": "b"]).recipe)
    }

    @Test func pairsInJSONLines() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<200).map { "{\"q\": \"question \($0)\", \"a\": \"answer \($0)\", \"n\": \($0)}" }
        let path = try folder.write("qa.jsonl", lines.joined(separator: "\n") + "\n\n")
        let domain = try source(["jsonl": .string(path), "prompt": "q", "answer": "a", "held_out": 0.2]).load(name: "qa")
        let examples = try #require(domain.examples)
        #expect(examples.training.count + examples.heldOut.count == 200 && (20...60).contains(examples.heldOut.count))
        #expect(Set(examples.training).isDisjoint(with: examples.heldOut) && examples.heldOut[0].answer.hasPrefix("answer "))
        // A prompt falls on one side, whatever its answer.
        let twice = try folder.write("twice.jsonl", lines.joined(separator: "\n") + "\n" + lines.map { $0.replacingOccurrences(of: "answer ", with: "other ") }.joined(separator: "\n"))
        let both = try #require(try source(["jsonl": .string(twice), "prompt": "q", "answer": "a", "held_out": 0.2]).load(name: "qa").examples)
        #expect(Set(both.training.map(\.prompt)).isDisjoint(with: both.heldOut.map(\.prompt)) && both.heldOut.count == 2 * examples.heldOut.count)
    }

    @Test func chats() throws {
        let folder = try TemporaryFolder()
        func line(_ index: Int) -> String {
            #"{"messages": [{"role": "system", "content": "Be \#(index)."}, {"role": "user", "content": "hi <|im_end|>"}, {"role": "assistant", "content": "yo"}]}"#
        }
        let path = try folder.write("chats.jsonl", (0..<50).map(line).joined(separator: "\n"))
        func first(_ template: Value) throws -> Example {
            try #require(try source(["jsonl": .string(path), "messages": "messages", "template": template, "held_out": 0.2]).load(name: "c").examples?.training.first)
        }
        let index = try first("plain").text.split(separator: ".")[0].split(separator: " ")[1]
        #expect(try first("plain").text == "Be \(index).\nUser: hi <|im_end|>\nAssistant: yo\n")
        #expect(try first("chatml").text == "<|im_start|>system\nBe \(index).<|im_end|>\n<|im_start|>user\nhi <|im_end|><|im_end|>\n<|im_start|>assistant\nyo<|im_end|>\n")
        #expect(try first("llama-2").text == "[INST] <<SYS>>\nBe \(index).\n<</SYS>>\n\nhi <|im_end|> [/INST] yo ")
        #expect(try first(["system": ["S", ";"], "user": ["U", ";"], "assistant": ["A", ";"]]).text == "SBe \(index).;Uhi <|im_end|>;Ayo;")
        let llama3 = try first("llama-3")
        #expect(llama3.text.hasSuffix("<|start_header_id|>assistant<|end_header_id|>\n\nyo<|eot_id|>") && llama3.answerEnd == "<|eot_id|>")
        // What the data says is text, also where it looks like a mark.
        #expect(llama3.segments.filter { $0.text.contains("im_end") }.allSatisfy { !$0.isMark })
    }

    // MARK: Errors

    private func error(_ value: Value) -> String? {
        do {
            _ = try source(value).load(name: "d")
            return nil
        } catch { return "\(error)" }
    }

    @Test func keysThatDoNotGoTogether() {
        let cases: [(Value, String)] = [
            (["trace": "x", "text": "y"], "text and trace"), ([:], "none of text, jsonl, generated, trace"), (["trace": "x", "held_out": 0.1], "held_out"),
            (["trace": "x", "prompt": "p"], "'prompt' beside 'trace'"), (["text": "x", "metric": "sari"], "'metric' beside 'text'"),
            (["jsonl": "x", "prompt": "p"], "'prompt' without 'answer'"), (["jsonl": "x", "answer": "p"], "'answer' without 'prompt'"),
            (["jsonl": "x", "messages": "m"], "'messages' without 'template'"), (["jsonl": "x", "template": "plain"], "'template' without 'messages'"),
            (["jsonl": "x", "prompt": "p", "answer": "a", "field": "t"], "'field' beside 'jsonl' with 'prompt'"),
            (["jsonl": "x", "prompt": "p", "answer": "a", "messages": "m"], "'messages' beside 'jsonl' with 'prompt'"),
            (["jsonl": "x", "metric": "sari"], "'metric' beside 'jsonl'"), (["jsonl": "x", "split": "test"], "'split' beside 'jsonl'"),
            (["jsonl": "x", "messages": "m", "template": ["user": ["a", "b"]]], "template: found a template without 'assistant'"),
            (["generated": "arithmetic", "loss": "all"], "'loss' beside 'generated'"),
        ]
        for (value, expected) in cases { #expect(error(value)?.contains(expected) == true, "\(value.canonicalJSON): \(error(value) ?? "nothing")") }
    }

    @Test func malformedFiles() throws {
        let folder = try TemporaryFolder()
        let good = Self.trace([("p", "a")])
        let cases: [(String, String)] = [
            ("", "test.json:1:1: found"), ("[{\"prompt\": \"p\",\n \"answer\": }]", "test.json:2:12: found"), ("{}", "expected a JSON list"), ("[]", "no examples"),
            ("[3]", "test.json: [0]: found 3, expected a JSON object"), ("[{\"prompt\": \"p\", \"answer\": \"a\"}, {\"prompt\": \"p\"}]", "[1]: found only the fields prompt"),
            ("[{\"prompt\": 3, \"answer\": \"a\"}]", "[0], field 'prompt': found 3, expected a string"),
            ("[{\"prompt\": \"p\", \"answer\": \"\"}]", "[0], field 'answer': found an empty answer"), ("\u{feff}[]", "test.json:1:1"),
        ]
        for (text, expected) in cases {
            try folder.write("T/train.json", good)
            try folder.write("T/test.json", text)
            let found = error(["trace": .string(folder.path + "/T")])
            #expect(found?.contains(expected) == true, "\(text): \(found ?? "nothing")")
        }
        try FileManager.default.removeItem(atPath: folder.path + "/T/test.json")
        #expect(error(["trace": .string(folder.path + "/T")])?.contains("T/test.json: found no such file, expected train.json, eval.json and test.json in") == true)

        let lines: [(String, String)] = [
            ("{\"messages\": 3}", "x.jsonl:1, field 'messages': found 3"), ("{\"messages\": [3]}", "field 'messages'[0]: found 3"), ("{\"m\": []}", "only the fields m"),
            ("{\"messages\": []}", "no messages"), ("{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", "a last message of the user"),
            ("{\"messages\": [{\"role\": \"tool\", \"content\": \"a\"}]}", "[0]: found the role 'tool', expected one of system, user, assistant"),
            ("{\"messages\": [{\"role\": \"user\"}]}", "[0]: found only the fields role, expected a field 'content'"), ("\n\n[", "x.jsonl:3:2"),
        ]
        for (text, expected) in lines {
            let path = try folder.write("x.jsonl", text)
            let found = error(["jsonl": .string(path), "messages": "messages", "template": "llama-2"])
            #expect(found?.contains(expected) == true, "\(text): \(found ?? "nothing")")
        }
    }

    /// Damaged files are read or give one error that names the file.
    @Test func damagedFiles() throws {
        let trace = Array(Self.trace((0..<3).map { ("prompt \($0)\n\u{1f642}", "answer \"\($0)\"") }).utf8)
        let pairs = Array((0..<3).map { "{\"q\": \"question \($0)\", \"a\": \"answer \($0)\"}\n" }.joined().utf8)
        let chats = Array((0..<2).map { "{\"m\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"\($0)\"}, {\"role\": \"assistant\", \"content\": \"a\"}]}\n" }.joined().utf8)
        let template = try #require(ChatTemplate.named("llama-2"))
        var mutator = Mutator(seed: 5, "examples", morsels: ["prompt", "answer", "role", "content", "assistant", "system", "\"q\""])
        var (read, refused) = (0, 0)
        for round in 0..<20_000 {
            let original = [trace, pairs, chats][round % 3]
            let bytes = round % 3 == 0 && round % 2 == 0 ? mutator.mutated(json: original) : mutator.mutated(original)
            do {
                let examples =
                    switch round % 3 {
                    case 0: try ExampleReader.examples(ofTrace: bytes, file: "damaged")
                    case 1: try ExampleReader.examples(ofJSONLines: bytes, prompt: "q", answer: "a", file: "damaged")
                    default: try ExampleReader.examples(ofJSONLines: bytes, messages: "m", template: template, file: "damaged")
                    }
                for example in examples {
                    let found = TokenizedExample(example, answersOnly: true, ByteTokenizer())
                    #expect(found.isScored.last == true && found.tokens.count == example.text.utf8.count + 1)
                }
                read += 1
            } catch {
                #expect(error.place.hasPrefix("damaged"))
                refused += 1
            }
        }
        #expect(read > 1000 && refused > 5000)
    }
}
