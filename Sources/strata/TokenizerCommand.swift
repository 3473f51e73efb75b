import ArgumentParser
import Corpus
import Foundation
import Settings

struct TokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer", abstract: "Learn a tokenizer, or see what one makes of a text.",
        subcommands: [TokenizerTrainCommand.self, TokenizerEncodeCommand.self, TokenizerDecodeCommand.self])
}

struct TokenizerTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Learn byte-level BPE from text files; write tokenizer.json and tokenizer_config.json.")

    @Argument(help: "Text files, each one document.", completion: .file())
    var files: [String]

    @Option(help: ArgumentHelp("Number of ids: 256 bytes, the merges, end of text.", valueName: "n"))
    var vocabSize = 1024

    @Option(name: .shortAndLong, help: ArgumentHelp("Folder for the two files.", valueName: "folder"), completion: .directory)
    var output: String

    func run() throws {
        guard 258...1_000_000 ~= vocabSize else { throw Failure.wrongInput("strata: --vocab-size is \(vocabSize), expected 258 to 1000000") }
        let tokenizer = try BytePairTokenizer.trained(on: files.map { try inputBytes($0) }, vocabularySize: vocabSize)
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
            for file in tokenizer.files() { try Data(file.text.utf8).write(to: URL(fileURLWithPath: "\(output)/\(file.name)"), options: .atomic) }
        } catch { throw Failure.someFailed("strata: \(output): cannot be written: \(error.localizedDescription)") }
    }
}

struct TokenizerEncodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encode", abstract: "Print the ids of texts, a line a text.",
        discussion: "Text that is not UTF-8 is read with U+FFFD in its place. Special tokens are text unless --special is given.")

    @Argument(help: "A tokenizer.json, or the folder that it stands in.", completion: .file())
    var tokenizer: String

    @Argument(help: "Text files; standard input without any.", completion: .file())
    var files: [String] = []

    @Flag(help: "Read special tokens where the text spells them.")
    var special = false

    @Flag(help: "Put around each text what the post-processor says: begin of text, mostly.")
    var frame = false

    func run() throws {
        let tokenizer = try TokenizerFile.read(path: tokenizer)
        let texts = files.isEmpty ? [Array(FileHandle.standardInput.readDataToEndOfFile())] : try files.map { try inputBytes($0) }
        let found = special ? texts.map { tokenizer.encode(marked: $0) } : tokenizer.encode(documents: texts)
        for ids in found {
            let line = frame ? tokenizer.frame.before + ids + tokenizer.frame.after : ids
            print(line.map(String.init).joined(separator: " "))
        }
    }
}

struct TokenizerDecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Print the texts of lines of ids from standard input, each as a JSON string on a line.")

    @Argument(help: "A tokenizer.json, or the folder that it stands in.", completion: .file())
    var tokenizer: String

    @Flag(help: "Spell special tokens out.")
    var special = false

    func run() throws {
        let tokenizer = try TokenizerFile.read(path: tokenizer)
        var number = 0
        while let line = readLine() {
            number += 1
            let ids = try line.split(separator: " ").map { word -> Int32 in
                guard let id = Int32(word), 0..<tokenizer.vocabularySize ~= Int(id) else {
                    throw Failure.wrongInput("strata: line \(number): found '\(word)', expected ids from 0 to \(tokenizer.vocabularySize - 1)")
                }
                return id
            }
            print(Value.string(String(decoding: tokenizer.decode(ids, skippingSpecials: !special), as: UTF8.self)).canonicalJSON)
        }
    }
}

/// The bytes of a file that was named on the command line.
func inputBytes(_ path: String) throws -> [UInt8] {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { throw Failure.wrongInput("strata: \(path): found no file that can be read, expected text") }
    return Array(data)
}
