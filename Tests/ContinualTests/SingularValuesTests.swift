import Continual
import Corpus
import Kernels
import Llama
import Settings
import TestSupport
import Testing

@testable import Training

@Suite struct SingularValuesTests {
    private func random(_ rows: Int, _ columns: Int, seed: Int = 1) -> [Float] {
        var random = RandomStream(seed: seed, "matrix")
        return (0..<rows * columns).map { _ in Float(random.normal()) }
    }

    /// (3, 0; 4, 5) has the singular values sqrt(45) and sqrt(5), and u_1 = (1, 3) / sqrt(10), v_1 = (1, 1) / sqrt(2).
    @Test func byHand() {
        let found = SingularValues([3, 0, 4, 5], rows: 2, columns: 2)
        func distance(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { abs(abs($0) - $1) }.max() ?? 1 }
        #expect(distance(found.values, [6.708_203_932_499_369, 2.236_067_977_499_79]) < 1e-12)
        #expect(distance(found.left[0], [0.316_227_766_016_837_9, 0.948_683_298_050_513_8]) < 1e-12)
        #expect(distance(found.right[0], [0.707_106_781_186_547_5, 0.707_106_781_186_547_5]) < 1e-12)
        #expect(found.right[0][0] * found.left[0][0] > 0)
    }

    @Test(arguments: [(1, 1), (1, 5), (7, 3), (3, 7), (9, 9), (20, 12)])
    func anyShape(rows: Int, columns: Int) {
        let matrix = random(rows, columns)
        let found = SingularValues(matrix, rows: rows, columns: columns)
        #expect(found.values.count == min(rows, columns) && found.values == found.values.sorted(by: >))
        for i in 0..<rows {
            for j in 0..<columns {
                var sum = 0.0
                for k in found.values.indices { sum += found.values[k] * found.left[k][i] * found.right[k][j] }
                #expect(abs(sum - Double(matrix[i * columns + j])) < 1e-12)
            }
        }
        for vectors in [found.left, found.right] {
            for (k, x) in vectors.enumerated() { for (l, y) in vectors.enumerated() { #expect(abs(Subspace.dot(x, y) - (k == l ? 1 : 0)) < 1e-12) } }
        }
    }

    @Test func aMatrixOfLowRank() {
        let found = SingularValues([1, 2, 2, 4, 3, 6], rows: 3, columns: 2)
        #expect(abs(found.values[0] - 8.366_600_265_340_756) < 1e-12 && found.values[1] < 1e-12)
        #expect(SingularValues([0, 0, 0, 0], rows: 2, columns: 2).values == [0, 0])
    }

    // MARK: OSFT

    private func trained(keep: Double, threads: Int = 1) throws -> (before: LlamaModel, after: LlamaModel) {
        let base = try StrategyTests().base()
        let before = try StrategyTests().stored(base)
        let strategy = try StrategyTests().strategy(["kind": "osft", "keep": .number(keep)])
        try strategy.prepare(base, phase: 0, seed: 1)
        let settings = TrainingSettings(settings: try Settings(["steps": 6, "batch_size": 2, "learning_rate": 0.01, "sequence_length": 8], fields: TrainingSettings.fields))
        var random = RandomStream(seed: 2, "text")
        let text = (0..<90).map { _ in Int32(random.below(11)) }
        let compute = Compute(threads: threads)
        let retention = try strategy.retention(PhaseContext(model: base, phase: 0, seed: 1, settings: settings, compute: compute, before: { before }))
        let trainer = Trainer(
            base, settings, batches: try .init(domains: [text], weights: [1], sequenceLength: 8, seed: 1, label: "text"), retention: retention, compute)
        try trainer.train(record: { _ in }, evaluate: { _ in })
        return (before, base)
    }

    /// The leading directions of every projection are as they were; the others learn.
    @Test func leadingDirectionsAreKept() throws {
        let (before, after) = try trained(keep: 0.5)
        for (old, new) in zip(before.blocks, after.blocks) {
            for ((name, linear), (_, other)) in zip(old.linears, new.linears) {
                let (rows, columns) = (linear.weight.shape[0], linear.weight.shape[1])
                let change = (0..<linear.weight.count).map { Double(other.weight.values.base[$0]) - Double(linear.weight.values.base[$0]) }
                let size = change.map(abs).max() ?? 0
                #expect(size > 1e-3, "\(name) has learned")
                let directions = SingularValues(linear.weight.values.base, rows: rows, columns: columns)
                let kept = Int((0.5 * Double(min(rows, columns))).rounded())
                func left(_ k: Int) -> Double {
                    var largest = 0.0
                    for j in 0..<columns {
                        var sum = 0.0
                        for i in 0..<rows { sum += directions.left[k][i] * change[i * columns + j] }
                        largest = max(largest, abs(sum))
                    }
                    return largest
                }
                func right(_ k: Int) -> Double {
                    (0..<rows).map { abs(Subspace.dot(directions.right[k], Array(change[$0 * columns..<($0 + 1) * columns]))) }.max() ?? 0
                }
                for k in 0..<kept { #expect(left(k) < 1e-6 && right(k) < 1e-6, "\(name) \(k)") }
                #expect(left(kept) > 1e-4 && right(kept) > 1e-4)
            }
        }
        #expect(before.embedding.values.values == after.embedding.values.values && before.norm.values.values == after.norm.values.values)
        #expect(try trained(keep: 0.5, threads: 3).after.encoded() == after.encoded())
    }

    @Test func allOrNothingIsKept() throws {
        let (before, after) = try trained(keep: 1)
        for (old, new) in zip(before.parameters, after.parameters) { #expect(relativeError(new.values.values, old.values.values) < 1e-5, "\(old.name)") }
        let (_, free) = try trained(keep: 0)
        #expect(relativeError(free.blocks[1].up.weight.values.values, before.blocks[1].up.weight.values.values) > 0.1)
    }
}
