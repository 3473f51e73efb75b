import Kernels
import Settings
import Testing

@testable import Corpus

@Suite struct BatchesTests {
    private func batches(_ counts: [Int], weights: [Double]? = nil, length: Int = 7, seed: Int = 1, label: String = "train") throws -> Batches {
        // Domain d holds 1000 d, 1000 d + 1 ...: a token tells its place.
        let domains = counts.enumerated().map { domain, count in (0..<count).map { Int32(1000 * domain + $0) } }
        return try Batches(domains: domains, weights: weights ?? counts.map { _ in 1 }, sequenceLength: length, seed: seed, label: label)
    }

    @Test func targetsFollowInputs() throws {
        var batches = try batches([100, 200])
        let batch = batches.next(batchSize: 5)
        #expect(batch.inputs.count == 35 && batch.targets.count == 35)
        #expect(batch.targets == batch.inputs.map { $0 + 1 })
        for row in 0..<5 { #expect(Array(batch.inputs[row * 7..<row * 7 + 7]) == (0..<7).map { batch.inputs[row * 7] + $0 }) }
    }

    @Test func everyWindowOnceAnEpoch() throws {
        var batches = try batches([100])
        var offsets: Set<Int32> = []
        var orders: Set<[Int32]> = []
        for _ in 0..<20 {
            // 13 or 14 windows of 7 fit, by the offset; the first window's start modulo 7 tells it.
            let first = batches.next(batchSize: 1).inputs[0]
            let offset = first % 7
            let windows = (99 - Int(offset)) / 7
            let starts = [first] + (1..<windows).map { _ in batches.next(batchSize: 1).inputs[0] }
            #expect(starts.sorted() == (0..<windows).map { offset + 7 * Int32($0) })
            offsets.insert(offset)
            orders.insert(starts)
        }
        #expect(offsets.count >= 5)
        #expect(orders.count == 20)
    }

    @Test func shortestText() throws {
        var batches = try batches([8])
        #expect(batches.next(batchSize: 3).inputs == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6])
    }

    @Test func weights() throws {
        var batches = try batches([300, 300, 300], weights: [3, 0, 1])
        let domains = batches.next(batchSize: 2000).inputs.enumerated().filter { $0.offset % 7 == 0 }.map { $0.element / 1000 }
        let first = domains.count { $0 == 0 }
        #expect(!domains.contains(1))
        // 1500 expected; the standard deviation is 19.
        #expect((1400...1600).contains(first))
    }

    @Test func seedAndLabelMatter() throws {
        var first = try batches([500]), same = try batches([500]), seed = try batches([500], seed: 2), label = try batches([500], label: "replay")
        let expected = first.next(batchSize: 20)
        #expect(same.next(batchSize: 20) == expected)
        #expect(seed.next(batchSize: 20) != expected)
        #expect(label.next(batchSize: 20) != expected)
    }

    @Test func batchSizeDoesNotMatter() throws {
        var whole = try batches([100, 60]), parts = try batches([100, 60])
        let inputs = whole.next(batchSize: 60).inputs
        #expect((0..<12).flatMap { _ in parts.next(batchSize: 5).inputs } == inputs)
    }

    @Test func resumedEqualsUninterrupted() throws {
        var whole = try batches([100, 60], weights: [2, 1])
        for _ in 0..<40 {
            let cursor = whole.cursor
            var resumed = try batches([100, 60], weights: [2, 1])
            _ = resumed.next(batchSize: 3)
            try resumed.restore(try Value(json: cursor.canonicalJSON))
            #expect(resumed.cursor == cursor)
            let expected = whole.next(batchSize: 3)
            #expect(resumed.next(batchSize: 3) == expected)
        }
        #expect(whole.cursor["places"]?.asList?.first?["epoch"]?.asInteger ?? 0 > 2)
    }

    @Test func cursorsOfAnotherRun() throws {
        var batches = try batches([100])
        let good = batches.cursor
        let choices = try #require(good["choices"])
        let wrong: [Value] = [
            nil, [:], ["choices": choices], ["choices": choices, "places": []], ["choices": choices, "places": [["epoch": 0, "taken": 15]]],
            ["choices": choices, "places": [["epoch": -1, "taken": 0]]], ["choices": choices, "places": [["epoch": 0, "taken": -1]]],
            ["choices": choices, "places": [["epoch": .integer(.max), "taken": 0]]], ["choices": choices, "places": [["epoch": 0.5, "taken": 0]]],
            ["choices": choices, "places": [["epoch": 0, "taken": 0], ["epoch": 0, "taken": 0]]],
            ["choices": [0, 0, 0, 0], "places": [["epoch": 0, "taken": 0]]], ["choices": [1, 2, 3], "places": [["epoch": 0, "taken": 0]]],
        ]
        for cursor in wrong { #expect(throws: CorpusError.self) { try batches.restore(cursor) } }
        #expect(batches.cursor == good)
    }

    @Test func tooShort() throws {
        let error = try #require(throws: CorpusError.self) { try batches([7]) }
        #expect(error.description.contains("7 tokens") && error.description.contains("at least 8"))
        let second = try #require(throws: CorpusError.self) { try batches([100, 0]) }
        #expect(second.place.contains("text 2 of 2"))
        // A text that is never drawn may be short.
        _ = try batches([100, 0], weights: [1, 0])
    }

    @Test func uselessWeights() {
        for weights in [[0, 0], [1, -1], [.nan, 1], [.infinity, 1], [.greatestFiniteMagnitude, .greatestFiniteMagnitude]] as [[Double]] {
            #expect(throws: CorpusError.self) { try batches([100, 100], weights: weights) }
        }
    }
}
