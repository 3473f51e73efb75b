import Continual
import Settings
import Testing

@testable import Experiments

/// How tables are read from experiment files. What is refused is in `Tests/Python/test_results.py`.
@Suite struct TableDefinitionTests {
    private func tables(_ text: String) throws -> [TableDefinition] {
        try Experiment(ExperimentDocument(text: TinyExperiment.sequential + text, file: "t.yaml")).tables
    }

    @Test func inTheOrderOfTheFileAndThereAndBack() throws {
        #expect(try tables("").isEmpty)
        let found = try tables("""
            tables:
              z: {rows: [strategy.kind, seed], filter: {strategy: sequential}, order: [-OP, BWT_loss], digits: {OP: 2}, against: {strategy.kind: sequential}}
              a: {}
            """)
        #expect(found.map(\.name) == ["z", "a"])
        #expect(found[0].order.map(\.column) == ["OP", "BWT_loss"] && found[0].order.map(\.isDescending) == [true, false])
        #expect(found[0].digitsByColumn == ["OP": 2] && found[0].digits == 4 && found[0].filter == ["strategy": ["sequential"]])
        #expect(found[1] == TableDefinition(name: "a"))
        for table in found { #expect(try TableDefinition(json: table.json) == table) }
        // Tables change no run.
        #expect(try Experiment(ExperimentDocument(text: TinyExperiment.sequential + "tables: {a: {}}\n", file: "t.yaml")).runs[0].settings.value["tables"] == nil)
    }

    @Test func patternsAndDirections() {
        #expect(TableColumns.matching("loss.*", in: ["loss.a", "OP_loss", "loss.b"]) == ["loss.a", "loss.b"])
        #expect(TableColumns.matching("loss.c", in: ["loss.a"]) == nil && TableColumns.matching("x.*", in: ["loss.a"]) == nil)
        #expect(TableColumns.isLowerBetter("loss.a") == true && TableColumns.isLowerBetter("accuracy.a") == false && TableColumns.isLowerBetter("cost.flops") == nil)
        let report = MetricReport(ScoreMatrix(tasks: ["a", "b"], measure: .score, base: nil, rounds: [[1, 0], [1, 1]])).metrics.map(\.name)
        #expect(Metric.names == report + ["general"])
        #expect(Metric.names.map { Metric.isLowerBetter($0) } == [false, false, false, true, true, false, false, false])
        #expect(Metric.names.map { Metric.isLowerBetter($0 + "_loss") } == [true, false, false, true, true, true, true, false])
    }

    @Test func ordersOfTheSameTasksAreRepetitions() {
        #expect(TableLabels.repetitionAxes(streams: [["a", "b"], ["b", "a"]]).contains("stream"))
        #expect(!TableLabels.repetitionAxes(streams: [["a", "b"], ["b"]]).contains("stream"))
        #expect(TableLabels.text(8.0) == "8" && TableLabels.text(0.001) == "0.001" && TableLabels.text(["a"]) == #"["a"]"#)
    }
}
