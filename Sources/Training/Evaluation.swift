import Corpus
import Kernels
import Llama
import Settings

/// How much of each domain is measured.
public struct EvaluationSettings: Sendable, Hashable {
    public var tokens: Int
    public var questions: Int
    public var batchSize: Int
    /// nil: as long as the model allows without scaling.
    public var sequenceLength: Int?
    /// Tokens on which the drift from the base is measured; 0: it is not.
    public var driftTokens: Int

    public static let fields: [Field] = [
        .optional("tokens", .positive, default: 16384, "held-out tokens a domain, spread evenly over its held-out text; prompts count"),
        .optional("questions", .natural, default: 200, "held-out questions a domain, for domains that have any"),
        .optional("batch_size", .integer(1...65536), default: 32, "sequences at once; does not change the result"),
        .optional("sequence_length", .positive, default: .null, "tokens a window of held-out text (default: max_position_embeddings)"),
        .optional(
            "drift", .natural, default: 0,
            "held-out tokens of the base's domains, together, on which drift from the base is measured after each task (4096, say); 0: it is not"),
    ]

    /// Settings that `fields` has validated.
    public init(settings: Settings) {
        tokens = settings.integer("tokens")
        questions = settings.integer("questions")
        batchSize = settings.integer("batch_size")
        sequenceLength = settings.has("sequence_length") ? settings.integer("sequence_length") : nil
        driftTokens = settings.integer("drift")
    }

    /// Validates `value` against `fields` and fills in the defaults.
    public init(value: Value) throws(SettingsError) { self.init(settings: try Settings(value, fields: Self.fields)) }
}

/// What a model knows of one domain.
public struct DomainResult: Sendable, Hashable {
    /// Held-out loss in nats a token.
    public var loss: Double
    /// Held-out loss in bits a byte of text: compares tokenizers.
    public var bitsPerByte: Double
    /// Share of the questions answered right, or the mean score of the answers by the domain's metric, from 0 to 1; nil without questions.
    public var accuracy: Double?

    public init(loss: Double, bitsPerByte: Double, accuracy: Double?) {
        (self.loss, self.bitsPerByte, self.accuracy) = (loss, bitsPerByte, accuracy)
    }
}

/// Measures a model on held-out text and questions.
public struct Evaluation {
    private let settings: EvaluationSettings
    private let tokenizer: any Tokenizer
    private let sequenceLength: Int
    private let domains: [TokenizedDomain]

    /// - `sequenceLength`: tokens a window of held-out text, no longer than the model allows.
    public init(_ settings: EvaluationSettings, _ domains: [TokenizedDomain], _ tokenizer: any Tokenizer, sequenceLength: Int) {
        (self.settings, self.domains, self.tokenizer, self.sequenceLength) = (settings, domains, tokenizer, sequenceLength)
    }

    /// The results of all domains, in their order. `pause` is called before every batch and ends the evaluation when it throws.
    /// - Throws: what `pause` throws; `GenerationError` when the model's answers cannot be had.
    public func measure(_ model: LlamaModel, _ compute: Compute, pause: () throws -> Void = {}) throws -> [DomainResult] {
        let pass = ModelPass(model, compute, batch: settings.batchSize, length: sequenceLength)
        let decoder = domains.contains { $0.examples.map { $0.score != .mostLikely } ?? false } ? Decoder(model, compute, slots: settings.batchSize) : nil
        return try domains.map { domain in
            if let examples = domain.examples {
                let (loss, bits) = try exampleLoss(domain.tasks, model, compute, pause)
                guard examples.score != .mostLikely, let decoder else {
                    return DomainResult(loss: loss, bitsPerByte: bits, accuracy: try ranked(examples, model, compute, pause))
                }
                return DomainResult(loss: loss, bitsPerByte: bits, accuracy: try taskScore(examples, domain.tasks, decoder, pause))
            }
            let (loss, bits) = try textLoss(domain.heldOut, pass, pause)
            return DomainResult(loss: loss, bitsPerByte: bits, accuracy: try accuracy(domain.questions, model, compute, pause))
        }
    }

    /// Nats and tokens of what is scored, and the bytes of its text.
    private struct Tally {
        var nats = 0.0, count = 0, bytes = 0
        var result: (nats: Double, bitsPerByte: Double) { (nats / Double(count), nats / ExactMath.log(2) / Double(max(bytes, 1))) }

        mutating func add(_ sequence: Sequence, _ losses: [Double], _ tokenizer: any Tokenizer) {
            nats += losses.reduce(0, +)
            count += losses.count
            for (index, isScored) in sequence.isScored.enumerated() where isScored {
                bytes += tokenizer.byteCount(of: sequence.tokens[index], after: sequence.tokens[index - 1])
            }
        }
    }

