import Kernels
import Llama
import Settings
import TestSupport
import Testing

/// Token by token against the pass over whole sequences, bit for bit.
@Suite struct DecoderTests {
    /// Longer than a block of keys and than one `forward` of the decoder takes of two slots.
    static let positions = 150
    static let vocabulary = 19

    enum Kind: CaseIterable {
        case plain, tied, expanded, lora, loraOnSome, experts, control
    }

    static func model(_ kind: Kind) throws -> LlamaModel {
        var configuration = try smallConfiguration(layers: 2, ties: kind == .tied)
        configuration.maxPositions = positions
        let model = smallModel(configuration)
        switch kind {
        case .plain, .tied: break
        case .expanded:
            model.expand(after: [0, 1, 2])
            // What was added computes something, as after training.
            for layer in model.addedLayers {
                for parameter in [model.blocks[layer].o.weight, model.blocks[layer].down.weight] {
                    var random = RandomStream(seed: 5, parameter.name)
                    for i in 0..<parameter.count { parameter.values.base[i] = Float(random.normal() * 0.3) }
                }
            }
        case .experts, .control:
            model.addSecondBlocks(to: kind == .experts ? [1, 2] : [2], isExpert: kind == .experts, isZeroed: false, gates: (0.5, 0))
            for parameter in model.blocks.compactMap(\.second).flatMap(\.parameters) {
                var random = RandomStream(seed: 7, parameter.name)
                for i in 0..<parameter.count { parameter.values.base[i] += Float(random.normal() * 0.2) }
            }
        case .lora, .loraOnSome:
            model.attachLoRA(LoRASettings(rank: 3, alpha: 6, targetModules: kind == .lora ? Block.linearNames : ["v_proj", "down_proj"]), seed: 3)
            for parameter in model.parameters where parameter.name.hasSuffix("lora_B.weight") {
                var random = RandomStream(seed: 6, parameter.name)
                for i in 0..<parameter.count { parameter.values.base[i] = Float(random.normal() * 0.3) }
            }
        }
        return model
    }

    static func tokens(_ count: Int, _ seed: Int) -> [Int32] { randomTokens(count, vocabulary: vocabulary, seed: seed) }

    /// The logits of every position, from one pass over the whole sequence.
    static func whole(_ model: LlamaModel, _ tokens: [Int32]) -> [[Float]] {
        let all = ModelPass(model, Compute(), batch: 1, length: tokens.count).logits(tokens: tokens)
        return tokens.indices.map { Array(all[$0 * vocabulary..<($0 + 1) * vocabulary]) }
    }

    /// Three sequences of different lengths, cut into steps of random sizes, in slots that two of them use one after the other.
    @Test(arguments: Kind.allCases)
    func logitsAreThoseOfTheWholeSequence(kind: Kind) throws {
        let model = try Self.model(kind)
        let sequences = [Self.tokens(150, 1), Self.tokens(67, 2), Self.tokens(97, 3)]
        let expected = sequences.map { Self.whole(model, $0) }
        for threads in [1, 2] {
            let decoder = Decoder(model, Compute(threads: threads), slots: 2)
            var random = RandomStream(seed: threads, "cuts")
            var places = [(sequence: 0, position: 0), (sequence: 1, position: 0)]
            var compared = 0
            while places.contains(where: { $0.sequence < 3 }) {
                var steps: [Decoder.Step] = []
                for slot in 0..<2 where places[slot].sequence < 3 {
                    let (sequence, position) = places[slot]
                    let count = min(random.pick([1, 1, 1, 2, 5, 40]), sequences[sequence].count - position)
                    steps.append(Decoder.Step(slot: slot, position: position, tokens: sequences[sequence][position..<position + count], wantsLogits: random.below(4) > 0))
                }
                decoder.forward(steps)
                var row = 0
                for step in steps {
                    let last = step.position + step.tokens.count - 1
                    let sequence = places[step.slot].sequence
                    if step.wantsLogits {
                        #expect(firstBitDifference(Array(decoder.logits(row)), expected[sequence][last]) == nil, "\(kind), sequence \(sequence), token \(last)")
                        row += 1
                        compared += 1
                    }
                    let isEnd = last + 1 == sequences[sequence].count
                    places[step.slot] = isEnd ? (sequence == 1 ? 2 : 3, 0) : (sequence, last + 1)
                }
            }
            #expect(compared > 20)
        }
    }

    /// The most likely token of the whole sequence so far, made anew for each.
    static func recomputed(_ model: LlamaModel, _ prompt: [Int32], count: Int) -> [Int32] {
        var all = prompt
        for _ in 0..<count {
            let logits = whole(model, all)[all.count - 1]
            all.append(Int32(logits.firstIndex(of: logits.max() ?? 0) ?? 0))
        }
        return Array(all[prompt.count...])
    }

