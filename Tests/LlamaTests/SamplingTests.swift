import Foundation
import Kernels
import Llama
import Testing

@Suite struct SamplingTests {
    /// Logarithms of probabilities 0.1, 0.4, 0.2, 0.05, 0.25, moved by a constant.
    static let logits: [Float] = [0.1, 0.4, 0.2, 0.05, 0.25].map { Float(log($0)) + 3 }

    static func choose(_ sampling: Sampling, _ logits: [Float], _ random: inout RandomStream) -> Int32? {
        logits.withUnsafeBufferPointer { sampling.choose($0, &random) }
    }

    /// Shares of 20,000 draws, with a spread of at most 0.0035 each.
    static func shares(_ sampling: Sampling) -> [Double] {
        var random = RandomStream(seed: 4, "shares")
        var counts = [0, 0, 0, 0, 0]
        for _ in 0..<20_000 { counts[Int(choose(sampling, logits, &random) ?? 0)] += 1 }
        return counts.map { Double($0) / 20_000 }
    }

    /// With the shares that each has of the draws.
    static let cases: [(sampling: Sampling, shares: [Double])] = [
        (Sampling(temperature: 1), [0.1, 0.4, 0.2, 0.05, 0.25]),
        // Squares over their sum, 0.275.
        (Sampling(temperature: 0.5), [0.01 / 0.275, 0.16 / 0.275, 0.04 / 0.275, 0.0025 / 0.275, 0.0625 / 0.275]),
        (Sampling(temperature: 1, topK: 2), [0, 0.4 / 0.65, 0, 0, 0.25 / 0.65]),
        (Sampling(temperature: 1, topK: 50), [0.1, 0.4, 0.2, 0.05, 0.25]),
        (Sampling(temperature: 1, topP: 0.6), [0, 0.4 / 0.65, 0, 0, 0.25 / 0.65]),
        (Sampling(temperature: 1, topP: 0.7), [0, 0.4 / 0.85, 0.2 / 0.85, 0, 0.25 / 0.85]),
        (Sampling(temperature: 1, topP: 1e-9), [0, 1, 0, 0, 0]),
        // Of the two that top-k leaves, the first has 0.615.
        (Sampling(temperature: 1, topK: 2, topP: 0.6), [0, 1, 0, 0, 0]),
        (.greedy, [0, 1, 0, 0, 0]),
    ]

    @Test(arguments: cases.indices)
    func sharesAreTheProbabilities(index: Int) {
        let (sampling, expected) = Self.cases[index]
        for (found, expected) in zip(Self.shares(sampling), expected) {
            #expect(abs(found - expected) < 0.016, "\(sampling): \(found), \(expected)")
            #expect((found == 0) == (expected == 0))
        }
    }

    @Test func theFirstOfEqualsAndNothingOfWhatIsNotANumber() {
        var random = RandomStream(seed: 1)
        #expect(Self.choose(.greedy, [1, 3, 3, 2], &random) == 1)
        #expect(Self.choose(Sampling(temperature: 1, topK: 1), [1, 3, 3, 2], &random) == 1)
        #expect(Self.choose(Sampling(temperature: 1e-3), [-3e38, 3e38, 0], &random) == 1)
        for bad in [Float.nan, .infinity, -.infinity] {
            #expect(Self.choose(.greedy, [1, bad, 2], &random) == nil)
            #expect(Self.choose(Sampling(temperature: 1), [1, 2, bad], &random) == nil)
        }
    }
}
