import HDF5
import Settings
import Testing

@testable import Results

@Suite struct PublishTests {
    let folder: TemporaryFolder
    var path: String { folder.file("a.h5") }

    init() throws { folder = try TemporaryFolder() }

    func published(_ runs: [RunRecord] = Fabricated.runs) throws -> PublishedFile {
        try Publisher.publish(experiment: Fabricated.experiment, runs: runs, stages: Fabricated.stages, to: path)
        return try PublishedFile(path)
    }

    /// Equality in which NaN equals NaN.
    func same(_ a: some Sequence<Double>, _ b: some Sequence<Double>) -> Bool {
        let (a, b) = (Array(a), Array(b))
        return a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
    }

    @Test func theComparatorRefusesWrongAnswers() {
        #expect(same([1, .nan], [1, .nan]))
        #expect(!same([1, .nan], [.nan, 1]) && !same([1], [1, 1]) && !same([0], [1]))
    }

    @Test func summaryAndAttributes() throws {
        let file = try published()
        #expect(file.experiment == Fabricated.experiment)
        #expect(file.runs == ["a0", "a1", "b0", "b1", "c0"])
        #expect(
            file.columns.map(\.name) == [
                "arm", "strategy.blocks", "seed", "train.learning_rate", "strategy", "parameters.base", "parameters.added",
                "parameters.trained", "cost.flops", "cost.seconds", "cost.memory", "loss.general", "loss.law", "loss.bio medicine", "loss.code", "bits_per_byte.general",
                "bits_per_byte.law", "bits_per_byte.bio medicine", "bits_per_byte.code", "accuracy.law", "OP", "BWT", "forgetting",
            ])
        #expect(file.column("arm")?.values == .texts(["sequential", "sequential", "expansion | 2", "expansion | 2", "frozen"]))
        #expect(file.column("seed")?.values == .integers([0, 1, 0, 1, 0]))
        #expect(file.column("seed")?.role == .axis && file.column("strategy")?.role == .label && file.column("OP")?.role == .metric)
        #expect(same(file.column("cost.flops")!.numbers, [3e9, 3e9, 3e9, 3e9, 0]) && file.column("cost.flops")?.unit == "flop")
        #expect(same(file.column("cost.seconds")!.numbers, [1.5, 1.5, 1.5, 1.5, 0]) && same(file.column("cost.memory")!.numbers, [1.5e6, 1.5e6, 1.5e6, 1.5e6, 0]))
        #expect(file.column("loss.law")?.meaning == "held-out loss on law at the end of the stream" && file.column("loss.law")?.unit == "nats/token")
        #expect(same(file.column("strategy.blocks")!.numbers, [.nan, .nan, 2, 2, .nan]))
        #expect(file.column("strategy.blocks")?.text(run: 0) == nil && file.column("strategy.blocks")?.text(run: 2) == "2")
        #expect(same(file.column("loss.general")!.numbers, [3.5, 3.75, 3, 3, 3]))
        #expect(same(file.column("loss.code")!.numbers, [.nan, .nan, .nan, .nan, 5]))
        #expect(same(file.column("BWT")!.numbers, [-0.5, -0.25, 0.125, .nan, .nan]))
    }

    @Test func matricesArePaddedWithNaN() throws {
        let file = try published()
        #expect(file.domains == ["general", "law", "bio medicine", "code"])
        #expect(file.tasks == [["law", "bio"], ["law", "bio"], ["law", "bio"], ["law", "bio"], ["code"]])
        #expect(same(file.losses[run: 1, row: 0], [3.25, 4.25, 4.5, .nan]))
        #expect(same(file.losses[run: 1, row: 2], [3.75, 2.25, 2.5, .nan]))
        #expect(same(file.losses[run: 4, row: 1], [3, .nan, .nan, 5]))
        #expect(same(file.losses[run: 4, row: 2], [.nan, .nan, .nan, .nan]))
        #expect(file.losses[run: 0, row: 2, domain: 1] == 2)
        #expect(same(file.bitsPerByte[run: 0, row: 0], [1.5, 2, 2.25, .nan]))
        #expect(same(file.scores[run: 0, row: 1], [.nan, 0.75, .nan, .nan]))
        #expect(same(file.randomLosses[4], [7, .nan, .nan, 8]))
        #expect(file.stages[0] == ["base 0", "a0 law", "a0 bio"] && file.stages[4] == ["other base", "other base", ""])
        #expect(same(file.flops[0], [9e9, 1e9, 2e9]) && same(file.seconds[4], [9, 0, .nan]))
        #expect(same(file.randomScores[0], [.nan, 0.25, .nan, .nan]))
    }

    @Test func curvesAndEvaluations() throws {
        let file = try published()
        let curve = try file.curve(run: "b0")
        let expected = Fabricated.runs[2].curve
        #expect(curve.steps == expected.steps && curve.stages == expected.stages && curve.tokens == expected.tokens)
        #expect(curve.losses == expected.losses && curve.learningRates == expected.learningRates && curve.seconds == expected.seconds)
        #expect(same(curve.gradientNorms, expected.gradientNorms))
        let (domains, evaluations) = try file.evaluations(run: "b0")
        #expect(domains == ["general", "law", "bio medicine"])
        #expect(evaluations == Fabricated.runs[2].evaluations)
        #expect(try file.configuration(run: "b0") == #"{"name":"Größe","seed":0}"#)
        #expect(try file.curve(run: "c0") == LearningCurve())
        #expect(throws: PublishedFileError.self) { try file.curve(run: "none") }
    }

    @Test func everyAxisOfEveryVariableHasItsScale() throws {
        _ = try published()
        func check(_ group: Group) throws -> Int {
            var count = 0
            for name in try group.datasetNames() {
                let dataset = try group.dataset(name)
                if try dataset.isScale() {
                    #expect(dataset.shape.count == 1)
                } else {
                    let scales = try dataset.scaleNames()
                    #expect(!scales.contains(nil) && Set(scales).count == dataset.shape.count, "\(group.path)/\(name)")
                    for (length, scale) in zip(dataset.shape, scales) {
                        #expect(try group.dataset(try #require(scale)).shape == [length])
                    }
                    count += 1
                }
            }
            for name in try group.groupNames() { count += try check(try group.group(name)) }
            return count
        }
        #expect(try check(try File(path).root) == 23 + 10 + 5 * 9 + 8)
    }

    @Test func noRunsAtAll() throws {
        let file = try published([])
        #expect(file.runs == [] && file.domains == [] && file.tasks == [])
        #expect(SummaryTable().table(of: file).rows == [])
        #expect(StreamTable().table(of: file).rows == [])
    }

    @Test func equalRecordsGiveEqualBytes() throws {
        _ = try published()
        let first = try bytes(of: path)
        _ = try published()
        #expect(try bytes(of: path) == first)
    }

    @Test func axesTakeTheNarrowestForm() {
        #expect(Column.Values([1, 2]) == .integers([1, 2]))
        #expect(Column.Values([1, 2.5]) == .numbers([1, 2.5]))
        #expect(Column.Values([1, "a", .null, true, ["x", 2]]) == .texts(["1", "a", "", "true", #"["x",2]"#]))
        #expect(Column.Values([.null]) == .texts([""]))
        #expect(Column(name: "x", role: .axis, values: .numbers([8, 0.001])).text(run: 0) == "8")
        #expect(Column(name: "x", role: .axis, values: .numbers([8, 0.001])).text(run: 1) == "0.001")
    }

    @Test func recordsThatDoNotFit() throws {
        func refuses(_ expected: String, _ change: (inout RunRecord) -> Void) {
            var run = Fabricated.runs[0]
            change(&run)
            let error = #expect(throws: PublishError.self) {
                try Publisher.publish(experiment: Fabricated.experiment, runs: [run], to: path)
            }
            #expect(error?.description == expected)
        }
        refuses("run 'a0': found 2 in losses, expected 3 rows, one for the base and one for every task") { $0.losses.removeLast() }
        refuses("run 'a0': found 2 in a row of scores, expected 3 values, one for every domain") { $0.scores[1] = [1, 2] }
        refuses("run 'a0': found 4 in bitsPerByte, expected 3 rows, one for the base and one for every task") { $0.bitsPerByte.append([]) }
        refuses("run 'a0': found 2 in stages, expected 3 keys, one for the base and one for every task") { $0.stages.removeLast() }
        refuses("run 'a0': found 2 in costs, expected 3 costs, one for the base and one for every task") { $0.costs.removeLast() }
        refuses("run 'a0': found 1 in dataHashes, expected 3 hashes, one for every domain") { $0.dataHashes = ["a"] }
        refuses("run 'a0': found 0 in randomLosses, expected 3 values, one for every domain") { $0.randomLosses = [] }
        refuses("run 'a0': found 1 in randomScores, expected 3 values, one for every domain") { $0.randomScores = [1] }
        refuses("run 'a0': found 2 in curve.tokens, expected 3 values, one for every step") { $0.curve.tokens.removeLast() }
        refuses("run 'a0': found 1 in evaluations.losses, expected 2 rows, one for every step") { $0.evaluations.losses.removeLast() }
        refuses("run 'a0': found 1 in evaluations.stages, expected 2 values, one for every step") { $0.evaluations.stages.removeLast() }
        refuses("run 'a0': found 0 in a row of evaluations.losses, expected 3 values, one for every domain") { $0.evaluations.losses[0] = [] }
        refuses("run 'a/b': found the run 'a/b', expected a name without '/'; rename it") { $0.id = "a/b" }
        refuses("run 'a0': found the domain '', expected a name without '/'; rename it") { $0.domains[0] = "" }
        refuses("run 'a0': found the axis 'my arm', expected a name without blanks; rename it") { $0.axes[0].name = "my arm" }
        refuses("run 'a0': found the axis 'arm' twice, expected every axis once") { $0.axes[2].name = "arm" }
        refuses("run 'a0': found the metric 'OP' twice, expected every metric once") { $0.metrics.append(("OP", 1)) }
        refuses("run 'a0': found a number that is not finite in the configuration, expected finite numbers, for JSON has no others") {
            $0.configuration = ["a": [.number(.nan)]]
        }
        refuses("found the name 'OP' for the metric of one column and for another column of the summary, expected a name of its own for every axis and metric; rename the metric") {
            $0.axes[0].name = "OP"
        }
        refuses("found the name 'run' for the axis of one column and for another column of the summary, expected a name of its own for every axis and metric; rename the axis") {
            $0.axes[0].name = "run"
        }
        #expect(throws: PublishError.self) {
            try Publisher.publish(experiment: Fabricated.experiment, runs: [Fabricated.runs[0], Fabricated.runs[0]], to: path)
        }
        #expect(try folder.names() == [])
    }
}
