import Kernels
import Settings

/// How the next token is chosen from the logits.
public struct Sampling: Sendable, Hashable {
    /// What logits are divided by; 0 takes the most likely token.
    public var temperature: Double
    /// Tokens that are left to choose from, the most likely ones; 0 leaves all.
    public var topK: Int
    /// Of those, as few of the most likely ones as have this probability together; 1 leaves all.
    public var topP: Double
    public var seed: Int

    /// The most likely token, always.
    public static let greedy = Sampling(temperature: 0)

    public init(temperature: Double, topK: Int = 0, topP: Double = 1, seed: Int = 0) {
        (self.temperature, self.topK, self.topP, self.seed) = (temperature, topK, topP, seed)
    }

    /// The random numbers of one prompt: its own stream, so that no other prompt changes what is drawn for it.
    func stream(prompt: Int) -> RandomStream { RandomStream(seed: seed, "generate/\(prompt)") }

    /// The chosen token; nil when a logit is not finite. Of equally likely tokens the one with the smaller number comes first.
    ///
    /// In the order of transformers: temperature, top-k, softmax, top-p. Source of top-p: Holtzman et al. 2020, arXiv 1904.09751.
    public func choose(_ logits: UnsafeBufferPointer<Float>, _ random: inout RandomStream) -> Int32? {
        var best = 0
        for index in logits.indices {
            guard logits[index].isFinite else { return nil }
            if logits[index] > logits[best] { best = index }
        }
        guard temperature > 0 else { return Int32(best) }
        let largest = Double(logits[best])
        var order = Array(logits.indices)
        if topK > 0 || topP < 1 { order.sort { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 < $1 } }
        if topK > 0 { order = Array(order.prefix(topK)) }
        let weights = order.map { ExactMath.exp((Double(logits[$0]) - largest) / temperature) }
        var total = weights.reduce(0, +)
        if topP < 1 {
            let limit = topP * total
            var (sum, count) = (0.0, 0)
            repeat {
                sum += weights[count]
                count += 1
            } while sum < limit && count < weights.count
            (total, order) = (sum, Array(order.prefix(count)))
        }
        var left = random.uniform() * total
        for (index, weight) in zip(order, weights) {
            left -= weight
            if left < 0 { return Int32(index) }
        }
        return Int32(order[order.count - 1])
    }
}
