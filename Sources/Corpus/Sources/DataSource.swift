import Foundation
import Settings

/// One entry of an experiment file's `data`: where a domain's text comes from.
///
///     {text: "books/**/*.txt", held_out: 0.05}             text files; a path, a pattern, or a list of them
///     {jsonl: "problems.jsonl", field: question}           JSON lines; the text is in one field
///     {generated: arithmetic, documents: 2000, seed: 0}    made by the program
///
/// A document of a text file ends with a line that is exactly `<|endoftext|>`; a file without such a line is one document. **A
/// document longer than 64 KiB is cut into passages of 8 to 16 KiB, at line ends where there are any, and each is then
/// treated as a document**: a book is held out in part. Text is taken as bytes and need not be UTF-8. Whether a document is held out depends
/// on its own bytes and `held_out` alone.
public struct DataSource: Sendable, Hashable {
    enum Form: Sendable, Hashable {
        case text(patterns: [String], heldOut: Double)
        case jsonLines(patterns: [String], field: String, heldOut: Double)
        case generated(name: String, documents: Int, questions: Int, seed: Int)
    }

    let form: Form

    /// Version of reading and splitting: part of the recipe.
    private static let readerVersion = 1
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
            .optional("documents", .integer(20...1_000_000), default: .null, "with generated: number of training documents"),
            .optional("questions", .integer(1...100_000), default: .null, "with generated: number of held-out questions"),
            .optional("seed", .natural, default: .null, "with generated: another seed makes another text (0)"),
        ])
    }()

    /// Reads settings that `kind` has validated. Throws unless exactly one of text, jsonl and generated is there, and when a
    /// key stands beside it that has no meaning for it. Paths of errors start at the entry.
    public init(settings: Settings) throws(SettingsError) {
        let sources: [(key: String, allowed: [String])] = [
            ("text", ["held_out"]), ("jsonl", ["field", "held_out"]), ("generated", ["documents", "questions", "seed"]),
        ]
        let given = sources.filter { settings.has($0.key) }
        guard given.count == 1 else {
            throw SettingsError(
                path: Path(), found: given.isEmpty ? "none of text, jsonl, generated" : given.map(\.key).joined(separator: " and "),
                expected: "one of text, jsonl, generated")
        }
        for key in ["field", "held_out", "documents", "questions", "seed"] where settings.has(key) && !given[0].allowed.contains(key) {
            throw SettingsError(
                path: Path([.key(key)]), found: "'\(key)' beside '\(given[0].key)'",
                expected: "only \(given[0].allowed.joined(separator: ", ")) there", advice: "remove it: it would be ignored")
        }
        func patterns(_ key: String) -> [String] { settings.value[key]?.asList?.compactMap(\.asString) ?? [settings.string(key)] }
        let heldOut = settings.has("held_out") ? settings.number("held_out") : DataSource.defaultHeldOut
        switch given[0].key {
        case "text": form = .text(patterns: patterns("text"), heldOut: heldOut)
        case "jsonl":
            form = .jsonLines(patterns: patterns("jsonl"), field: settings.has("field") ? settings.string("field") : "text", heldOut: heldOut)
        default:
            let domain = generatedDomain(named: settings.string("generated"))
            form = .generated(
                name: domain.name,
                documents: settings.has("documents") ? settings.integer("documents") : domain.defaultDocumentCount,
                questions: settings.has("questions") ? settings.integer("questions") : domain.defaultQuestionCount,
                seed: settings.has("seed") ? settings.integer("seed") : 0)
        }
    }

    /// The files that are read, each once, in the order of their bytes; none for generated text. Throws when a pattern matches
    /// nothing and when a file cannot be read.
    public func files() throws(CorpusError) -> [String] {
        let patterns: [String]
        switch form {
        case .text(let found, _), .jsonLines(let found, _, _): patterns = found
        case .generated: return []
        }
        var files: Set<String> = []
        for pattern in patterns {
            let found = FilePattern(pattern).files()
            guard !found.isEmpty else {
                throw CorpusError(place: pattern, found: "no file that matches", expected: "at least one file", advice: "check the path, and the data folder when it starts from one")
            }
            for file in found {
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
                    throw CorpusError(place: file, found: "no such file", expected: "a readable file", advice: "check the path, and the data folder when it starts from one")
                }
                guard !isFolder.boolValue else {
                    throw CorpusError(place: file, found: "a folder", expected: "a file", advice: "write '\(file)/*' for the files in it")
                }
                guard FileManager.default.isReadableFile(atPath: file) else {
                    throw CorpusError(place: file, found: "a file that cannot be read", expected: "a readable file", advice: "check its permissions")
                }
            }
            files.formUnion(found)
        }
        return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// All that determines the content besides the content of the files.
    public var recipe: Value {
        switch form {
        case .text(_, let heldOut):
            ["source": "text", "reader": .integer(DataSource.readerVersion), "held_out": .number(heldOut)]
        case .jsonLines(_, let field, let heldOut):
            ["source": "jsonl", "reader": .integer(DataSource.readerVersion), "field": .string(field), "held_out": .number(heldOut)]
        case .generated(let name, let documents, let questions, let seed):
            [
                "source": "generated", "generated": .string(name), "version": .integer(generatedDomain(named: name).version),
                "documents": .integer(documents), "questions": .integer(questions), "seed": .integer(seed),
            ]
        }
    }

    /// Reads or makes the text. Throws when there is none, when all of it or nothing is held out, and when a file is malformed.
    public func load(name: String) throws(CorpusError) -> Domain {
        var documents: [[UInt8]] = []
        let share: Double
        switch form {
        case .generated(let generator, let documents, let questions, let seed):
            return generatedDomain(named: generator).domain(name: name, documentCount: documents, questionCount: questions, seed: seed)
        case .text(_, let heldOut):
            share = heldOut
            for file in try files() { documents += DocumentReader.documents(ofText: try FileText.bytes(of: file)) }
        case .jsonLines(_, let field, let heldOut):
            share = heldOut
            for file in try files() {
                documents += try DocumentReader.documents(ofJSONLines: try FileText.bytes(of: file), field: field, file: file)
            }
        }
        let place = "data.\(name)"
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
}
