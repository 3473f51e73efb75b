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
        commandName: "evaluate", abstract: "Measure a model on text files, or on the domains and tasks of an experiment.",
        discussion: """
            Documents are parted by lines <|endoftext|>, begin and end as the tokenizer says, and are cut into windows side by side, as in experiments; what is left \
            behind the last whole window is not scored. With --experiment every domain of its first run is measured as after each task of a stream: loss on held-out text, and \
            the score of questions.
            """)

    @OptionGroup var checkpoint: CheckpointOptions
    @OptionGroup var compute: ComputeOptions

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Text files, each measured by itself.", valueName: "file"), completion: .file())
    var text: [String] = []

    @Option(help: ArgumentHelp("An experiment file whose domains are measured.", valueName: "file"), completion: .file(extensions: ["yaml", "yml"]))
    var experiment: String?

    @Option(help: ArgumentHelp("The data folder of the experiment (default: STRATA_DATA).", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("Tokens a window (default: max_position_embeddings, at most 2048).", valueName: "n"))
    var length: Int?

    @Option(help: ArgumentHelp("Tokens of each file at most, spread evenly (default: all).", valueName: "n"))
    var tokens: Int?

    @Option(help: ArgumentHelp("Windows at once. Results do not depend on it.", valueName: "n"))
    var batch = 8

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard text.isEmpty == (experiment != nil) else { throw ValidationError("one of --text FILE... and --experiment FILE is needed") }
        if experiment != nil, length != nil || tokens != nil { throw ValidationError("--length and --tokens have no meaning with --experiment, which says how much is measured") }
        if experiment == nil, data != nil { throw ValidationError("--data has no meaning without --experiment") }
        guard (1...65536).contains(batch) else { throw ValidationError("--batch is '\(batch)', expected a whole number from 1 to 65536") }
        guard tokens.map({ $0 >= 1 }) ?? true else { throw ValidationError("--tokens is '\(tokens ?? 0)', expected a whole number from 1 up") }
    }

    private struct Row {
        var name: String, tokens: Int?
        var result: DomainResult
        var perplexity: Double { ExactMath.exp(min(result.loss, 700)) }
    }

    func run() throws {
        let open = try checkpoint.open()
        let compute = try compute.makeCompute()
        let rows = if let experiment { try domains(of: experiment, open, compute) } else { try files(open, compute) }
        if json {
            print(Value.object([(experiment == nil ? "files" : "domains"): .list(rows.map { row in
                func number(_ value: Double?) -> Value { value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null }
                return [
                    "name": .string(row.name), "tokens": row.tokens.map { .integer($0) } ?? .null, "loss": number(row.result.loss),
                    "perplexity": number(row.perplexity), "bits_per_byte": number(row.result.bitsPerByte), "score": number(row.result.accuracy),
                ]
            })]).canonicalJSON)
            return
        }
        let last = experiment == nil ? "tokens" : "score"
        print(TextTable(
            header: [experiment == nil ? "file" : "domain", "loss, nats a token", "perplexity", "bits a byte", last],
            rows: rows.map { row in
                let figure = experiment == nil ? row.tokens.map { grouped($0) } : row.result.accuracy.map { decimal($0, 4) }
                return [row.name, decimal(row.result.loss, 4), decimal(row.perplexity, 2), decimal(row.result.bitsPerByte, 4), figure ?? "—"]
            }, leftCount: 1).text)
    }

    private func files(_ open: OpenCheckpoint, _ compute: Compute) throws -> [Row] {
        let c = open.model.configuration
        let length = length ?? min(c.maxPositions, 2048)
        guard (1...c.longestSequence).contains(length) else {
            throw Failure.wrongInput("strata: --length is '\(length)', expected 1 to \(c.longestSequence), what the model takes")
        }
        let settings = EvaluationSettings(
            settings: try Settings(
                ["tokens": .integer(min(tokens ?? Int(Int32.max), Int(Int32.max))), "questions": 0, "batch_size": .integer(batch)], fields: EvaluationSettings.fields))
        return try text.map { file in
            let domain = TokenizedDomain(try Domain(measuring: [file], name: file), open.tokenizer)
            let count = domain.heldOut.count - 1
            guard count >= 1 else { throw Failure.wrongInput("strata: \(file): found \(count + 1) tokens, expected at least 2") }
            // A text shorter than a window is a window of its own: no padding, which dynamic scaling would see.
            let window = min(length, count)
            let scored = min(count / window, max(1, settings.tokens / window)) * window
            let result = try Evaluation(settings, [domain], open.tokenizer, sequenceLength: window).measure(open.model, compute)[0]
            return Row(name: file, tokens: scored, result: result)
        }
    }

    /// Every domain of an experiment, measured as by its runs.
    private func domains(of file: String, _ open: OpenCheckpoint, _ compute: Compute) throws -> [Row] {
        let run = try Experiment(file: file, words: data.map { ["data=\($0)"] } ?? [], dataFolder: ProcessInfo.processInfo.environment["STRATA_DATA"]).runs[0]
        let domains = try run.domains.compactMap { name in try run.sources[name].map { TokenizedDomain(try $0.load(name: name), open.tokenizer) } }
        let c = open.model.configuration
        let length = run.evaluation.sequenceLength ?? c.maxPositions
        guard length <= c.longestSequence else {
            throw Failure.wrongInput("strata: \(file): evaluation.sequence_length: found \(length), expected at most \(c.longestSequence), what the model takes")
        }
        let results = try Evaluation(run.evaluation, domains, open.tokenizer, sequenceLength: length).measure(open.model, compute)
        return zip(domains, results).map { Row(name: $0.name, tokens: nil, result: $1) }
    }
}
