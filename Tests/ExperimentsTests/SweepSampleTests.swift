import Experiments
import Kernels
import Settings
import Testing

@Suite struct SweepSampleTests {
    private static let grid = "sweep: {grid: {a: [1, 2, 3, 4, 5], b: [1, 2, 3, 4]}"

    private func sweep(_ text: String, _ words: [String] = []) throws -> Sweep {
        var document = try ExperimentDocument(text: text, file: "e")
        try document.apply(Override.parse(words).overrides)
        return try Sweep(document)
    }

    private func labels(_ sample: String, _ words: [String] = []) throws -> [String] {
        try sweep(Self.grid + ", sample: \(sample)}", words).points.map(\.label)
    }

    private func message(_ text: String, _ words: [String] = []) -> String {
        do { return "\(try sweep(text, words).points.count) runs" } catch { return "\(error)" }
    }

    /// A shuffle of all places, of which the first are taken.
    private func shuffled(_ total: Int, seed: Int) -> [Int] {
        var random = RandomStream(seed: seed, "sweep.sample")
        var places = Array(0..<total)
        for place in places.indices { places.swapAt(place, place + random.below(total - place)) }
        return places
    }

    @Test func drawsWithoutRepetitionInTheOrderOfTheGrid() throws {
        let all = try sweep(Self.grid + "}").points.map(\.label)
        #expect(all.count == 20)
        for seed in 0..<4 {
            let places = shuffled(20, seed: seed)
            for count in 1...20 {
                #expect(try labels("{count: \(count), seed: \(seed)}") == places[..<count].sorted().map { all[$0] })
            }
        }
        #expect(try labels("7") == labels("{count: 7}") && labels("7") == labels("{count: 7, seed: 0}"))
        #expect(try labels("7") != labels("{count: 7, seed: 1}"))
    }

    @Test func aLargerSampleHasAllOfASmallerOne() throws {
        for count in 1..<20 { #expect(try Set(labels("\(count)")).isSubset(of: labels("\(count + 1)"))) }
    }

    @Test func everyPointIsAsLikely() throws {
        var counts = [Int](repeating: 0, count: 20)
        let all = try sweep(Self.grid + "}").points.map(\.label)
        for seed in 0..<400 { for label in try labels("{count: 5, seed: \(seed)}") { counts[try #require(all.firstIndex(of: label))] += 1 } }
        // Binomial with mean 100 and deviation 8.7: five deviations.
        #expect(counts.allSatisfy { (57...143).contains($0) }, "\(counts)")
    }

    @Test func drawsFromAllArms() throws {
        let arms = "sweep: {arms: [{a: 1}, {a: 2, grid: {b: [1, 2, 3]}}, {a: 3}], grid: {c: [1, 2]}"
        let all = try sweep(arms + "}").points.map(\.label)
        #expect(all.count == 10)
        for count in 1...10 {
            let sweep = try sweep(arms + ", sample: \(count)}")
            #expect(sweep.points.map(\.label) == shuffled(10, seed: 0)[..<count].sorted().map { all[$0] })
            #expect(sweep.gridCount == 10 && sweep.sample == SweepSample(count: count))
        }
    }

    @Test func theCommandLineDraws() throws {
        #expect(try sweep(Self.grid + "}", ["sweep.sample=3"]).points.count == 3)
        #expect(try sweep(Self.grid + "}", ["sweep.sample={count: 3, seed: 8}"]).sample == SweepSample(count: 3, seed: 8))
        #expect(try labels("{count: 3}", ["sweep.sample.seed=8"]) == labels("{count: 3, seed: 8}"))
        #expect(try sweep(Self.grid + ", sample: 3}", ["sweep.sample=null"]).points.count == 20)
    }

    /// Only what is drawn is made.
    @Test func gridsTooLargeToRunCanBeDrawnFrom() throws {
        let axis = "[" + (0..<200).map(String.init).joined(separator: ", ") + "]"
        let axes = (0..<6).map { "a\($0): \(axis)" }.joined(separator: ", ")
        let sweep = try sweep("sweep: {grid: {\(axes)}, sample: 50}")
        #expect(sweep.gridCount == 64_000_000_000_000 && sweep.points.count == 50)
        #expect(Set(sweep.points.map(\.root)).count == 50)
        #expect(message("sweep: {grid: {\(axes)}, sample: 100001}").contains("found more than 100000 runs"))
        let more = (0..<12).map { "a\($0): \(axis)" }.joined(separator: ", ")
        #expect(message("sweep: {grid: {\(more)}, sample: 5}").contains("sweep.sample: found a sample of more points than can be counted"))
    }

    @Test(arguments: [
        ("21", "e:1:62: sweep.sample: found 21, expected at most 20, which is all that the sweep has; leave it out to run them all"),
        ("{count: 21}", "e:1:70: sweep.sample.count: found 21, expected at most 20"), ("0", "e:1:62: sweep.sample: found 0, expected "),
        ("1.5", "e:1:62: sweep.sample: found 1.5, expected "), ("{seed: 3}", "e:1:62: sweep.sample: found no key 'count', expected "),
        ("{count: 3, sed: 3}", "e:1:73: sweep.sample.sed: found an unknown key 'sed', expected one of count, seed; did you mean 'seed'?"),
        ("{count: 3, seed: -1}", "e:1:79: sweep.sample.seed: found -1, expected a whole number from 0 up"),
    ])
    func refuses(sample: String, message: String) {
        let found = self.message(Self.grid + ", sample: \(sample)}")
        #expect(found.hasPrefix(message), "\(found)")
    }

    @Test func theTablesSayIt() throws {
        let whole = try TinyExperiment.experiment(words: ["seed=range(0,5)"])
        #expect(whole.notes.isEmpty && whole.gridCount == 5)
        let sample = try TinyExperiment.experiment(words: ["seed=range(0,5)", "sweep.sample=2"])
        #expect(sample.runs.map(\.id) == ["run000", "run001"])
        #expect(sample.notes == ["The runs are a sample: 2 of the 5 points of the sweep, drawn with seed 0."])
    }
}
