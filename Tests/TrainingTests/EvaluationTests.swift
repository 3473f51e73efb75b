import Corpus
import Foundation
import Kernels
import Llama
import Settings
import Testing
import Training

@Suite struct EvaluationTests {
    static let tokenizer = ByteTokenizer()

    func settings(tokens: Int = 16384, questions: Int = 200, batchSize: Int = 4) throws -> EvaluationSettings {
        EvaluationSettings(
            settings: try Settings(
                ["tokens": .integer(tokens), "questions": .integer(questions), "batch_size": .integer(batchSize)], fields: EvaluationSettings.fields))
    }

    func domain(_ documents: [String], questions: [Question] = []) -> TokenizedDomain {
        TokenizedDomain(Domain(name: "text", training: [], heldOut: documents.map { Array($0.utf8) }, questions: questions), Self.tokenizer)
    }

    // MARK: Loss

    static let text = ["the cat sat on the mat", "a dog", "and then the cat sat down again on the other mat"]

    /// Summed loss and bytes of windows that start at these tokens, from the logits of one window at a time.
    func byHand(_ model: LlamaModel, _ tokens: [Int32], starts: [Int], length: Int) -> (nats: Double, tokens: Int, bytes: Int) {
        var result = (nats: 0.0, tokens: 0, bytes: 0)
        for start in starts {
            let window = Array(tokens[start..<min(start + length + 1, tokens.count)])
            let pass = ModelPass(model, Compute(), batch: 1, length: window.count - 1)
            let logits = pass.logits(tokens: window.dropLast())
            for (t, target) in window.dropFirst().enumerated() {
                let row = logits[t * 257..<(t + 1) * 257].map { Double($0) }
                let largest = row.max() ?? 0
                result.nats += log(row.reduce(0) { $0 + exp($1 - largest) }) + largest - row[Int(target)]
                result.tokens += 1
                result.bytes += target == 256 ? 0 : 1
            }
        }
        return result
    }

    @Test func lossIsThatOfTheLogits() throws {
        let model = try smallModel(vocabulary: 257)
        let domain = domain(Self.text)
        let count = domain.heldOut.count
        #expect(count == 22 + 5 + 48 + 3)
        // All windows of 7 tokens side by side; then three of the eleven, evenly spread.
        for (tokens, starts) in [(16384, Array(stride(from: 0, to: 77, by: 7))), (21, [0, 21, 49]), (1, [0])] {
            let found = try Evaluation(try settings(tokens: tokens), [domain], Self.tokenizer, sequenceLength: 7).measure(model, Compute())
            let expected = byHand(model, domain.heldOut, starts: starts, length: 7)
            #expect(found.count == 1 && abs(found[0].loss - expected.nats / Double(expected.tokens)) < 1e-6)
            // End of text is scored and has no bytes.
            #expect(abs(found[0].bitsPerByte - expected.nats / log(2) / Double(expected.bytes)) < 1e-6)
            #expect(found[0].accuracy == nil)
        }
    }

    @Test func textShorterThanAWindow() throws {
        let model = try smallModel(vocabulary: 257)
        let domain = domain(["ab"])
        let found = try Evaluation(try settings(), [domain], Self.tokenizer, sequenceLength: 9).measure(model, Compute())
        let expected = byHand(model, domain.heldOut, starts: [0], length: 9)
        #expect(expected.tokens == 2 && expected.bytes == 1)
        #expect(abs(found[0].loss - expected.nats / 2) < 1e-6 && abs(found[0].bitsPerByte - expected.nats / log(2)) < 1e-5)
    }

    /// A model of zeros gives every token the same chance: ln 257 nats, log2 257 bits where each token is a byte.
    @Test func aModelThatKnowsNothing() throws {
        let model = LlamaModel(try smallModel(vocabulary: 257).configuration)
        let found = try Evaluation(try settings(), [domain(["aaaaaaaaaaaaaaa"])], Self.tokenizer, sequenceLength: 7).measure(model, Compute())
        #expect(abs(found[0].loss - log(257)) < 1e-6)
        #expect(abs(found[0].bitsPerByte - log2(257)) < 1e-5)
    }

    // MARK: Questions

    /// A model that always continues a byte by the byte after it in `chain`.
    func chainModel(_ chain: String, positions: Int = 32) throws -> LlamaModel {
        let model = LlamaModel(try smallModel(layers: 1, vocabulary: 257, hidden: 64, positions: positions).configuration)
        model.norm.values.fill(1)
        let bytes = Array(chain.utf8)
        for (index, byte) in bytes.enumerated() {
            // The block adds nothing, so that a token's own direction alone reaches the output.
            model.embedding.values.base[Int(byte) * 64 + index] = 1
            if index + 1 < bytes.count { model.head.values.base[Int(bytes[index + 1]) * 64 + index] = 1 }
        }
        return model
    }

    func accuracy(_ model: LlamaModel, _ questions: [Question], limit: Int = 200, batchSize: Int = 4) throws -> Double? {
        let settings = try settings(questions: limit, batchSize: batchSize)
        return try Evaluation(settings, [domain(["xyz"], questions: questions)], Self.tokenizer, sequenceLength: 2).measure(model, Compute())[0].accuracy
    }

