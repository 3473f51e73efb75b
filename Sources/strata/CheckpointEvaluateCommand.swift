import ArgumentParser
import Corpus
import Experiments
import Foundation
import Kernels
import Llama
import Settings
import Training

struct CheckpointEvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measure the loss of a model on text files.",
        discussion: """
            Documents are parted by lines <|endoftext|>, begin and end as the tokenizer says, and are cut into windows side by side, as in experiments; what is left \
            behind the last whole window is not scored.
            """)

    @OptionGroup var checkpoint: CheckpointOptions
    @OptionGroup var compute: ComputeOptions

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Text files, each measured by itself.", valueName: "file"), completion: .file())
    var text: [String]

    @Option(help: ArgumentHelp("Tokens a window (default: max_position_embeddings, at most 2048).", valueName: "n"))
    var length: Int?

    @Option(help: ArgumentHelp("Tokens of each file at most, spread evenly (default: all).", valueName: "n"))
    var tokens: Int?

    @Option(help: ArgumentHelp("Windows at once. Results do not depend on it.", valueName: "n"))
    var batch = 8

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard !text.isEmpty else { throw ValidationError("--text needs a file") }
        guard (1...65536).contains(batch) else { throw ValidationError("--batch is '\(batch)', expected a whole number from 1 to 65536") }
        guard tokens.map({ $0 >= 1 }) ?? true else { throw ValidationError("--tokens is '\(tokens ?? 0)', expected a whole number from 1 up") }
    }

    private struct Row {
        var file: String, tokens: Int
        var result: DomainResult
        var perplexity: Double { ExactMath.exp(min(result.loss, 700)) }
    }

    func run() throws {
        let open = try checkpoint.open()
        let c = open.model.configuration
        let length = length ?? min(c.maxPositions, 2048)
        guard (1...c.longestSequence).contains(length) else {
            throw Failure.wrongInput("strata: --length is '\(length)', expected 1 to \(c.longestSequence), what the model takes")
        }
        let settings = EvaluationSettings(
            settings: try Settings(
                ["tokens": .integer(min(tokens ?? Int(Int32.max), Int(Int32.max))), "questions": 0, "batch_size": .integer(batch)], fields: EvaluationSettings.fields))
        let compute = try compute.makeCompute()
        let rows = try text.map { file in
            let domain = TokenizedDomain(try Domain(measuring: [file], name: file), open.tokenizer)
            let count = domain.heldOut.count - 1
            guard count >= 1 else { throw Failure.wrongInput("strata: \(file): found \(count + 1) tokens, expected at least 2") }
            // A text shorter than a window is a window of its own: no padding, which dynamic scaling would see.
            let window = min(length, count)
            let scored = min(count / window, max(1, settings.tokens / window)) * window
            let result = Evaluation(settings, [domain], open.tokenizer, sequenceLength: window).measure(open.model, compute)[0]
            return Row(file: file, tokens: scored, result: result)
        }
        if json {
            print(Value.object(["files": .list(rows.map { row in
                func number(_ value: Double) -> Value { value.isFinite ? .number(value) : .null }
                return [
                    "file": .string(row.file), "tokens": .integer(row.tokens), "loss": number(row.result.loss), "perplexity": number(row.perplexity),
                    "bits_per_byte": number(row.result.bitsPerByte),
                ]
            })]).canonicalJSON)
            return
        }
        print(TextTable(
            header: ["file", "tokens", "loss, nats a token", "perplexity", "bits a byte"],
            rows: rows.map { [$0.file, grouped($0.tokens), decimal($0.result.loss, 4), decimal($0.perplexity, 2), decimal($0.result.bitsPerByte, 4)] },
            leftCount: 1).text)
    }
}
