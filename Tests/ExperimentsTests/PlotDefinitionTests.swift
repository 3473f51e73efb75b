import Settings
import Testing

@testable import Experiments

/// How plots are read from experiment files.
@Suite struct PlotDefinitionTests {
    private static let text = TinyExperiment.root + """
        sweep:
          arms:
            - {strategy: {kind: sequential}}
            - {strategy: {kind: block-expansion}, grid: {strategy.blocks: [1, 2]}}
          grid: {seed: [0, 1], train.learning_rate: [0.01, 0.02]}

        """

    private func experiment(_ plots: String, words: [String] = []) throws -> Experiment {
        try Experiment(ExperimentDocument(text: Self.text + plots, file: "t.yaml"), words: words)
    }

    @Test func inTheOrderOfTheFileAndThereAndBack() throws {
        #expect(try experiment("").plots.isEmpty && experiment("plots: {}\n").plots.isEmpty)
        let experiment = try experiment("""
            plots:
              z: {kind: axis, axis: train.learning_rate, metrics: [OP_loss, loss.*], arms: [arm], filter: {strategy.blocks: [1, 2]}, interval: bootstrap, title: T}
              a: {kind: curves}
              figure-5: {kind: blocks}
              m: {kind: scores, measure: bits_per_byte, domains: [sums]}
              f: {kind: front, metrics: [LA_loss, general_loss]}
              s: {kind: stream, domains: [terms, sums]}
              g: {kind: forgetting}
              p: {kind: axis, axis: parameters.trained}
            """)
        let plots = experiment.plots
        #expect(plots.map(\.name) == ["z", "a", "figure-5", "m", "f", "s", "g", "p"])
        #expect(plots.map(\.kind) == [.axis, .curves, .blocks, .scores, .front, .stream, .forgetting, .axis])
        #expect(plots[0].filter == ["strategy.blocks": [1, 2]] && plots[0].interval == .bootstrap && plots[0].title == "T")
        #expect(plots[0].labels == ["arm", "strategy.blocks", "train.learning_rate"] && plots[7].labels.isEmpty)
        #expect(plots[1] == PlotDefinition(name: "a", .curves) && plots[3].measure == .bitsPerByte && plots[4].metrics == ["LA_loss", "general_loss"])
        for plot in plots { #expect(try PlotDefinition(json: plot.json) == plot) }
        // Kept are the keys of the kind alone.
        #expect(plots[2].json == ["name": "figure-5", "kind": "blocks", "title": "", "filter": [:]])
        // Plots change no run, from the command line neither.
        #expect(experiment.runs[0].settings.value["plots"] == nil)
        #expect(try self.experiment("plots: {a: {kind: curves}}\n", words: ["plots.a.title=x"]).plots[0].title == "x")
    }

    @Test(arguments: [
        ("{}", "plots.p: found no key 'kind', expected 'kind', one of curves, blocks, stream, forgetting, gap, drift, front, axis, scores", 6),
        ("{kind: curve}", "plots.p.kind: found \"curve\", expected one of curves, blocks, stream, forgetting, gap, drift, front, axis, scores; did you mean 'curves'?", 13),
        ("{kind: curves, measure: loss}", "plots.p.measure: found an unknown key 'measure', expected one of arms, filter, kind, stage, title", 21),
        ("{kind: curves, arms: [arm, arms]}", "plots.p.arms[1]: found 'arms', expected an axis of the sweep, 'strategy', or the path of a setting such as strategy.kind; did you mean 'arm'?", 33),
        ("{kind: curves, arms: [arm, arm]}", "plots.p.arms[1]: found 'arm' a second time, expected each name once", 33),
        ("{kind: curves, filter: {arm: seqential}}", "plots.p.filter.arm: found \"seqential\", expected a value that 'arm' has in some run: sequential, block-expansion; did you mean 'sequential'?", 35),
        ("{kind: blocks, filter: {strategy.blocks: 1}}", "plots.p.kind: found 'blocks' with 'strategy.blocks', which is 1 wherever it is set, expected two different numbers or more; sweep it, in an arm or in the grid, or filter less", 13),
        ("{kind: stream, domains: [sum]}", "plots.p.domains[0]: found 'sum', expected a domain that is evaluated: lives, sums, terms; did you mean 'sums'?", 31),
        ("{kind: front, metrics: [LA_loss]}", "plots.p.metrics: found a list of 1, expected a list of 2, each text", 29),
        ("{kind: front, metrics: [LA_loss, cost.flops]}", "plots.p.metrics[1]: found 'cost.flops', expected a loss, an accuracy or a metric", 39),
        ("{kind: front, metrics: [LA_loss, loss.*]}", "plots.p.metrics[1]: found 'loss.*', expected a column: loss.DOMAIN", 39),
        ("{kind: front, filter: {arm: sequential}, arms: [arm]}", "plots.p.kind: found 'front' of one arm, expected two arms or more", 13),
        ("{kind: axis}", "plots.p: found no key 'axis', expected 'axis': text", 6),
        ("{kind: axis, axis: train.learning_rat}", "plots.p.axis: found 'train.learning_rat', expected an axis of the sweep, 'strategy', parameters.added, parameters.trained, cost.flops, or the path of a setting such as strategy.kind; did you mean 'train.learning_rate'?", 25),
        ("{kind: axis, axis: arm}", "plots.p.axis: found 'arm', which is \"sequential\" in some run, expected an axis or a setting whose values are numbers", 25),
        ("{kind: axis, axis: train.steps}", "plots.p.axis: found 'train.steps', which is 4 wherever it is set, expected two different numbers or more", 25),
        ("{kind: axis, axis: train.learning_rate, arms: [train.learning_rate]}", "plots.p.arms[0]: found 'train.learning_rate', which is the axis, expected what tells lines apart", 53),
        ("{kind: axis, axis: seed, metrics: [OPP]}", "plots.p.metrics[0]: found 'OPP', expected a column", 41),
        ("{kind: scores, measure: los}", "plots.p.measure: found \"los\", expected one of loss, bits_per_byte, accuracy; did you mean 'loss'?", 30),
    ])
    func whatIsWrongHasItsPlace(_ plot: String, _ message: String, _ column: Int) throws {
        let line = Self.text.split(separator: "\n", omittingEmptySubsequences: false).count + 1
        let error = try #require(throws: ExperimentError.self) { try experiment("plots:\n  p: \(plot)\n") }
        #expect("\(error)".hasPrefix("t.yaml:\(line):\(column): \(message)"), "\(error)")
    }

    @Test func namesAreThoseOfFiles() throws {
        let error = try #require(throws: ExperimentError.self) { try experiment("plots:\n  a/b: {kind: curves}\n") }
        #expect("\(error)".contains("plots.a/b: found the name 'a/b', expected letters, digits"))
    }
}
