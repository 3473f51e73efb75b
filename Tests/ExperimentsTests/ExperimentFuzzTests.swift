import Experiments
import Kernels
import Settings
import Testing

/// Experiment files and command lines changed at random are read or refused with an `ExperimentError`; nothing traps.
@Suite struct ExperimentFuzzTests {
    static let text = """
        name: block-count  # a comment
        base: &base
          model: {hidden_size: 64, num_hidden_layers: 4}
          train: {steps: 3000, learning_rate: 3.0e-3}
        data:
          law: {text: "${data}/law/*.txt"}
          'quoted': |
            block text
        other: *base
        stream: [law, code]
        sweep:
          arms:
            - {strategy: {kind: sequential}}
            - {name: lora, strategy: {kind: lora, r: 8}, grid: {strategy.r: [1, 2]}}
          grid:
            seed: [0, 1]
        """

    /// The number of runs, or 0 when the input is refused.
    private func runCount(of text: String, _ words: [String]) -> Int {
        let result = Result { () throws(ExperimentError) in try expanded(text, words) }
        if case .failure(let error) = result { #expect(!error.description.contains("\n")) }
        return (try? result.get()) ?? 0
    }

    private func expanded(_ text: String, _ words: [String]) throws(ExperimentError) -> Int {
        var document = try ExperimentDocument(text: text, file: "e")
        let parsed = try Override.parse(words, reserved: ["data"])
        try document.apply(parsed.overrides)
        try document.substituteData(argument: parsed.reserved["data"], environment: "/d")
        return try Sweep(document).points.count
    }

    @Test func mutatedBytes() {
        var random = RandomStream(seed: 1, "yaml bytes")
        let seed = Array(Self.text.utf8)
        let signs = Array("\t\n :-[]{},&*#?|>!%@\"'$<~0e.".utf8)
        var loadedCount = 0
        for _ in 0..<1_500 {
            var bytes = seed
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(random.pick(signs), at: place)
                default: bytes.insert(contentsOf: bytes[place..<min(place + random.below(20), bytes.count)], at: random.below(bytes.count))
                }
            }
            if runCount(of: String(decoding: bytes, as: UTF8.self), []) > 0 { loadedCount += 1 }
        }
        #expect((100..<1_400).contains(loadedCount))
    }

    @Test func mutatedLines() {
        var random = RandomStream(seed: 2, "yaml lines")
        let seed = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var loadedCount = 0
        for _ in 0..<1_000 {
            var lines = seed
            for _ in 0...random.below(2) {
                let place = random.below(lines.count)
                switch random.below(4) {
                case 0: lines.remove(at: place)
                case 1: lines.insert(lines[random.below(lines.count)], at: place)
                case 2: lines[place] = String(repeating: " ", count: random.below(6)) + lines[place].drop { $0 == " " }
                default: lines.swapAt(place, random.below(lines.count))
                }
            }
            if runCount(of: lines.joined(separator: "\n"), []) > 0 { loadedCount += 1 }
        }
        #expect((50..<950).contains(loadedCount))
    }

    @Test func mutatedWords() {
        var random = RandomStream(seed: 3, "words")
        let seeds = [
            "train.steps=100", "strategy.blocks=1,2,4", "seed=range(1,33)", "sweep.arms[1].strategy={kind: lora, r: 8}", "data=/x",
            "sweep=null", "sweep.grid.a=[1]",
        ]
        let signs = Array("=.,[](){}\"'0+~ :*&!#-".unicodeScalars)
        var loadedCount = 0
        for _ in 0..<1_000 {
            let words = (0...random.below(2)).map { _ in
                var word = Array(random.pick(seeds).unicodeScalars)
                for _ in 0..<random.below(3) where !word.isEmpty {
                    let place = random.below(word.count)
                    if random.below(2) == 0 { word.remove(at: place) } else { word.insert(random.pick(signs), at: place) }
                }
                return word.reduce(into: "") { $0.unicodeScalars.append($1) }
            }
            if runCount(of: "a: \"x\"\ndata: {a: \"${data}\"}\nsweep: {arms: [{a: 1}, {b: 1}], grid: {seed: [1]}}\n", words) > 0 {
                loadedCount += 1
            }
        }
        #expect((100..<950).contains(loadedCount))
    }
}
