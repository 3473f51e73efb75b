import Kernels
import Settings
import Testing

@testable import Corpus

/// Prompts with answers as sequences. Bytes are tokens, 256 begins and ends a text.
@Suite struct ExampleBatchesTests {
    private func tokens(_ examples: [Example], answersOnly: Bool = true, isPacked: Bool = true) -> TrainingTokens {
        TokenizedDomain(
            Domain(name: "d", examples: ExampleSet(training: examples, heldOut: [], answersOnly: answersOnly, isPacked: isPacked)), ByteTokenizer()
        ).training
    }

    private func batches(_ domains: [TrainingTokens], length: Int, seed: Int = 1) throws -> Batches {
        try Batches(domains: domains, weights: domains.map { _ in 1 }, sequenceLength: length, seed: seed, label: "test")
    }

    private func ids(_ text: String) -> [Int32] { text.utf8.map { Int32($0) } }

    @Test func aPackedSequence() throws {
        var seen: Set<[Int32]> = []
        for seed in 0..<10 {
            var batches = try batches([tokens([Example(prompt: "ab", answer: "c"), Example(prompt: "d", answer: "ef")])], length: 10, seed: seed)
            let batch = batches.next(batchSize: 1)
            let first: (inputs: [Int32], targets: [Int32]) = ([97, 98, 99, 256], [-1, -1, 99, 256])
            let second: (inputs: [Int32], targets: [Int32]) = ([100, 101, 102, 256], [-1, 101, 102, 256])
            let orders = [(first, second), (second, first)]
            #expect(
                orders.contains { a, b in
                    batch.inputs == [256] + a.inputs + b.inputs + [256] && batch.targets == a.targets + b.targets + [-1, -1]
                })
            #expect(batch.scoredCount == 5)
            seen.insert(batch.inputs)
        }
        #expect(seen.count == 2)
    }

    @Test func withoutPackingAndWithAllTokens() throws {
        let examples = [Example(prompt: "ab", answer: "c"), Example(prompt: "d", answer: "ef")]
        var apart = try batches([tokens(examples, isPacked: false)], length: 6)
        let rows = apart.next(batchSize: 2)
        let expected: [[Int32]] = [[256, 97, 98, 99, 256, 256], [256, 100, 101, 102, 256, 256]]
        #expect([Array(rows.inputs.prefix(6)), Array(rows.inputs.suffix(6))].sorted { $0[1] < $1[1] } == expected)
        var all = try batches([tokens(examples, answersOnly: false)], length: 10)
        #expect(all.next(batchSize: 1).scoredCount == 8)
    }

    @Test func everyExampleOnceAnEpochAndWhole() throws {
        var random = RandomStream(seed: 3)
        let examples = (0..<60).map { index in
            Example(prompt: String(repeating: "p", count: 1 + random.below(9)), answer: "\(1000 + index)" + String(repeating: "a", count: random.below(5)))
        }
        let length = 31
        for isPacked in [true, false] {
            var batches = try batches([tokens(examples, isPacked: isPacked)], length: length)
            var orders: Set<[Int]> = []
            for _ in 0..<4 {
                var order: [Int] = []
                var rows = 0
                while order.count < 60 {
                    let batch = batches.next(batchSize: 1)
                    rows += 1
                    // An input is followed by what its target says, where that counts.
                    for t in 0..<length - 1 where batch.targets[t] >= 0 { #expect(batch.inputs[t + 1] == batch.targets[t]) }
                    for answer in batch.targets.split(separator: -1) {
                        let text = String(decoding: answer.dropLast().map { UInt8($0) }, as: UTF8.self)
                        let place = try #require(Int(text.prefix(4))) - 1000
                        #expect(answer.last == 256 && text == examples[place].answer)
                        order.append(place)
                    }
                }
                #expect(Set(order).count == 60)
                #expect(isPacked ? rows < 40 : rows == 60)
                orders.insert(order)
            }
            #expect(orders.count == 4)
        }
    }

    @Test func whatDoesNotFit() throws {
        func fitted(_ prompt: Int, _ answer: Int, _ room: Int) -> (String, TokenizedExample.Cut) {
            let example = TokenizedExample(
                tokens: (0..<prompt).map { Int32(100 + $0) } + (0..<answer).map { Int32(200 + $0) },
                isScored: (0..<prompt + answer).map { $0 >= prompt }, promptCount: prompt)
            let (found, cut) = example.fitted(room)
            #expect(found.isScored == found.tokens.map { $0 >= 200 } && found.promptCount == found.tokens.count { $0 < 200 })
            return (found.tokens.map(String.init).joined(separator: " "), cut)
        }
        #expect(fitted(3, 2, 5) == ("100 101 102 200 201", .init(prompt: 0, answer: 0)))
        #expect(fitted(5, 2, 4) == ("103 104 200 201", .init(prompt: 3, answer: 0)))
        #expect(fitted(1, 9, 4) == ("100 200 201 202", .init(prompt: 0, answer: 6)))
        #expect(fitted(9, 9, 5) == ("107 108 200 201 202", .init(prompt: 7, answer: 6)))
        #expect(fitted(9, 9, 1) == ("200", .init(prompt: 9, answer: 8)))

        let long = tokens([Example(prompt: "0123456789", answer: "ab"), Example(prompt: "x", answer: "y"), Example(prompt: "q", answer: "0123456789")])
        let cuts = try #require(long.cuts(sequenceLength: 7))
        #expect(cuts.examples == 3 && cuts.prompts == 1 && cuts.answers == 1)
        #expect(long.cuts(sequenceLength: 20)?.isNone == true && TrainingTokens([1, 2]).cuts(sequenceLength: 1) == nil)
        var batches = try batches([long], length: 7)
        let rows = batches.next(batchSize: 3)
        #expect((0..<3).contains { Array(rows.inputs[$0 * 7..<$0 * 7 + 7]) == [256] + ids("6789ab") })
        #expect(throws: CorpusError.self) { try self.batches([tokens([])], length: 7) }
        #expect(throws: CorpusError.self) { try self.batches([long], length: 1) }
    }

    @Test func resumedEqualsUninterrupted() throws {
        let examples = (0..<20).map { Example(prompt: "prompt \($0)", answer: String(repeating: "a", count: $0)) }
        let domains = [tokens(examples), TrainingTokens((0..<300).map { Int32($0 % 250) }), tokens(examples.reversed(), isPacked: false)]
        var whole = try batches(domains, length: 40)
        for _ in 0..<30 {
            var resumed = try batches(domains, length: 40)
            try resumed.restore(try Value(json: whole.cursor.canonicalJSON))
            let expected = whole.next(batchSize: 3)
            #expect(resumed.next(batchSize: 3) == expected && resumed.cursor == whole.cursor)
        }
    }

    @Test func chatsAreLearnedByEveryAnswer() throws {
        let template = try ChatTemplate(["user": ["U:", "\n"], "assistant": ["A:", "#"]])
        let example = try template.example([("user", "hi"), ("assistant", "yo"), ("user", "so"), ("assistant", "ok")], place: "test")
        #expect(example.text == "U:hi\nA:yo#U:so\nA:ok#" && example.answer == "ok" && example.prompt == "U:hi\nA:yo#U:so\nA:")
        let found = TokenizedExample(example, answersOnly: true, ByteTokenizer())
        #expect(found.tokens == ids(example.text) + [256] && found.promptCount == example.prompt.utf8.count)
        let scored = zip(found.tokens, found.isScored).map { $0.1 ? $0.0 : Int32(UInt8(ascii: ".")) }
        #expect(scored == ids(".......yo#.......ok#") + [256])
    }
}
