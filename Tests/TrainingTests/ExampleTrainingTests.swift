import Corpus
import Foundation
import Kernels
import Llama
import Settings
import Testing

@testable import Training

/// Prompts with answers: what the loss counts, in training and on what is held out, and the scores of what a model writes.
@Suite struct ExampleTrainingTests {
    static let tokenizer = ByteTokenizer()

    func tokenized(_ training: [Example], heldOut: [Example] = [], score: TaskScore = .exactMatch, maxNewTokens: Int? = nil) -> TokenizedDomain {
        TokenizedDomain(
            Domain(name: "d", examples: ExampleSet(training: training, heldOut: heldOut, score: score, maxNewTokens: maxNewTokens)), Self.tokenizer)
    }

    static let examples = (0..<12).map { Example(prompt: "What is \($0)?", answer: " it is \($0 * $0)") }

    func batches(length: Int = 30) throws -> Batches {
        try Batches(domains: [tokenized(Self.examples).training], weights: [1], sequenceLength: length, seed: 1, label: "test")
    }

    /// The mean is taken over what counts in all rounds of a step.
    @Test func theLossIsTheMeanOverWhatCounts() throws {
        let model = try smallModel(vocabulary: 257, positions: 30)
        var expected = (nats: 0.0, count: 0)
        var copy = try batches()
        for _ in 0..<3 {
            let batch = copy.next(batchSize: 2)
            let pass = ModelPass(model, Compute(), batch: 2, length: 30)
            expected.nats += pass.evaluate(tokens: batch.inputs, targets: batch.targets).losses.reduce(0, +)
            expected.count += batch.scoredCount
        }
        #expect(expected.count < 120)
        model.setTrainable { _ in true }
        let trainer = Trainer(model, try trainingSettings(["gradient_accumulation_steps": 3, "logging_steps": 1]), batches: try batches(), Compute())
        _ = try trainer.takeStep()
        #expect(abs(try #require(trainer.lastLoss) - expected.nats / Double(expected.count)) < 1e-9)
    }

    /// What a prompt says reaches the loss as context only: training on "x" as the answer alone does not teach the prompt.
    @Test func answersAreLearnedAndTheRestIsResumedExactly() throws {
        func train(stoppingAt stop: Int?) throws -> (bits: [String: [UInt32]], loss: Double) {
            let model = try smallModel(vocabulary: 257, hidden: 24, positions: 30)
            model.setTrainable { _ in true }
            let settings = try trainingSettings(["steps": 60, "logging_steps": 60])
            var trainer = Trainer(model, settings, batches: try batches(), Compute(threads: 2))
            if let stop {
                for _ in 0..<stop { _ = try trainer.takeStep() }
                let (tensors, values) = (trainer.stateTensors, trainer.stateValues)
                let saved = try Safetensors(data: Safetensors.encoded(tensors: tensors, metadata: [:]), path: "state")
                trainer = Trainer(model, settings, batches: try batches(), Compute())
                try trainer.restore(saved, try Value(json: values.canonicalJSON))
            }
            var points: [CurvePoint] = []
            try trainer.train(record: { points.append($0) }, evaluate: { _ in })
            return (bits(model), trainer.lastLoss ?? .nan)
        }
        let whole = try train(stoppingAt: nil)
        #expect(whole.loss < 2.5)
        #expect(try train(stoppingAt: 23).bits == whole.bits)
    }

    // MARK: Held out

    func measure(_ model: LlamaModel, _ domain: TokenizedDomain, questions: Int = 200, tokens: Int = 16384, batchSize: Int = 4, threads: Int = 1) throws -> DomainResult {
        let settings = EvaluationSettings(
            settings: try Settings(
                ["tokens": .integer(tokens), "questions": .integer(questions), "batch_size": .integer(batchSize)], fields: EvaluationSettings.fields))
        return try Evaluation(settings, [domain], Self.tokenizer, sequenceLength: 8).measure(model, Compute(threads: threads))[0]
    }

