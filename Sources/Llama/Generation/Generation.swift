import Kernels

/// What a model wrote behind a prompt.
public struct Generation: Sendable, Hashable {
    public enum End: Sendable, Hashable {
        /// A stop token came, which is not part of the tokens.
        case stop(Int32)
        /// `maxNewTokens` were written.
        case length
        /// The sequence is as long as the decoder allows.
        case full
    }

    public var tokens: [Int32]
    public var end: End

    public init(tokens: [Int32], end: End) { (self.tokens, self.end) = (tokens, end) }
}

public struct GenerationSettings: Sendable, Hashable {
    /// Tokens to write at most, from 0.
    public var maxNewTokens: Int
    public var stopTokens: Set<Int32>
    public var sampling: Sampling

    public init(maxNewTokens: Int, stopTokens: Set<Int32> = [], sampling: Sampling = .greedy) {
        (self.maxNewTokens, self.stopTokens, self.sampling) = (maxNewTokens, stopTokens, sampling)
    }
}

/// A model whose logits are not numbers cannot be asked for the next token.
public struct GenerationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Counted from 0.
    public var prompt: Int, token: Int

    public init(prompt: Int, token: Int) { (self.prompt, self.token) = (prompt, token) }

    public var description: String {
        "prompt \(prompt + 1), new token \(token + 1): found logits that are infinite or not a number, expected finite ones; "
            + "the model's weights are damaged, or its training diverged"
    }
}

extension Decoder {
    /// A prompt that is being read or continued in a slot.
    private struct Sequence {
        var prompt: Int
        /// Tokens that the model has had.
        var position = 0
        var written: [Int32] = []
        var random: RandomStream
    }

    /// Writes on behind each prompt. A slot whose sequence has ended takes the next prompt. `pause` is called before every round and ends the
    /// work when it throws.
    ///
    /// What is written behind a prompt follows from the prompt, the settings and, when tokens are drawn, the prompt's place in the list.
    /// - `prompts`: each of at least one token and at most `positionCount`.
    public func generate(_ prompts: [[Int32]], _ settings: GenerationSettings, pause: () throws -> Void = {}) throws -> [Generation] {
        for prompt in prompts { precondition((1...positionCount).contains(prompt.count), "a prompt of \(prompt.count) tokens, of at most \(positionCount)") }
        takeWeights()
        var results = [Generation](repeating: Generation(tokens: [], end: .length), count: prompts.count)
        var slots = [Sequence?](repeating: nil, count: slotCount)
        var next = 0
        func fill(_ slot: Int) {
            slots[slot] = nil
            guard next < prompts.count, settings.maxNewTokens > 0 else { return }
            slots[slot] = Sequence(prompt: next, random: settings.sampling.stream(prompt: next))
            next += 1
        }
        for slot in slots.indices { fill(slot) }
        while slots.contains(where: { $0 != nil }) {
            try pause()
            let steps = steps(slots, prompts)
            forward(steps)
            var row = 0
            for step in steps {
                guard var sequence = slots[step.slot] else { continue }
                sequence.position += step.tokens.count
                if step.wantsLogits {
                    guard let token = settings.sampling.choose(logits(row), &sequence.random) else {
                        throw GenerationError(prompt: sequence.prompt, token: sequence.written.count)
                    }
                    row += 1
                    let isStop = settings.stopTokens.contains(token)
                    if !isStop { sequence.written.append(token) }
                    let end: Generation.End? =
                        isStop ? .stop(token)
                        : sequence.written.count == settings.maxNewTokens ? .length : sequence.position == positionCount ? .full : nil
                    if let end {
                        results[sequence.prompt] = Generation(tokens: sequence.written, end: end)
                        fill(step.slot)
                        continue
                    }
                }
                slots[step.slot] = sequence
            }
        }
        return results
    }

    /// The next round: a token for each sequence that is being continued, and of prompts as many as there is room for.
    private func steps(_ slots: [Sequence?], _ prompts: [[Int32]]) -> [Step] {
        var room = rowCapacity
        var steps: [Step] = []
        for (slot, sequence) in slots.enumerated() {
            guard let sequence, sequence.position >= prompts[sequence.prompt].count else { continue }
            steps.append(Step(slot: slot, position: sequence.position, tokens: sequence.written.suffix(1)))
            room -= 1
        }
        for (slot, sequence) in slots.enumerated() where room > 0 {
            guard let sequence, sequence.position < prompts[sequence.prompt].count else { continue }
            let prompt = prompts[sequence.prompt]
            let tokens = prompt[sequence.position..<min(sequence.position + room, prompt.count)]
            steps.append(Step(slot: slot, position: sequence.position, tokens: tokens, wantsLogits: tokens.endIndex == prompt.count))
            room -= tokens.count
        }
        return steps
    }
}
