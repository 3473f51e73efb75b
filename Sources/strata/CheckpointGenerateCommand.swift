import ArgumentParser
import Corpus
import Experiments
import Foundation
import Kernels
import Llama
import Settings

struct CheckpointGenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Let a model go on with a prompt.",
        discussion: """
            Greedy without --temperature. The same seed draws the same tokens on every machine and with any number of threads; each prompt draws its own. A \
            prompt begins as the tokenizer says (begin of text, or end of the text before), and special tokens in it are text. Ends at end of text.
            """)

    @OptionGroup var checkpoint: CheckpointOptions
    @OptionGroup var compute: ComputeOptions

    @Option(help: ArgumentHelp("What to go on with; may be given several times.", valueName: "text"))
    var prompt: [String]

    @Option(help: ArgumentHelp("Tokens to write at most.", valueName: "n"))
    var maxTokens = 100

    @Option(help: ArgumentHelp("Above 0: tokens are drawn, from logits divided by this.", valueName: "t"))
    var temperature = 0.0

    @Option(help: ArgumentHelp("Draw from the n most likely tokens (0: from all).", valueName: "n"))
    var topK = 0

    @Option(help: ArgumentHelp("Draw from as few of the most likely tokens as have this probability together.", valueName: "p"))
    var topP = 1.0

    @Option(help: ArgumentHelp("Seed of the drawing.", valueName: "n"))
    var seed = 0

    @Option(help: ArgumentHelp("Write the logits behind every token of prompt and text as safetensors: logits.0 (tokens, vocabulary) ...", valueName: "file"), completion: .file())
    var logits: String?

    @Flag(help: "Print a JSON object a line: prompt, text, tokens, and why it ended.")
    var json = false

    func validate() throws {
        guard !prompt.isEmpty else { throw ValidationError("--prompt is missing") }
        func check(_ isGood: Bool, _ name: String, _ found: String, _ expected: String) throws {
            guard isGood else { throw ValidationError("--\(name) is '\(found)', expected \(expected)") }
        }
        try check((1...1_000_000).contains(maxTokens), "max-tokens", "\(maxTokens)", "a whole number from 1 to 1000000")
        try check(temperature == 0 || (1e-3...1e3).contains(temperature), "temperature", "\(temperature)", "0, or a number from 0.001 to 1000")
        try check((0...Int(Int32.max)).contains(topK), "top-k", "\(topK)", "a whole number from 0 up")
        try check(topP > 0 && topP <= 1, "top-p", "\(topP)", "a number above 0 up to 1")
        try check((0...Int(Int32.max)).contains(seed), "seed", "\(seed)", "a whole number from 0 up")
        for (name, isGiven) in [("top-k", topK != 0), ("top-p", topP != 1), ("seed", seed != 0)] where isGiven && temperature == 0 {
            throw ValidationError("--\(name) has no meaning without --temperature: the most likely token is taken")
        }
    }

    func run() throws {
        let open = try checkpoint.open()
        let longest = open.model.configuration.longestSequence
        let prompts = prompt.map { open.tokenizer.beginning + open.tokenizer.encode($0) }
        for tokens in prompts where tokens.count > longest {
            throw Failure.wrongInput("strata: --prompt has \(tokens.count) tokens, expected at most \(longest), what the model takes")
        }
        let positions = min(longest, (prompts.map(\.count).max() ?? 1) + maxTokens)
        let sampling = temperature == 0 ? .greedy : Sampling(temperature: temperature, topK: topK, topP: topP, seed: seed)
        let compute = try compute.makeCompute()
        let decoder = Decoder(open.model, compute, slots: min(prompts.count, 8), positions: positions)
        let results = try decoder.generate(prompts, GenerationSettings(maxNewTokens: maxTokens, stopTokens: [open.tokenizer.endOfText], sampling: sampling))
        if let logits { try write(zip(prompts, results).map { $0 + $1.tokens }, open.model, compute, to: logits) }
        for (prompt, result) in zip(prompt, results) {
            let text = open.tokenizer.text(result.tokens)
            guard json else {
                print(text)
                continue
            }
            let end = switch result.end {
            case .stop: "end_of_text"
            case .length: "max_tokens"
            case .full: "context_full"
            }
            print(Value.object([
                "prompt": .string(prompt), "text": .string(text), "tokens": .list(result.tokens.map { .integer(Int($0)) }), "end": .string(end),
            ]).canonicalJSON)
        }
    }
    private func write(_ sequences: [[Int32]], _ model: LlamaModel, _ compute: Compute, to path: String) throws {
        let tensors = sequences.enumerated().map { index, tokens in
            let values = ModelPass(model, compute, batch: 1, length: tokens.count).logits(tokens: tokens)
            let buffer = FloatBuffer(values.count)
            values.withUnsafeBufferPointer { source in if let base = source.baseAddress { buffer.base.update(from: base, count: values.count) } }
            return ("logits.\(index)", [tokens.count, model.configuration.vocabularySize], buffer)
        }
        do { try Safetensors.encoded(tensors: tensors, metadata: ["format": "pt"]).write(to: URL(fileURLWithPath: path), options: .atomic) } catch {
            throw Failure.wrongInput("strata: \(path): cannot be written; expected a file in a folder that exists and may be written")
        }
    }
}