    @Test func heldOutLossIsThatOfTheAnswers() throws {
        let model = try smallModel(vocabulary: 257, positions: 40)
        let domain = tokenized([], heldOut: Self.examples)
        var (nats, count) = (0.0, 0)
        for example in Self.examples {
            let (prompt, answer) = (Array(example.prompt.utf8).map { Int32($0) }, Array(example.answer.utf8).map { Int32($0) } + [256])
            let all = [256] + prompt + answer
            let targets = all.indices.dropFirst().map { $0 > prompt.count ? all[$0] : -1 }
            nats += ModelPass(model, Compute(), batch: 1, length: all.count - 1).evaluate(tokens: all.dropLast(), targets: targets).losses.reduce(0, +)
            count += answer.count
        }
        let found = try measure(model, domain)
        #expect(abs(found.loss - nats / Double(count)) < 1e-9)
        // The ends have no bytes.
        #expect(abs(found.bitsPerByte - nats / log(2) / Double(count - 12)) < 1e-9)
        // Few tokens: the examples at the beginning and in the middle.
        let some = try measure(model, tokenized([], heldOut: [Self.examples[0], Self.examples[6]]))
        #expect(try measure(model, domain, tokens: 50).loss == some.loss)
        for (batchSize, threads) in [(1, 2), (7, 1)] { #expect(try measure(model, domain, batchSize: batchSize, threads: threads) == found) }
    }

    /// A model that always continues a byte by the byte after it in `chain`, and the last one by the end.
    func chainModel(_ chain: String, positions: Int = 32) throws -> LlamaModel {
        let model = LlamaModel(try smallModel(layers: 1, vocabulary: 257, hidden: 64, positions: positions).configuration)
        model.norm.values.fill(1)
        let ids = Array(chain.utf8).map { Int($0) } + [256]
        for (index, id) in ids.enumerated() {
            model.embedding.values.base[id * 64 + index] = 1
            if index + 1 < ids.count { model.head.values.base[ids[index + 1] * 64 + index] = 1 }
        }
        return model
    }

    @Test func whatTheModelWritesIsScored() throws {
        let model = try chainModel("?abcd")
        func score(_ pairs: [(String, String)], _ score: TaskScore = .exactMatch, maxNewTokens: Int? = nil, questions: Int = 200) throws -> Double? {
            try measure(
                model, tokenized([], heldOut: pairs.map { Example(prompt: $0.0, answer: $0.1) }, score: score, maxNewTokens: maxNewTokens), questions: questions
            ).accuracy
        }
        #expect(try score([("Q?", "abcd")]) == 1)
        #expect(try score([("Q?", "abc")]) == 0 && score([("Q?", "abcde")]) == 0 && score([("Qc", "d")]) == 1)
        #expect(try score([("Q?", "abcd"), ("Q?", "x"), ("Qb", "cd"), ("Q?", "abcd")]) == 0.75)
        // The longest held-out answer and its end are what is written at most; a key says otherwise.
        #expect(try score([("Q?", "abcd")], maxNewTokens: 3) == 0)
        #expect(try score([("Q?", "abxyzuvw")], .firstCharacter) == 1 && score([("Q?", "xabcd")], .firstCharacter) == 0)
        #expect(try score([("Q?", "abcx")], .editSimilarity) == 0.75 && score([("Q?", "abcd ef")], .rougeL, maxNewTokens: 9).map { abs($0 - 2 / 3) < 1e-8 } == true)
        // Evenly spread: the first and the third.
        #expect(try score([("Q?", "abcd"), ("Q?", "x"), ("Q?", "abcd"), ("Q?", "x")], questions: 2) == 1)
        #expect(try score([("Q?", "abcd")], questions: 0) == nil)
        // A prompt that does not fit loses its beginning.
        #expect(try score([(String(repeating: "long ", count: 50) + "?", "abcd")]) == 1)
    }

    @Test func anAnswerEndsWithItsMark() throws {
        let example = Example(segments: [.init("Q", isMark: true), .init("?", isMark: true), .init("ab", isAnswer: true), .init("c", isAnswer: true, isMark: true)], answer: "ab", answerEnd: "c")
        #expect(try measure(chainModel("?abcd"), tokenized([], heldOut: [example])).accuracy == 1)
    }

    @Test func aModelWhoseWeightsAreNotNumbersIsAnError() throws {
        let model = try chainModel("?abcd")
        model.norm.values.base[0] = .nan
        #expect(throws: GenerationError.self) { try measure(model, tokenized([], heldOut: Self.examples)) }
    }

    /// Ranked by sums of log-likelihoods in Double, answer and end of text, over logits of whole passes.
    @Test func theMostLikelyChoiceIsTheAnswer() throws {
        let model = try smallModel(vocabulary: 257, hidden: 24, positions: 30, seed: 4)
        var examples = ["one", "two", "three", "four", "five", "six"].map { Example(prompt: "\($0): ", answer: "yes") }
        for index in examples.indices { examples[index].choices = index % 2 == 0 ? ["no", "yes", "it may be"] : [] }
        examples[3].answer = "no"
        func likelihood(_ prompt: String, _ answer: String) -> Double {
            let tokens = [Self.tokenizer.endOfText] + Self.tokenizer.encode(prompt + answer) + [Self.tokenizer.endOfText]
            let logits = ModelPass(model, Compute(), batch: 1, length: tokens.count - 1).logits(tokens: Array(tokens.dropLast()))
            return (tokens.count - answer.utf8.count - 1..<tokens.count).reduce(0.0) { sum, place in
                let row = logits[(place - 1) * 257..<place * 257].map { ExactMath.exp(Double($0)) }
                return sum + ExactMath.log(row[Int(tokens[place])] / row.reduce(0, +))
            }
        }
        let right = examples.filter { example in
            let choices = example.choices.isEmpty ? ["yes", "no"] : example.choices
            return choices.max { likelihood(example.prompt, $0) < likelihood(example.prompt, $1) } == example.answer
        }
        let result = try measure(model, tokenized(Self.examples, heldOut: examples, score: .mostLikely))
        #expect(result.accuracy == Double(right.count) / 6)
        // The same examples by what is written: nothing an untrained model writes is exact.
        #expect(try measure(model, tokenized(Self.examples, heldOut: examples)).accuracy == 0)
    }
}
