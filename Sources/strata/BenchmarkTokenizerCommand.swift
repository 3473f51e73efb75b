import ArgumentParser
import Benchmarks
import Corpus
import Experiments

struct BenchmarkTokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer", abstract: "Time a tokenizer on a text, on one thread.",
        discussion: "Benchmarks/tokenizer in the repository compares with the Python library tokenizers.")

    @Argument(help: "A tokenizer.json, or the folder that it stands in.", completion: .file())
    var tokenizer: String

    @Argument(help: "A text file.", completion: .file())
    var text: String

    @Flag(help: "Print a JSON object on one line.")
    var json = false

    func run() throws {
        let tokenizer = try TokenizerFile.read(path: tokenizer)
        let documents = TokenizerBenchmark.documents(try inputBytes(text))
        guard !documents.isEmpty else { throw Failure.wrongInput("strata: \(text): found no text") }
        let result = TokenizerBenchmark.measure(tokenizer, documents)
        guard !json else { return print(result.value.canonicalJSON) }
        let speed = Double(result.bytes) / result.seconds / 1e6
        print("\(result.bytes) bytes, \(result.tokens) tokens, \(decimal(result.seconds, 3)) s, \(decimal(speed, 1)) MB/s")
    }
}