    @Test func exactMatch() throws {
        let model = try chainModel("?abcd\n")
        let right = Question(prompt: "Q?", answer: "abcd")
        #expect(try accuracy(model, [right]) == 1)
        #expect(try accuracy(model, [Question(prompt: "Qb", answer: "cd")]) == 1)
        #expect(try accuracy(model, [Question(prompt: "Qd", answer: "")]) == 1)
        // One wrong byte anywhere, an answer that stops early and one that goes on.
        for wrong in ["bbcd", "abdd", "abc", "abcdd", "", "abcd "] {
            #expect(try accuracy(model, [Question(prompt: "Q?", answer: wrong)]) == 0, "\(wrong)")
        }
        #expect(try accuracy(model, [right, Question(prompt: "Q?", answer: "x"), right, right]) == 0.75)
    }

    @Test func multipleChoice() throws {
        let model = try chainModel("?abcd\n")
        let choices = ["xbcd", "abcd", "abxd"]
        for answer in choices {
            #expect(try accuracy(model, [Question(prompt: "Q?", answer: answer, choices: choices)]) == (answer == "abcd" ? 1 : 0))
        }
        // The most likely of the choices counts, though none is what the model would write; of equals the first.
        #expect(try accuracy(model, [Question(prompt: "Q?", answer: "abxx", choices: ["xxxx", "abxx", "axxx"])]) == 1)
        #expect(try accuracy(model, [Question(prompt: "Q?", answer: "xx", choices: ["xx", "xy"])]) == 1)
        #expect(try accuracy(model, [Question(prompt: "Q?", answer: "xy", choices: ["xx", "xy"])]) == 0)
        // Both kinds in one list, in any order.
        let mixed = [
            Question(prompt: "Q?", answer: "abcd", choices: choices), Question(prompt: "Q?", answer: "abcd"),
            Question(prompt: "Q?", answer: "abxd", choices: choices), Question(prompt: "Q?", answer: "abxd"),
        ]
        #expect(try accuracy(model, mixed) == 0.5 && accuracy(model, mixed.reversed()) == 0.5)
    }

    @Test func theFirstQuestionsCount() throws {
        let model = try chainModel("?abcd\n")
        let questions = [Question(prompt: "Q?", answer: "abcd"), Question(prompt: "Q?", answer: "x"), Question(prompt: "Q?", answer: "y")]
        #expect(try accuracy(model, questions, limit: 1) == 1)
        #expect(try accuracy(model, questions, limit: 2) == 0.5)
        #expect(try accuracy(model, questions, limit: 0) == nil)
        #expect(try accuracy(model, []) == nil)
    }

    /// A prompt that is longer than the model allows loses its beginning, not its end or the answer.
    @Test func longPrompts() throws {
        let model = try chainModel("?abcd\n", positions: 8)
        let prompt = String(repeating: "long ", count: 20) + "?"
        #expect(try accuracy(model, [Question(prompt: prompt, answer: "abcd")]) == 1)
        #expect(try accuracy(model, [Question(prompt: prompt, answer: "abxd")]) == 0)
        #expect(try accuracy(model, [Question(prompt: prompt, answer: "abxd", choices: ["abcd", "abxd"])]) == 0)
        // An answer that no model of this length could give is wrong, not an error.
        #expect(try accuracy(model, [Question(prompt: "Q?", answer: String(repeating: "a", count: 40))]) == 0)
    }

    // MARK: Batches

    @Test func theBatchSizeChangesNothing() throws {
        let model = try smallModel(vocabulary: 257, positions: 40)
        let questions = (0..<5).map { Question(prompt: "What is \($0)?", answer: " \($0)", choices: [" 1", " 12", " \($0)", " no"]) }
        let domains = [domain(Self.text, questions: questions), domain(["another text"]), domain(Self.text.reversed())]
        let results = try [1, 3, 32].map { batchSize in
            try Evaluation(try settings(batchSize: batchSize), domains, Self.tokenizer, sequenceLength: 7).measure(model, Compute())
        }
        #expect(results[0].count == 3 && results[1] == results[0] && results[2] == results[0])
        #expect(results[0][0].accuracy != nil && results[0][1].accuracy == nil && results[0][0].loss != results[0][2].loss)
        let threaded = try Evaluation(try settings(), domains, Self.tokenizer, sequenceLength: 7).measure(model, Compute(threads: 3))
        #expect(threaded == results[0])
    }

    @Test func measuringChangesNothing() throws {
        let model = try smallModel(vocabulary: 257)
        model.setTrainable { _ in true }
        let before = bits(model)
        _ = try Evaluation(try settings(), [domain(Self.text)], Self.tokenizer, sequenceLength: 7).measure(model, Compute())
        #expect(bits(model) == before)
        #expect(model.parameters.allSatisfy { $0.gradient?.values.allSatisfy { $0 == 0 } == true })
    }

    @Test func settingsAreChecked() throws {
        let defaults = EvaluationSettings(settings: try Settings([:], fields: EvaluationSettings.fields))
        #expect(defaults.tokens == 16384 && defaults.questions == 200 && defaults.batchSize == 32)
        for (key, value) in [("tokens", 0), ("questions", -1), ("batch_size", 0)] as [(String, Value)] {
            #expect(throws: SettingsError.self) { try Settings(.object([key: value]), fields: EvaluationSettings.fields) }
        }
    }
}
