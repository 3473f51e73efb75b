import Experiments
@testable import Results
import Testing

/// What stages leave becomes the record of a run, with the metrics of its stream.
@Suite struct RunRecordTests {
    private func records(_ graph: StageGraph) throws -> [RunRecord] {
        let session = try TinySession()
        #expect(try session.run(graph).isEmpty)
        return try RunRecord.records(of: graph, store: session.store)
    }

    private func metric(_ name: String, _ record: RunRecord) throws -> Double {
        try #require(record.metrics.first { $0.name == name }, "no metric '\(name)'").value
    }

    @Test func everyStrategy() throws {
        let records = try records(TinyExperiment.graph(TinyExperiment.allStrategies))
        #expect(records.map(\.strategy) == ["frozen", "sequential", "joint", "lora", "block-expansion"])
        #expect(records.map(\.id) == ["run000", "run001", "run002", "run003", "run004"])
        #expect(records.allSatisfy { $0.domains == ["lives", "sums", "terms"] && $0.tasks == ["sums", "terms"] })
        #expect(Set(records.map { $0.losses[0] }).count == 1 && Set(records.map(\.randomLosses)).count == 1)
        let (frozen, sequential, joint) = (records[0], records[1], records[2])
        #expect(frozen.losses == [frozen.losses[0], frozen.losses[0], frozen.losses[0]] && frozen.losses[0].allSatisfy { $0.isFinite })
        #expect(joint.losses[1].allSatisfy { $0.isNaN } && joint.losses[2].allSatisfy { $0.isFinite })
        #expect(frozen.losses[0] != frozen.randomLosses)
        #expect(sequential.losses.flatMap { $0 }.allSatisfy { (0..<8).contains($0) })
        #expect(sequential.scores.flatMap { $0 }.allSatisfy { (0...1).contains($0) })

        // Embedding, head and final norm; in each block attention, feed-forward and two norms.
        let block = 16 * 16 * 2 + 16 * 8 * 2 + 3 * 16 * 32 + 32
        let base = 2 * 257 * 16 + 16 + 2 * block
        #expect(records.allSatisfy { $0.parameters.base == base })
        // Rank 2 on the seven projections of two blocks.
        let adapters = 2 * 2 * (2 * (16 + 16) + 2 * (16 + 8) + 3 * (16 + 32))
        #expect(records.map(\.parameters.added) == [0, 0, 0, adapters, 2 * block])
        #expect(records.map(\.parameters.trained) == [0, base, base, adapters, 2 * block])

        #expect(sequential.curve.stages == Array(repeating: "base", count: 3) + Array(repeating: "sums", count: 4) + Array(repeating: "terms", count: 4))
        #expect(sequential.curve.steps == [2, 4, 6, 1, 2, 3, 4, 1, 2, 3, 4])
        #expect(sequential.curve.tokens.prefix(4) == [256, 512, 768, 128])
        #expect(joint.curve.stages.suffix(8) == Array(repeating: "sums + terms", count: 8)[...])
        #expect(frozen.curve.steps == [2, 4, 6])
    }

    @Test func metricsByHand() throws {
        let records = try records(TinyExperiment.graph(TinyExperiment.allStrategies))
        for record in records where record.strategy != "joint" {
            let (L, R) = (record.losses, record.scores)
            let joint = records[2]
            let expected: [(String, Double)] = [
                ("OP", (R[2][1] + R[2][2]) / 2), ("OP_loss", (L[2][1] + L[2][2]) / 2), ("BWT", R[2][1] - R[1][1]), ("BWT_loss", L[1][1] - L[2][1]),
                ("LA_loss", (L[1][1] + L[2][2]) / 2), ("AIA_loss", (L[1][1] + (L[2][1] + L[2][2]) / 2) / 2),
                ("FWT_loss", record.randomLosses[2] - L[1][2]), ("forgetting_loss", L[2][1] - L[1][1]),
                ("intransigence_loss", ((L[1][1] - joint.losses[2][1]) + (L[2][2] - joint.losses[2][2])) / 2), ("general_loss", L[0][0] - L[2][0]),
            ]
            for (name, value) in expected { #expect(try abs(metric(name, record) - value) < 1e-12, "\(name) of \(record.strategy)") }
        }
        #expect(try metric("BWT_loss", records[0]) == 0 && metric("general_loss", records[0]) == 0)
        #expect(try metric("BWT_loss", records[2]).isNaN && metric("OP_loss", records[2]).isFinite)
    }

    @Test func intransigenceNeedsJointTrainingOfTheSameSeed() throws {
        #expect(try records(TinyExperiment.graph()).allSatisfy { try metric("intransigence_loss", $0).isNaN })
        let arms = "sweep: {arms: [{strategy: {kind: sequential}}, {strategy: {kind: joint}, seed: 1}]}\n"
        #expect(try metric("intransigence_loss", records(TinyExperiment.graph(TinyExperiment.root + arms))[0]).isNaN)
    }

    /// Of several joint runs, the one with the run's own coordinates.
    @Test func intransigenceTakesTheJointRunThatIsNearest() throws {
        let arms = "sweep: {arms: [{strategy: {kind: sequential}}, {strategy: {kind: joint}}], grid: {train.steps: [2, 4]}}\n"
        let records = try records(TinyExperiment.graph(TinyExperiment.root + arms))
        for (run, joint) in [(0, 2), (1, 3)] {
            let (L, a) = (records[run].losses, records[joint].losses[2])
            #expect(try abs(metric("intransigence_loss", records[run]) - ((L[1][1] - a[1]) + (L[2][2] - a[2])) / 2) < 1e-12)
        }
        #expect(records[2].losses[2] != records[3].losses[2])
    }

    @Test func whatIsNotMeasuredYetIsMissing() throws {
        let graph = try TinyExperiment.graph()
        let store = try TinySession().store
        // A run of which nothing is there has no sizes either: it is left out.
        #expect(try RunRecord.records(of: graph, store: store).isEmpty)
        let record = try RunRecord(graph.chains[0], costs: [:], store: store)
        #expect(record.losses.flatMap { $0 }.allSatisfy { $0.isNaN } && record.losses.count == 3)
        #expect(record.curve.steps.isEmpty && record.parameters.base == 12_912)
        #expect(record.costs.count == 3 && record.cost.flops.isNaN && record.cost.seconds.isNaN)
        #expect(record.streamMetrics(joint: nil).allSatisfy { $0.value.isNaN })
    }
}
