import Foundation
import Settings

/// One entry of an experiment file's `data`: where a domain's text comes from.
///
///     {text: "books/**/*.txt", held_out: 0.05}             text files; a path, a pattern, or a list of them
///     {jsonl: "problems.jsonl", field: question}           JSON lines; the text is in one field
///     {generated: arithmetic, documents: 2000, seed: 0}    made by the program
///     {generated: arithmetic, form: examples}               its questions, as prompts with answers
///     {trace: "FOMC"}                                      a task of the TRACE benchmark: a folder with train, eval and test.json
///     {jsonl: "qa.jsonl", prompt: question, answer: answer}     prompts with answers
///     {jsonl: "chats.jsonl", messages: messages, template: chatml}     chats
///
/// The last four give examples (`ExampleSet`): by default the loss counts the answers alone, and held-out questions are answered and scored.
///
/// A document of a text file ends with a line that is exactly `<|endoftext|>`; a file without such a line is one document. **A
/// document longer than 64 KiB is cut into passages of 8 to 16 KiB, at line ends where there are any, and each is then
/// treated as a document**: a book is held out in part. Text is taken as bytes and need not be UTF-8. Whether a document is held out depends
/// on its own bytes and `held_out` alone.
public struct DataSource: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        case text(patterns: [String], heldOut: Double)
        case jsonLines(patterns: [String], field: String, heldOut: Double)
        /// Text, or its questions as examples.
        case generated(name: String, documents: Int, questions: Int, seed: Int, ExampleSettings?)
        case trace(folder: String, split: String, ExampleSettings)
        case pairs(patterns: [String], prompt: String, answer: String, heldOut: Double, ExampleSettings)
        case chats(patterns: [String], messages: String, template: ChatTemplate, heldOut: Double, ExampleSettings)
    }

    /// How examples are learned and asked.
    struct ExampleSettings: Sendable, Hashable {
        var answersOnly: Bool
        var isPacked: Bool
        var score: TaskScore
        var maxNewTokens: Int?
        /// Field of the answers to choose from.
        var choices: String?

        static let keys = ["loss", "packing", "metric", "max_new_tokens"]

        init(_ settings: Settings, score: TaskScore) {
            answersOnly = settings.value["loss"]?.asString != "all"
            isPacked = settings.value["packing"]?.asBool ?? true
            self.score = settings.value["metric"]?.asString.flatMap { TaskScore(rawValue: $0) } ?? score
            maxNewTokens = settings.value["max_new_tokens"]?.asInteger
            choices = settings.value["choices"]?.asString
        }

        var recipe: Value {
            var recipe: Value = [
                "loss": answersOnly ? "answers" : "all", "packing": .bool(isPacked), "metric": .string(score.rawValue),
                "max_new_tokens": maxNewTokens.map { .integer($0) } ?? .null,
            ]
            if let choices { recipe["choices"] = .string(choices) }
            return recipe
        }

        func set(training: [Example], heldOut: [Example]) -> ExampleSet {
            ExampleSet(
                training: training, heldOut: heldOut, answersOnly: answersOnly, isPacked: isPacked, score: score, maxNewTokens: maxNewTokens)
        }
    }

    let form: Form

    /// Version of reading and splitting: part of the recipe.
    private static let readerVersion = 1
    private static let exampleVersion = 1
    private static let defaultHeldOut = 0.05

    public static let kind: Kind = {
        let paths = Kind.either([.string, .list(.string, count: 1...Int.max)])
        let names = generatedDomains.map(\.name)
        return .object([
            .optional("text", paths, default: .null, "text files: a path, a pattern with * ? [] **, or a list of them"),
            .optional("jsonl", paths, default: .null, "JSON lines files: a path, a pattern, or a list of them"),
            .optional("generated", .choice(names), default: .null, "text made by the program: \(names.joined(separator: ", "))"),
            .optional("field", .string, default: .null, "with jsonl: the field that holds the text (text)"),
            .optional("held_out", .number(0.001...0.9), default: .null, "with text and jsonl: share of the documents that training never sees (\(defaultHeldOut))"),
            .optional("form", .choice(["text", "examples"]), default: .null, "with generated: text with questions in it, or questions alone as prompts with answers (text)"),
            .optional("documents", .integer(20...1_000_000), default: .null, "with generated: number of training documents, or of training pairs at most"),
            .optional("questions", .integer(1...100_000), default: .null, "with generated: number of held-out questions"),
            .optional("seed", .natural, default: .null, "with generated: another seed makes another text (0)"),
            .optional("trace", .string, default: .null, "a folder of the TRACE benchmark with train.json, eval.json and test.json"),
            .optional("split", .choice(["test", "eval"]), default: .null, "with trace: what is measured on (test)"),
            .optional("prompt", .string, default: .null, "with jsonl: the field of the prompt, beside 'answer'"),
            .optional("answer", .string, default: .null, "with jsonl: the field of the answer, beside 'prompt'"),
            .optional("choices", .string, default: .null, "with prompt and answer: the field of a list of answers, of which the most likely one is the model's"),
            .optional("messages", .string, default: .null, "with jsonl: the field of a chat, a list of {role, content}"),
            .optional("template", ChatTemplate.kind, default: .null, "with messages: how they become text"),
            .optional("loss", .choice(["answers", "all"]), default: .null, "with prompts and answers: the tokens that training counts (answers)"),
            .optional("packing", .bool, default: .null, "with prompts and answers: several in one sequence (true)"),
            .optional(
                "metric", .choice(TaskScore.allCases.map(\.rawValue)), default: .null,
                "with prompts and answers: what the answers are measured by (TRACE's for a folder with the name of a TRACE task, else exact-match)"),
            .optional(
                "max_new_tokens", .integer(1...4096), default: .null,
                "with prompts and answers: longest answer that is written (as long as the longest held-out one, at most 128)"),
        ])
    }()

    /// Reads settings that `kind` has validated. Throws unless exactly one of text, jsonl, generated and trace is there, and when a
    /// key stands beside it that has no meaning for it. Paths of errors start at the entry.
    public init(settings: Settings) throws(SettingsError) {
        let jsonLines: [(keys: [String], more: [String])] = [
            (["prompt", "answer"], ["held_out", "choices"] + ExampleSettings.keys), (["messages", "template"], ["held_out"] + ExampleSettings.keys),
            (["field"], ["held_out"]),
        ]
        // What stands in the lines: prompts and answers, chats, or, with none of their keys, text.
        let lines = jsonLines.first { $0.keys.contains { settings.has($0) } } ?? jsonLines[2]
        let asksOnly = settings.value["form"] == "examples"
        let sources: [(key: String, allowed: [String])] = [
            ("text", ["held_out"]), ("jsonl", lines.keys + lines.more),
            ("generated", ["form", "documents", "questions", "seed"] + (asksOnly ? ExampleSettings.keys : [])),
            ("trace", ["split"] + ExampleSettings.keys),
        ]
        let given = sources.filter { settings.has($0.key) }
        let names = sources.map(\.key).joined(separator: ", ")
        guard given.count == 1 else {
            throw SettingsError(
                path: Path(), found: given.isEmpty ? "none of \(names)" : given.map(\.key).joined(separator: " and "), expected: "one of \(names)")
        }
        let all = sources.flatMap { $0.allowed } + jsonLines.flatMap { $0.keys + $0.more }
        for key in Set(all).sorted() where settings.has(key) && !given[0].allowed.contains(key) {
            let beside = given[0].key == "jsonl" && lines.keys.count == 2 ? "'jsonl' with '\(lines.keys[0])'" : "'\(given[0].key)'"
            throw SettingsError(
                path: Path([.key(key)]), found: "'\(key)' beside \(beside)",
                expected: "only \(given[0].allowed.joined(separator: ", ")) there", advice: "remove it: it would be ignored")
        }
        if given[0].key == "jsonl", lines.keys.count == 2, let missing = lines.keys.first(where: { !settings.has($0) }) {
            throw SettingsError(
                path: Path(), found: "'\(lines.keys.first { $0 != missing } ?? "")' without '\(missing)'", expected: "both",
                advice: missing == "template" ? "write 'template: \(ChatTemplate.names.joined(separator: "|"))' or strings of your own" : "name the field")
        }
        if settings.has("choices"), settings.has("metric"), settings.string("metric") != TaskScore.mostLikely.rawValue {
            throw SettingsError(
                path: Path([.key("metric")]), found: "\"\(settings.string("metric"))\" beside 'choices'", expected: "\"\(TaskScore.mostLikely.rawValue)\"",
                advice: "leave it out: choices are ranked, nothing is written")
        }
        func patterns(_ key: String) -> [String] { settings.value[key]?.asList?.compactMap(\.asString) ?? [settings.string(key)] }
        let heldOut = settings.has("held_out") ? settings.number("held_out") : DataSource.defaultHeldOut
        switch given[0].key {
        case "text": form = .text(patterns: patterns("text"), heldOut: heldOut)
        case "trace":
            let folder = settings.string("trace")
            let name = folder.split(separator: "/").last.map(String.init) ?? ""
            form = .trace(
                folder: folder, split: settings.has("split") ? settings.string("split") : "test",
                ExampleSettings(settings, score: TaskScore.ofTrace[name] ?? .exactMatch))
        case "jsonl" where lines.keys[0] == "prompt":
            form = .pairs(
                patterns: patterns("jsonl"), prompt: settings.string("prompt"), answer: settings.string("answer"), heldOut: heldOut,
                ExampleSettings(settings, score: settings.has("choices") ? .mostLikely : .exactMatch))
        case "jsonl" where lines.keys[0] == "messages":
            let template: ChatTemplate
            do { template = try ChatTemplate(settings.value["template"] ?? .null) } catch { throw error.under(Path([.key("template")])) }
            form = .chats(
                patterns: patterns("jsonl"), messages: settings.string("messages"), template: template, heldOut: heldOut,
                ExampleSettings(settings, score: .exactMatch))
        case "jsonl":
            form = .jsonLines(patterns: patterns("jsonl"), field: settings.has("field") ? settings.string("field") : "text", heldOut: heldOut)
        default:
            let domain = generatedDomain(named: settings.string("generated"))
            let examples = asksOnly ? ExampleSettings(settings, score: domain.hasChoices ? .mostLikely : .exactMatch) : nil
            if examples?.score == .mostLikely, !domain.hasChoices {
                throw SettingsError(
                    path: Path([.key("metric")]), found: "\"\(TaskScore.mostLikely.rawValue)\" of '\(domain.name)', whose questions name no answers to choose from",
                    expected: "another metric, such as \"\(TaskScore.exactMatch.rawValue)\"")
            }
            form = .generated(
                name: domain.name,
                documents: settings.has("documents") ? settings.integer("documents") : domain.defaultDocumentCount,
                questions: settings.has("questions") ? settings.integer("questions") : domain.defaultQuestionCount,
                seed: settings.has("seed") ? settings.integer("seed") : 0, examples)
        }
    }

    /// The files that are read, each once, in the order of their bytes; none for generated text. Throws when a pattern matches
    /// nothing and when a file cannot be read.
    public func files() throws(CorpusError) -> [String] {
        let patterns: [String]
        switch form {
        case .text(let found, _), .jsonLines(let found, _, _), .pairs(let found, _, _, _, _), .chats(let found, _, _, _, _): patterns = found
        case .trace(let folder, let split, _):
            // These two and no pattern: the training file first.
            let files = ["train", split].map { "\(folder)/\($0).json" }
            for file in files { try DataSource.check(file, beside: folder) }
            return files
        case .generated: return []
        }
        var files: Set<String> = []
        for pattern in patterns {
            let found = FilePattern(pattern).files()
            guard !found.isEmpty else {
                throw CorpusError(place: pattern, found: "no file that matches", expected: "at least one file", advice: "check the path, and the data folder when it starts from one")
            }
            for file in found { try DataSource.check(file) }
            files.formUnion(found)
        }
        return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// - Parameter folder: the TRACE folder in which the file is to be, if it is one of those.
    private static func check(_ file: String, beside folder: String? = nil) throws(CorpusError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
            let advice = "check the path, and the data folder when it starts from one"
            guard let folder else { throw CorpusError(place: file, found: "no such file", expected: "a readable file", advice: advice) }
            throw CorpusError(place: file, found: "no such file", expected: "train.json, eval.json and test.json in '\(folder)'", advice: advice)
        }
        guard !isFolder.boolValue else {
            throw CorpusError(place: file, found: "a folder", expected: "a file", advice: folder == nil ? "write '\(file)/*' for the files in it" : "")
        }
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw CorpusError(place: file, found: "a file that cannot be read", expected: "a readable file", advice: "check its permissions")
        }
    }

    /// What held-out questions are scored by; nil where there are none, and for the questions of generated text `exactMatch`, or the most likely choice.
    public var score: TaskScore? {
        switch form {
        case .text, .jsonLines: nil
        case .generated(_, _, _, _, let settings): settings?.score ?? .exactMatch
        case .trace(_, _, let settings), .pairs(_, _, _, _, let settings), .chats(_, _, _, _, let settings): settings.score
        }
    }

    /// Whether it gives prompts with answers, and not running text.
    public var hasExamples: Bool { examples != nil }

    /// Whether it gives prompts with answers of which training counts the answers alone.
    public var countsAnswersOnly: Bool { examples?.answersOnly == true }

    private var examples: ExampleSettings? {
        switch form {
        case .text, .jsonLines: nil
        case .generated(_, _, _, _, let settings): settings
        case .trace(_, _, let settings), .pairs(_, _, _, _, let settings), .chats(_, _, _, _, let settings): settings
        }
    }

    /// All that determines the content besides the content of the files.
    public var recipe: Value {
        switch form {
        case .text(_, let heldOut):
            ["source": "text", "reader": .integer(DataSource.readerVersion), "held_out": .number(heldOut)]
        case .jsonLines(_, let field, let heldOut):
            ["source": "jsonl", "reader": .integer(DataSource.readerVersion), "field": .string(field), "held_out": .number(heldOut)]
        case .generated(let name, let documents, let questions, let seed, let settings):
            Value.object(
                [
                    "source": "generated", "generated": .string(name), "version": .integer(generatedDomain(named: name).version),
                    "documents": .integer(documents), "questions": .integer(questions), "seed": .integer(seed),
                ].merging(settings.map { ["reader": .integer(DataSource.exampleVersion), "examples": $0.recipe] } ?? [:]) { $1 })
        case .trace(_, let split, let settings):
            ["source": "trace", "reader": .integer(DataSource.exampleVersion), "split": .string(split), "examples": settings.recipe]
        case .pairs(_, let prompt, let answer, let heldOut, let settings):
            [
                "source": "pairs", "reader": .integer(DataSource.exampleVersion), "prompt": .string(prompt), "answer": .string(answer),
                "held_out": .number(heldOut), "examples": settings.recipe,
            ]
        case .chats(_, let messages, let template, let heldOut, let settings):
            [
                "source": "chats", "reader": .integer(DataSource.exampleVersion), "messages": .string(messages), "template": template.recipe,
                "held_out": .number(heldOut), "examples": settings.recipe,
            ]
        }
    }

    /// Reads or makes the text. Throws when there is none, when all of it or nothing is held out, and when a file is malformed.
    public func load(name: String) throws(CorpusError) -> Domain {
        var documents: [[UInt8]] = []
        let share: Double
        let place = "data.\(name)"
        switch form {
        case .generated(let generator, let documents, let questions, let seed, let settings):
            let made = generatedDomain(named: generator)
            let domain = made.domain(name: name, documentCount: documents, questionCount: questions, seed: seed)
            guard let settings else { return domain }
            let asked = made.trainingQuestions(documents, documentCount: documents, seed: seed, without: Set(domain.questions.map(\.prompt)))
            for (part, questions) in [("training", asked), ("held-out", domain.questions)] where questions.isEmpty {
                throw CorpusError(place: place, found: "no \(part) question of '\(generator)'", expected: "at least one", advice: "raise documents, or take another seed")
            }
            return Domain(name: name, examples: settings.set(training: asked.map(Example.init), heldOut: domain.questions.map(Example.init)))
        case .text(_, let heldOut):
            share = heldOut
            for file in try files() { documents += DocumentReader.documents(ofText: try FileText.bytes(of: file)) }
        case .jsonLines(_, let field, let heldOut):
            share = heldOut
            for file in try files() {
                documents += try DocumentReader.documents(ofJSONLines: try FileText.bytes(of: file), field: field, file: file)
            }
        case .trace(_, _, let settings):
            let parts = try files().map { (file) throws(CorpusError) in
                let examples = try ExampleReader.examples(ofTrace: try FileText.bytes(of: file), file: file)
                guard !examples.isEmpty else { throw CorpusError(place: file, found: "no examples", expected: "at least one") }
                return examples
            }
            return Domain(name: name, examples: try DataSource.ranked(settings.set(training: parts[0], heldOut: parts[1]), place: place))
        case .pairs(_, let prompt, let answer, let heldOut, let settings):
            var examples: [Example] = []
            for file in try files() {
                examples += try ExampleReader.examples(ofJSONLines: try FileText.bytes(of: file), prompt: prompt, answer: answer, choices: settings.choices, file: file)
            }
            return Domain(name: name, examples: try DataSource.split(examples, heldOut, settings, place: place))
        case .chats(_, let messages, let template, let heldOut, let settings):
            var examples: [Example] = []
            for file in try files() {
                examples += try ExampleReader.examples(ofJSONLines: try FileText.bytes(of: file), messages: messages, template: template, file: file)
            }
            return Domain(name: name, examples: try DataSource.split(examples, heldOut, settings, place: place))
        }
        guard !documents.isEmpty else {
            throw CorpusError(place: place, found: "no text in \(try files().joined(separator: ", "))", expected: "at least two documents")
        }
        let (training, heldOut) = DocumentSplit.split(documents, share: share)
        guard !heldOut.isEmpty else {
            throw CorpusError(
                place: place, found: "no held-out document (of \(documents.count), held_out \(share))", expected: "at least one",
                advice: "raise held_out, add text, or part the text into documents by lines '\(endOfTextMark)'")
        }
        guard !training.isEmpty else {
            throw CorpusError(
                place: place, found: "no training document (all \(documents.count) are held out, held_out \(share))", expected: "at least one",
                advice: "lower held_out, add text, or part the text into documents by lines '\(endOfTextMark)'")
        }
        return Domain(name: name, training: training, heldOut: heldOut)
    }

    /// Parts examples by what their prompts say, so that one that comes several times falls on one side.
    private static func split(_ examples: [Example], _ share: Double, _ settings: ExampleSettings, place: String) throws(CorpusError) -> ExampleSet {
        var (training, heldOut): ([Example], [Example]) = ([], [])
        for example in examples {
            if DocumentSplit.isHeldOut(Array(example.question.utf8), share: share) { heldOut.append(example) } else { training.append(example) }
        }
        for (part, count, advice) in [("held-out", heldOut.count, "raise"), ("training", training.count, "lower")] where count == 0 {
            throw CorpusError(
                place: place, found: "no \(part) example (of \(examples.count), held_out \(share))", expected: "at least one",
                advice: "\(advice) held_out or add examples")
        }
        return try ranked(settings.set(training: training, heldOut: heldOut), place: place)
    }

    /// Answers that held-out examples may be one of, where the data does not name them.
    private static let mostChoices = 64

    /// Refuses what cannot be ranked.
    private static func ranked(_ set: ExampleSet, place: String) throws(CorpusError) -> ExampleSet {
        guard set.score == .mostLikely, set.heldOut.contains(where: \.choices.isEmpty) else { return set }
        let count = set.heldOutAnswers.count
        guard (2...mostChoices).contains(count) else {
            throw CorpusError(
                place: place, found: "\(count) different answers among the held-out ones", expected: "2 to \(mostChoices) to choose from",
                advice: "name the answers with 'choices', or take another metric")
        }
        return set
    }
}