    /// Mean loss over windows side by side, all of them or as many as `tokens` allows, evenly spread.
    private func textLoss(_ tokens: [Int32], _ pass: ModelPass, _ pause: () throws -> Void) throws -> (nats: Double, bitsPerByte: Double) {
        let windows = max(1, (tokens.count - 1) / sequenceLength)
        let sequences = spread(windows, max(1, settings.tokens / sequenceLength)).map { window in
            let start = window * sequenceLength
            return Sequence(Array(tokens[start..<min(start + sequenceLength + 1, tokens.count)]), scoredFrom: 1)
        }
        var tally = Tally()
        try score(sequences, pass, length: sequenceLength, pause) { sequence, losses, _ in tally.add(sequence, losses, tokenizer) }
        return tally.result
    }

    /// Mean loss over what counts of examples, each in a sequence of its own: all of them or as many as `tokens` allows, evenly spread.
    private func exampleLoss(
        _ examples: [TokenizedExample], _ model: LlamaModel, _ compute: Compute, _ pause: () throws -> Void
    ) throws -> (nats: Double, bitsPerByte: Double) {
        let beginning = tokenizer.beginning
        let all = examples.reduce(0) { $0 + beginning.count + $1.tokens.count }
        let taken = Int((Double(settings.tokens) / Double(all) * Double(examples.count)).rounded(.down))
        let sequences = spread(examples.count, max(1, taken)).map { index in
            let (example, _) = examples[index].fitted(max(1, model.configuration.maxPositions + 1 - beginning.count))
            return Sequence(tokens: beginning + example.tokens, isScored: beginning.map { _ in false } + example.isScored)
        }
        var tally = Tally()
        for (sequence, result) in zip(sequences, try scored(sequences, model, compute, pause)) { tally.add(sequence, result.losses, tokenizer) }
        return tally.result
    }

    /// The share of examples whose answer is the most likely of its choices, each with its end; of equally likely ones the first counts.
    private func ranked(_ set: ExampleSet, _ model: LlamaModel, _ compute: Compute, _ pause: () throws -> Void) throws -> Double? {
        let asked = spread(set.heldOut.count, settings.questions).map { set.heldOut[$0] }
        guard !asked.isEmpty else { return nil }
        let choices = set.choices(of: asked), beginning = tokenizer.beginning
        let sequences = zip(asked, choices).flatMap { example, choices in
            choices.map { choice in
                let tokens = TokenizedExample(example.answered(choice), answersOnly: true, tokenizer)
                let (fitted, _) = tokens.fitted(max(1, model.configuration.maxPositions + 1 - beginning.count))
                return Sequence(beginning + fitted.tokens, scoredFrom: max(1, beginning.count + fitted.promptCount))
            }
        }
        let nats = try scored(sequences, model, compute, pause).map { $0.losses.reduce(0, +) }
        var (right, next) = (0, 0)
        for (example, choices) in zip(asked, choices) {
            let own = nats[next..<next + choices.count]
            if let best = own.indices.min(by: { own[$0] < own[$1] }), choices[best - next] == example.answer { right += 1 }
            next += choices.count
        }
        return Double(right) / Double(asked.count)
    }

    /// The mean score of what the model writes, the most likely token each time, behind the prompts of examples.
    private func taskScore(
        _ set: ExampleSet, _ examples: [TokenizedExample], _ decoder: Decoder, _ pause: () throws -> Void
    ) throws -> Double? {
        let asked = spread(examples.count, settings.questions)
        guard !asked.isEmpty else { return nil }
        let longest = examples.reduce(0) { max($0, $1.tokens.count - $1.promptCount) }
        let limit = min(set.answerLimit(longest: longest), max(1, decoder.positionCount / 2))
        // A prompt that does not fit loses its beginning.
        let prompts = asked.map { index in
            let beginning = tokenizer.beginning
            let kept = examples[index].tokens[..<examples[index].promptCount].suffix(max(0, decoder.positionCount - limit - beginning.count))
            return Array((beginning + kept).suffix(max(1, decoder.positionCount - limit)))
        }
        let written = try decoder.generate(prompts, GenerationSettings(maxNewTokens: limit, stopTokens: [tokenizer.endOfText]), pause: pause)
        var sum = 0.0
        for (index, generation) in zip(asked, written) {
            let example = set.heldOut[index]
            sum += set.score.value(written: answer(generation.tokens, to: example), expected: example.answer, prompt: example.prompt)
        }
        return sum / Double(asked.count)
    }

    /// The text of an answer up to the mark that ends it.
    private func answer(_ tokens: [Int32], to example: Example) -> String {
        guard !example.answerEnd.isEmpty else { return tokenizer.text(tokens) }
        let bytes = tokenizer.decode(tokens, skippingSpecials: false), end = Array(example.answerEnd.utf8)
        let cut = bytes.indices.first { bytes[$0...].starts(with: end) } ?? bytes.count
        return String(decoding: bytes[..<cut], as: UTF8.self)
    }