    @Test func greedyIsTheBestOfEachPassWhateverElseIsDecoded() throws {
        let model = try Self.model(.plain)
        let prompts = [3, 40, 1, 63, 64, 9, 120].map { Self.tokens($0, $0) }
        let expected = prompts.map { Self.recomputed(model, $0, count: 12) }
        #expect(Set(expected.flatMap { $0 }).count > 4)
        for (slots, threads) in [(1, 1), (2, 2), (3, 1), (20, 2)] {
            let decoder = Decoder(model, Compute(threads: threads), slots: slots)
            let found = try decoder.generate(prompts, GenerationSettings(maxNewTokens: 12))
            #expect(found == expected.map { Generation(tokens: $0, end: .length) }, "\(slots) slots")
            let backwards = try decoder.generate(prompts.reversed(), GenerationSettings(maxNewTokens: 12))
            #expect(backwards.reversed() == found)
        }
    }

    @Test func endsAreStopTokensTheLengthAndTheModelsLimit() throws {
        let model = try Self.model(.plain)
        let prompts = [Self.tokens(5, 1), Self.tokens(140, 2), Self.tokens(150, 3)]
        let decoder = Decoder(model, Compute(), slots: 3)
        let free = try decoder.generate(prompts, GenerationSettings(maxNewTokens: 30))
        #expect(free.map(\.tokens.count) == [30, 11, 1])
        #expect(free.map(\.end) == [.length, .full, .full])
        // The first token that comes for the first time behind others stops there, and only there.
        let place = try #require((2..<30).first { !free[0].tokens[..<$0].contains(free[0].tokens[$0]) })
        let stopped = try decoder.generate([prompts[0]], GenerationSettings(maxNewTokens: 30, stopTokens: [free[0].tokens[place], 99]))
        #expect(stopped == [Generation(tokens: Array(free[0].tokens[..<place]), end: .stop(free[0].tokens[place]))])
        #expect(try decoder.generate(prompts, GenerationSettings(maxNewTokens: 0)).map(\.tokens) == [[], [], []])
        #expect(try decoder.generate([], GenerationSettings(maxNewTokens: 5)) == [])
        let short = Decoder(model, Compute(), slots: 1, positions: 7)
        #expect(try short.generate([prompts[0]], GenerationSettings(maxNewTokens: 30)) == [Generation(tokens: Array(free[0].tokens[..<3]), end: .full)])
    }

    @Test func weightsThatChangedAreTaken() throws {
        let model = try Self.model(.lora)
        let prompt = Self.tokens(10, 4)
        let decoder = Decoder(model, Compute(), slots: 1)
        let before = try decoder.generate([prompt], GenerationSettings(maxNewTokens: 20))[0].tokens
        for parameter in model.parameters where parameter.shape.count == 2 {
            var random = RandomStream(seed: 8, parameter.name)
            for i in 0..<parameter.count { parameter.values.base[i] = Float(random.normal() * 0.3) }
        }
        let after = try decoder.generate([prompt], GenerationSettings(maxNewTokens: 20))[0].tokens
        #expect(before != after && after == Self.recomputed(model, prompt, count: 20))
    }

    @Test func sampledTextFollowsFromTheSeedAlone() throws {
        let model = try Self.model(.plain)
        let prompts = (0..<5).map { Self.tokens(4 + $0, $0) }
        func text(_ seed: Int, slots: Int, topK: Int = 0) throws -> [[Int32]] {
            try Decoder(model, Compute(), slots: slots).generate(
                prompts, GenerationSettings(maxNewTokens: 20, sampling: Sampling(temperature: 1, topK: topK, seed: seed))
            ).map(\.tokens)
        }
        let first = try text(1, slots: 1)
        #expect(try text(1, slots: 4) == first && text(2, slots: 1) != first)
        #expect(try text(1, slots: 2, topK: 1) == prompts.map { Self.recomputed(model, $0, count: 20) })
    }

    @Test func weightsThatAreNotNumbersAreAnError() throws {
        let model = try Self.model(.plain)
        model.norm.values.base[3] = .nan
        let decoder = Decoder(model, Compute(), slots: 2)
        let error = #expect(throws: GenerationError.self) { try decoder.generate([[1], [2]], GenerationSettings(maxNewTokens: 3)) }
        #expect(error == GenerationError(prompt: 0, token: 0))
        #expect("\(try #require(error))".hasPrefix("prompt 1, new token 1: found logits"))
    }

    @Test func aPauseEndsTheWork() throws {
        struct Stop: Error {}
        var rounds = 0
        let decoder = Decoder(try Self.model(.plain), Compute(), slots: 1)
        #expect(throws: Stop.self) {
            try decoder.generate([[1, 2], [3]], GenerationSettings(maxNewTokens: 8)) {
                rounds += 1
                if rounds == 5 { throw Stop() }
            }
        }
        #expect(rounds == 5)
    }

    @Test func impossibleRequestsTrap() async {
        await #expect(processExitsWith: .failure) { _ = Decoder(try Self.model(.plain), Compute(), slots: 1, positions: 151) }
        await #expect(processExitsWith: .failure) { Decoder(try Self.model(.plain), Compute(), slots: 1).forward([.init(slot: 1, position: 0, tokens: [1])]) }
        await #expect(processExitsWith: .failure) {
            _ = try Decoder(try Self.model(.plain), Compute(), slots: 1, positions: 3).generate([[1, 2, 3, 4]], GenerationSettings(maxNewTokens: 1))
        }
    }
}
