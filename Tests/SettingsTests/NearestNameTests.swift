import Testing

@testable import Settings

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ab", 1), ("abc", "xabc", 1),
        ("abc", "acb", 1), ("ca", "abc", 3), ("kitten", "sitting", 3), ("steps", "setps", 1), ("é", "e", 1),
    ])
    func distance(a: String, b: String, expected: Int) {
        #expect(editDistance(a, b) == expected)
        #expect(editDistance(b, a) == expected)
    }

    @Test func theNearestNameIsOffered() {
        let names = ["steps", "batch_size", "learning_rate", "warmup_ratio", "r"]
        #expect(nearestAdvice(to: "step", among: names) == "did you mean 'steps'?")
        #expect(nearestAdvice(to: "batchSize", among: names) == "did you mean 'batch_size'?")
        #expect(nearestAdvice(to: "warmup", among: names) == "did you mean 'warmup_ratio'?")
    }

    @Test func nothingIsOfferedWhenNothingIsNear() {
        #expect(nearestAdvice(to: "tokenizer", among: ["steps", "seed"]) == "")
        #expect(nearestAdvice(to: "k", among: ["r"]) == "")
        #expect(nearestAdvice(to: "x", among: []) == "")
    }

    @Test func amongEquallyNearNamesTheFirstOfTheAlphabet() {
        #expect(nearestAdvice(to: "cat", among: ["hat", "bat"]) == "did you mean 'bat'?")
    }
}