    /// A question without choices counts as right when greedy decoding from the prompt would give exactly the answer and a line
    /// end, in the tokens that the tokenizer makes of them; one with choices when the right one is the most likely continuation.
    private func accuracy(_ questions: [Question], _ model: LlamaModel, _ compute: Compute, _ pause: () throws -> Void) throws -> Double? {
        let questions = questions.prefix(settings.questions)
        guard !questions.isEmpty else { return nil }
        var sequences: [Sequence] = []
        for question in questions {
            let prompt = tokenizer.beginning + tokenizer.encode(question.prompt)
            for answer in question.choices.isEmpty ? [question.answer] : question.choices {
                let answer = tokenizer.encode(answer + "\n")
                // A prompt that does not fit loses its beginning.
                let room = max(1, model.configuration.maxPositions + 1 - answer.count)
                let kept = Array(prompt.suffix(room))
                sequences.append(Sequence(Array((kept + answer).prefix(model.configuration.maxPositions + 1)), scoredFrom: kept.count))
            }
        }
        let results = try scored(sequences, model, compute, pause)
        let nats = results.map { $0.losses.reduce(0, +) }
        var right = 0
        var next = 0
        for question in questions {
            if question.choices.isEmpty {
                if results[next].isBest.allSatisfy({ $0 }) { right += 1 }
                next += 1
            } else {
                let scores = nats[next..<next + question.choices.count]
                if let best = scores.indices.min(by: { scores[$0] < scores[$1] }), question.choices[best - next] == question.answer { right += 1 }
                next += question.choices.count
            }
        }
        return Double(right) / Double(questions.count)
    }

    /// At most `count` of the numbers below `all`, evenly spread.
    private func spread(_ all: Int, _ count: Int) -> [Int] {
        let taken = min(all, count)
        return (0..<taken).map { $0 * all / taken }
    }

    private struct Sequence {
        var tokens: [Int32]
        /// Of each token, whether its loss counts; never of the first.
        var isScored: [Bool]

        init(tokens: [Int32], isScored: [Bool]) { (self.tokens, self.isScored) = (tokens, isScored) }

        init(_ tokens: [Int32], scoredFrom first: Int) {
            self.init(tokens: tokens, isScored: tokens.indices.map { $0 >= first })
        }
    }

    /// The losses of each sequence's scored tokens, and whether each was the most likely one. Padding does not reach a result, and short
    /// sequences need little of it: those of about one length go together.
    private func scored(
        _ sequences: [Sequence], _ model: LlamaModel, _ compute: Compute, _ pause: () throws -> Void
    ) throws -> [(losses: [Double], isBest: [Bool])] {
        var results = sequences.map { _ in (losses: [Double](), isBest: [Bool]()) }
        let lengths = sequences.map { min(($0.tokens.count + 30) / 32 * 32, model.configuration.maxPositions) }
        for length in Set(lengths).sorted() {
            let places = sequences.indices.filter { lengths[$0] == length }
            let pass = ModelPass(model, compute, batch: settings.batchSize, length: length)
            var next = 0
            try score(places.map { sequences[$0] }, pass, length: length, pause) { _, losses, isBest in
                results[places[next]] = (losses, isBest)
                next += 1
            }
        }
        return results
    }

    /// Calls `body` for each sequence in order with the losses of its scored tokens and whether each was the most likely one.
    private func score(
        _ sequences: [Sequence], _ pass: ModelPass, length: Int, _ pause: () throws -> Void, _ body: (Sequence, [Double], [Bool]) -> Void
    ) throws {
        let batch = settings.batchSize
        var first = 0
        while first < sequences.count {
            let group = sequences[first..<min(first + batch, sequences.count)]
            var inputs = [Int32](repeating: tokenizer.endOfText, count: batch * length)
            var targets = [Int32](repeating: -1, count: batch * length)
            for (row, sequence) in group.enumerated() {
                for t in 0..<sequence.tokens.count - 1 {
                    inputs[row * length + t] = sequence.tokens[t]
                    if sequence.isScored[t + 1] { targets[row * length + t] = sequence.tokens[t + 1] }
                }
            }
            try pause()
            let (losses, isBest) = pass.evaluate(tokens: inputs, targets: targets)
            for (row, sequence) in group.enumerated() {
                let places = sequence.isScored.indices.filter { sequence.isScored[$0] }.map { row * length + $0 - 1 }
                body(sequence, places.map { losses[$0] }, places.map { isBest[$0] })
            }
            first += batch
        }
    }
}
