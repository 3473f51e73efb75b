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
        commandName: "evaluate", abstract: "Measure the loss of a model on text files, and its scores on tasks.",
        discussion: """
            Documents are parted by lines <|endoftext|>, begin and end as the tokenizer says, and are cut into windows side by side, as in experiments; what is left \
            behind the last whole window is not scored.

            --data takes an entry of an experiment file's data, such as '{trace: trace/FOMC}' or '{jsonl: test.jsonl, prompt: question, answer: answer, metric: rouge-l}', and \
            measures what it holds out: the loss, and the mean score of the answers that the model writes.
            """)

    @OptionGroup var checkpoint: CheckpointOptions
    @OptionGroup var compute: ComputeOptions

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Text files, each measured by itself.", valueName: "file"), completion: .file())
    var text: [String] = []

    @Option(parsing: .singleValue, help: ArgumentHelp("A domain as in an experiment file; may be given several times.", valueName: "entry"))
    var data: [String] = []

    @Option(help: ArgumentHelp("Questions of each domain of --data at most.", valueName: "n"))
    var questions = 200

    @Option(help: ArgumentHelp("Tokens a window (default: max_position_embeddings, at most 2048).", valueName: "n"))
    var length: Int?

    @Option(help: ArgumentHelp("Tokens of each file at most, spread evenly (default: all).", valueName: "n"))
    var tokens: Int?

    @Option(help: ArgumentHelp("Windows at once. Results do not depend on it.", valueName: "n"))
    var batch = 8

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard !text.isEmpty || !data.isEmpty else { throw ValidationError("nothing to measure: give --text FILE or --data ENTRY") }
        guard questions >= 0 else { throw ValidationError("--questions is '\(questions)', expected a whole number from 0 up") }
        guard (1...65536).contains(batch) else { throw ValidationError("--batch is '\(batch)', expected a whole number from 1 to 65536") }
        guard tokens.map({ $0 >= 1 }) ?? true else { throw ValidationError("--tokens is '\(tokens ?? 0)', expected a whole number from 1 up") }
    }

    private struct Row {
        var name: String
        /// Scored; nil where examples were measured.
        var tokens: Int?
        /// By which the written answers were scored.
        var metric: String?
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
                ["tokens": .integer(min(tokens ?? Int(Int32.max), Int(Int32.max))), "questions": .integer(questions), "batch_size": .integer(batch)], fields: EvaluationSettings.fields))
        let compute = try compute.makeCompute()
        let texts = try text.map { file in
            let domain = TokenizedDomain(try Domain(measuring: [file], name: file), open.tokenizer)
            let count = domain.heldOut.count - 1
            guard count >= 1 else { throw Failure.wrongInput("strata: \(file): found \(count + 1) tokens, expected at least 2") }
            // A text shorter than a window is a window of its own: no padding, which dynamic scaling would see.
            let window = min(length, count)
            let scored = min(count / window, max(1, settings.tokens / window)) * window
            let result = Evaluation(settings, [domain], open.tokenizer, sequenceLength: window).measure(open.model, compute)[0]
            return Row(name: file, tokens: scored, metric: nil, result: result)
        }
        let rows = try texts + data.map { entry in
            let (source, domain) = try Self.domain(entry)
            let result = try Evaluation(settings, [TokenizedDomain(domain, open.tokenizer)], open.tokenizer, sequenceLength: length).measure(open.model, compute)[0]
            return Row(name: entry, tokens: nil, metric: result.accuracy == nil ? nil : source.score?.rawValue ?? "accuracy", result: result)
        }
        if json {
            print(Value.object(["measured": .list(rows.map { row in
                func number(_ value: Double?) -> Value { value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null }
                return [
                    "data": .string(row.name), "tokens": row.tokens.map { .integer($0) } ?? .null, "loss": number(row.result.loss),
                    "perplexity": number(row.perplexity), "bits_per_byte": number(row.result.bitsPerByte), "score": number(row.result.accuracy),
                    "metric": row.metric.map { .string($0) } ?? .null,
                ]
            })]).canonicalJSON)
            return
        }
        var header = ["data", "tokens", "loss, nats a token", "perplexity", "bits a byte"]
        if rows.contains(where: { $0.metric != nil }) { header += ["score", "metric"] }
        print(TextTable(
            header: header,
            rows: rows.map { row in
                let cells = [
                    row.name, row.tokens.map(grouped) ?? "", decimal(row.result.loss, 4), decimal(row.perplexity, 2), decimal(row.result.bitsPerByte, 4),
                    row.result.accuracy.map { decimal($0, 4) } ?? "", row.metric ?? "",
                ]
                return Array(cells.prefix(header.count))
            },
            leftCount: 1).text)
    }

    /// Reads an entry as it stands in an experiment file.
    private static func domain(_ entry: String) throws -> (DataSource, Domain) {
        let word = "data=\(entry)"
        guard let value = try Override.parse([word]).overrides.first?.values.first else { preconditionFailure("a word has a value") }
        do {
            let source = try DataSource(settings: Settings(validated: try DataSource.kind.validated(value, at: Path())))
            return (source, try source.load(name: entry))
        } catch let error as SettingsError { throw Failure.wrongInput("strata: --data \(entry): \(error)") }
    }
}
