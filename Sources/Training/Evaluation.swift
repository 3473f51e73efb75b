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

    public static let fields: [Field] = [
        .optional("tokens", .positive, default: 16384, "held-out tokens a domain, spread evenly over its held-out text"),
        .optional("questions", .natural, default: 200, "held-out questions a domain, for domains that have any"),
        .optional("batch_size", .integer(1...65536), default: 32, "sequences at once; does not change the result"),
        .optional("sequence_length", .positive, default: .null, "tokens a window of held-out text (default: max_position_embeddings)"),
    ]

    /// Settings that `fields` has validated.
    public init(settings: Settings) {
        tokens = settings.integer("tokens")
        questions = settings.integer("questions")
        batchSize = settings.integer("batch_size")
        sequenceLength = settings.has("sequence_length") ? settings.integer("sequence_length") : nil
    }
}

/// What a model knows of one domain.
public struct DomainResult: Sendable, Hashable {
    /// Held-out loss in nats a token.
    public var loss: Double
    /// Held-out loss in bits a byte of text: compares tokenizers.
    public var bitsPerByte: Double
    /// Share of the questions answered right, from 0 to 1; nil without questions.
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

    /// - Parameter sequenceLength: tokens a window of held-out text, no longer than the model allows.
    public init(_ settings: EvaluationSettings, _ domains: [TokenizedDomain], _ tokenizer: any Tokenizer, sequenceLength: Int) {
        (self.settings, self.domains, self.tokenizer, self.sequenceLength) = (settings, domains, tokenizer, sequenceLength)
    }

    /// The results of all domains, in their order. `pause` is called before every batch and ends the evaluation when it throws.
    public func measure(_ model: LlamaModel, _ compute: Compute, pause: () throws -> Void) rethrows -> [DomainResult] {
        let pass = ModelPass(model, compute, batch: settings.batchSize, length: sequenceLength)
        return try domains.map { domain in
            let (loss, bits) = try textLoss(domain.heldOut, pass, pause)
            return DomainResult(loss: loss, bitsPerByte: bits, accuracy: try accuracy(domain.questions, model, compute, pause))
        }
    }

    public func measure(_ model: LlamaModel, _ compute: Compute) -> [DomainResult] { measure(model, compute, pause: {}) }

    /// Mean loss over windows side by side, all of them or as many as `tokens` allows, evenly spread.
    private func textLoss(_ tokens: [Int32], _ pass: ModelPass, _ pause: () throws -> Void) rethrows -> (nats: Double, bitsPerByte: Double) {
        let windows = max(1, (tokens.count - 1) / sequenceLength)
        let taken = min(windows, max(1, settings.tokens / sequenceLength))
        let sequences = (0..<taken).map { index in
            let start = index * windows / taken * sequenceLength
            return Sequence(tokens: Array(tokens[start..<min(start + sequenceLength + 1, tokens.count)]), scoredFrom: 1)
        }
        var nats = 0.0
        var count = 0
        var bytes = 0
        try score(sequences, pass, length: sequenceLength, pause) { sequence, losses, _ in
            nats += losses.reduce(0, +)
            count += losses.count
            bytes += zip(sequence.tokens.dropFirst(), sequence.tokens).reduce(0) { $0 + tokenizer.byteCount(of: $1.0, after: $1.1) }
        }
        return (nats / Double(count), nats / ExactMath.log(2) / Double(max(bytes, 1)))
    }

    /// A question without choices counts as right when greedy decoding from the prompt would give exactly the answer and a line
    /// end, in the tokens that the tokenizer makes of them; one with choices when the right one is the most likely continuation.
    private func accuracy(_ questions: [Question], _ model: LlamaModel, _ compute: Compute, _ pause: () throws -> Void) rethrows -> Double? {
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
                sequences.append(Sequence(tokens: Array((kept + answer).prefix(model.configuration.maxPositions + 1)), scoredFrom: kept.count))
            }
        }
        var nats = [Double](repeating: 0, count: sequences.count)
        var isExact = [Bool](repeating: false, count: sequences.count)
        // Padding does not reach a result, and short questions need little of it: those of about one length go together.
        let lengths = sequences.map { min(($0.tokens.count + 30) / 32 * 32, model.configuration.maxPositions) }
        for length in Set(lengths).sorted() {
            let places = sequences.indices.filter { lengths[$0] == length }
            let pass = ModelPass(model, compute, batch: settings.batchSize, length: length)
            var next = 0
            try score(places.map { sequences[$0] }, pass, length: length, pause) { _, losses, isBest in
                nats[places[next]] = losses.reduce(0, +)
                isExact[places[next]] = isBest.allSatisfy { $0 }
                next += 1
            }
        }
        var right = 0
        var next = 0
        for question in questions {
            if question.choices.isEmpty {
                if isExact[next] { right += 1 }
                next += 1
            } else {
                let scores = nats[next..<next + question.choices.count]
                if let best = scores.indices.min(by: { scores[$0] < scores[$1] }), question.choices[best - next] == question.answer { right += 1 }
                next += question.choices.count
            }
        }
        return Double(right) / Double(questions.count)
    }

    private struct Sequence {
        var tokens: [Int32]
        /// Index of the first token whose loss counts, at least 1.
        var scoredFrom: Int
    }

    /// Calls `body` for each sequence in order with the losses of its scored tokens and whether each was the most likely one.
    private func score(
        _ sequences: [Sequence], _ pass: ModelPass, length: Int, _ pause: () throws -> Void, _ body: (Sequence, [Double], [Bool]) -> Void
    ) rethrows {
        let batch = settings.batchSize
        var first = 0
        while first < sequences.count {
            let group = sequences[first..<min(first + batch, sequences.count)]
            var inputs = [Int32](repeating: tokenizer.endOfText, count: batch * length)
            var targets = [Int32](repeating: -1, count: batch * length)
            for (row, sequence) in group.enumerated() {
                for t in 0..<sequence.tokens.count - 1 {
                    inputs[row * length + t] = sequence.tokens[t]
                    if t + 1 >= sequence.scoredFrom { targets[row * length + t] = sequence.tokens[t + 1] }
                }
            }
            try pause()
            let (losses, isBest) = pass.evaluate(tokens: inputs, targets: targets)
            for (row, sequence) in group.enumerated() {
                let scored = row * length + sequence.scoredFrom - 1..<row * length + sequence.tokens.count - 1
                body(sequence, Array(losses[scored]), Array(isBest[scored]))
            }
            first += batch
        }
    }
}
