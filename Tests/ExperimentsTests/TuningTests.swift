import Experiments
import Foundation
import Settings
import Testing

/// What `tune:` makes of an experiment, before anything runs.
@Suite struct TuningTests {
    static let tune = "tune: {key: train.learning_rate, values: [1.0e-7, 1.0e-2, 3.0e-2], seed: 100}\n"
    static let arms = """
        sweep:
          arms:
            - {strategy: {kind: frozen}}
            - {strategy: {kind: sequential}}
            - {name: wide, strategy: {kind: lora}, grid: {strategy.r: [2, 4]}}
          grid: {seed: [0, 1], stream: [[sums, terms], [terms, sums]]}

        """

    private func tuning(_ text: String, words: [String] = []) throws -> Tuning {
        try #require(try TinyExperiment.experiment(TinyExperiment.root + text, words: words).tuning)
    }

    /// An arm is what differs in more than seeds and the order of the tasks; what trains nothing is left alone.
    @Test func aRunForEachArmAndValue() throws {
        let experiment = try TinyExperiment.experiment(TinyExperiment.root + Self.tune + Self.arms)
        let tuning = try #require(experiment.tuning)
        #expect(experiment.runs.count == 4 * 2 * 2 && experiment.isUntuned)
        #expect(tuning.arms.map { $0.axes.map { $0.value.asString ?? $0.value.canonicalJSON } } == [["frozen"], ["sequential"], ["wide", "2"], ["wide", "4"]])
        #expect(tuning.arms.map(\.trials) == [nil, 0..<3, 3..<6, 6..<9])
        #expect(tuning.trials.map(\.id) == (0..<9).map { "tune00\($0)" })
        #expect(tuning.trials.allSatisfy { $0.seed == 100 && $0.stream == ["sums", "terms"] })
        func rate(_ run: Run) -> Double? { run.settings.settings("train").number("learning_rate") }
        #expect(tuning.trials.map(rate) == [1e-7, 1e-2, 3e-2, 1e-7, 1e-2, 3e-2, 1e-7, 1e-2, 3e-2])
        #expect(tuning.trials[5].label == "arm=wide, strategy.r=2, stream=[\"sums\",\"terms\"], seed=100, train.learning_rate=0.03")
        // The first value until one is chosen, and the file's where nothing is tuned.
        #expect(experiment.runs.map(rate) == [Double](repeating: 1e-2, count: 4) + [Double](repeating: 1e-7, count: 12))
        #expect(try StageGraph(experiment, family: TinyExperiment.family).chains.map(\.run.id) == tuning.trials.map(\.id))
        #expect(try StageGraph(whole: experiment, family: TinyExperiment.family).chains.count == 9 + 16)
    }

    /// The runs have what was chosen for their arms, nothing else of them is new, and a worker makes the same of the source.
    @Test func chosenValues() throws {
        let text = TinyExperiment.root + Self.tune + Self.arms
        let untuned = try TinyExperiment.experiment(text)
        let source = try untuned.tuned([1, 2, 0]).source
        let experiment = try source.experiment()
        #expect(source.choices == [1, 2, 0] && !experiment.isUntuned)
        let rates = experiment.runs.map { $0.settings.settings("train").number("learning_rate") }
        #expect(rates == [1e-2, 1e-2, 3e-2, 1e-7].flatMap { [Double](repeating: $0, count: 4) })
        #expect(experiment.runs.map(\.label) == untuned.runs.map(\.label) && experiment.runs.map(\.axes) == untuned.runs.map(\.axes))
        // The same stages as without tune, each arm with its value; the recipe of a stage has no entry of the tuning.
        let graph = try StageGraph(experiment, family: TinyExperiment.family)
        for (words, places) in [("train.learning_rate=0.01", 0..<8), ("train.learning_rate=0.03", 8..<12), ("train.learning_rate=1e-7", 12..<16)] {
            let plain = try TinyExperiment.graph(TinyExperiment.root + Self.arms, words: [words])
            for place in places { #expect(graph.chains[place].stages.map(\.key) == plain.chains[place].stages.map(\.key), "\(words), run \(place)") }
        }
        #expect(throws: ExperimentError.self) { try untuned.tuned([0, 1]) }
        #expect(throws: ExperimentError.self) { try untuned.tuned([0, 1, 3]) }
    }

    /// With `base.seed: run` the held-out seed has a base of its own, without it that of all.
    @Test func theBaseOfTheHeldOutSeed() throws {
        func seeds(_ words: [String]) throws -> [Value?] {
            let experiment = try TinyExperiment.experiment(TinyExperiment.sequential + Self.tune, words: words)
            return try StageGraph(experiment, family: TinyExperiment.family).stages.filter { $0.title == "base" }.map { $0.recipe["seed"] }
        }
        #expect(try seeds([]) == [0])
        #expect(try seeds(["base.seed=run"]) == [100])
        #expect(try seeds(["base.seed=3"]) == [3])
    }

    @Test func onlySomeArms() throws {
        let tuning = try tuning(Self.tune.replacing("seed: 100", with: "seed: 100, arms: [wide]") + Self.arms)
        #expect(tuning.arms.map(\.trials) == [nil, nil, 0..<3, 3..<6] && tuning.arms.map(\.trains) == [false, true, true, true])
        // A setting that only they have; whole numbers stay whole.
        let alpha = "tune: {key: strategy.lora_alpha, values: [4, 8], seed: 9, arms: [wide]}\n"
        #expect(try self.tuning(alpha + Self.arms).trials.map { $0.settings.settings("strategy").value["lora_alpha"]?.asDouble } == [4, 8, 4, 8])
        let steps = "tune: {key: train.steps, values: [2, 3], seed: 9}\nstrategy: {kind: sequential}\n"
        #expect(try self.tuning(steps).trials.map { $0.settings.settings("train").integer("steps") } == [2, 3])
    }

    static let errors: [(String, String)] = [
        ("values: [1.0e-2]", "e.yaml:14:42: tune.values: found a list of 1, expected a list of 2 to 1000, each a number"),
        ("values: [1.0e-2, 0.01]", "e.yaml:14:51: tune.values[1]: found 0.01 a second time, expected each value once"),
        ("values: [a, b]", "e.yaml:14:43: tune.values[0]: found \"a\", expected a number"),
        ("values: [1, 1000]", "e.yaml:14:46: train.learning_rate: found 1000"),
        ("seed: 1", "e.yaml:14:66: tune.seed: found 1, the seed of run002 too, expected a seed that no run of the sweep has; what is chosen on a seed looks better on it than it is"),
        ("seed: -1", "e.yaml:14:66: tune.seed: found -1, expected a whole number"),
        ("sed: 100", "e.yaml:14:60: tune.sed: found an unknown key 'sed', expected one of arms, key, metric, seed, values; did you mean 'seed'?"),
        ("key: train.learning_rat", "e.yaml:14:8: train.learning_rat: found an unknown key 'learning_rat'"),
        ("key: seed", "e.yaml:14:13: tune.key: found 'seed', expected the dotted path of a setting of training or of the strategy, such as train.learning_rate"),
        ("key: instruction.train.learning_rate", "e.yaml:14:13: tune.key: found 'instruction.train.learning_rate', expected the dotted path"),
        ("key: sweep.grid", "e.yaml:14:13: tune.key: found 'sweep.grid', expected the dotted path"),
        (
            "key: strategy.r",
            "e.yaml:14:13: tune.key: found 'strategy.r', which the axis 'strategy.r' of the sweep sets, expected a setting that no axis sets; leave out the axis, or tune another setting"
        ),
        ("seed: 100, metric: OP_los", "e.yaml:14:79: tune.metric: found 'OP_los', expected a column"),
        ("seed: 100, metric: cost.seconds", "e.yaml:14:79: tune.metric: found 'cost.seconds', of which neither more nor less is better, expected a loss"),
        ("seed: 100, arms: [wide, wde]", "e.yaml:14:84: tune.arms[1]: found 'wde', expected an arm of the sweep: frozen, sequential, wide; did you mean 'wide'?"),
        ("seed: 100, arms: [frozen]", "e.yaml:14:78: tune.arms[0]: found the arm 'frozen', which trains nothing, expected arms that train"),
        ("seed: 100, arms: [wide, wide]", "e.yaml:14:84: tune.arms[1]: found 'wide' a second time, expected each arm once"),
    ]

    private func message(_ text: String, words: [String] = []) -> String {
        do {
            return "\(try TinyExperiment.experiment(text, words: words).runs.count) runs"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: errors)
    func whatIsWrong(change: String, expected: String) {
        let key = change.prefix { $0 != ":" }
        let part = ["key": "key: train.learning_rate", "values": "values: [1.0e-2, 3.0e-2]"][String(key)] ?? "seed: 100"
        let tune = "tune: {key: train.learning_rate, values: [1.0e-2, 3.0e-2], seed: 100}\n".replacing(part, with: change)
        let found = message(TinyExperiment.root + tune + Self.arms)
        #expect(found.hasPrefix(expected), "\(found)")
    }

    /// What is known before the values are chosen does not depend on them.
    @Test func valuesThatAreStillToBeChosen() {
        let text = TinyExperiment.sequential + Self.tune
        let filter = "tables: {t: {filter: {train.learning_rate: 1.0e-7}}}\n"
        #expect(message(text + filter).contains("tables.t.filter: found a value of 'train.learning_rate', which tune: chooses, expected what is known before the runs"))
        #expect(message(text + "plots: {p: {kind: curves, filter: {train.learning_rate: 1.0e-7}}}\n").contains("plots.p.filter: found a value of 'train.learning_rate'"))
        let matched = TinyExperiment.root + """
            sweep:
              arms:
                - {name: full, strategy: {kind: sequential}}
                - {name: lora, strategy: {kind: lora}, match: {arm: full, by: flops, key: train.steps, tolerance: 1}}

            """
        #expect(message(matched + Self.tune) == "2 runs")
        let sizes = "tune: {key: train.batch_size, values: [1, 2], seed: 100}\n"
        #expect(message(matched + sizes).contains("tune.key: found 'train.batch_size', which changes what 'full' is matched in"))
    }

    /// A value that would be ignored is an error where it stands.
    @Test func aValueForWhatIsTuned() {
        let own = "sweep: {arms: [{name: own, strategy: {kind: sequential}, train: {learning_rate: 1.0e-3}}, {name: tuned, strategy: {kind: sequential}}]}\n"
        let text = TinyExperiment.root + Self.tune + own
        #expect(
            message(text)
                == "e.yaml:15:81: sweep.arms[0].train.learning_rate: found a value for 'train.learning_rate', which is tuned, expected none in the arm 'own'; remove it, or list under tune.arms the arms that are tuned without this one"
        )
        #expect(message(text.replacing("seed: 100", with: "seed: 100, arms: [tuned]")) == "2 runs")
        #expect(
            message(TinyExperiment.sequential + Self.tune, words: ["train.learning_rate=0.1"])
                == "command line, 'train.learning_rate=0.1': train.learning_rate: found a value for 'train.learning_rate', which is tuned, expected none; tune=null takes the value and tunes nothing"
        )
        #expect(message(TinyExperiment.sequential + Self.tune, words: ["train.learning_rate=0.1", "tune=null"]) == "1 runs")
        #expect(message(TinyExperiment.sequential + Self.tune, words: ["train.steps=2", "tune.seed=7"]) == "1 runs")
        #expect(message(TinyExperiment.root + "strategy: {kind: frozen}\n" + Self.tune).hasPrefix("e.yaml:15:1: tune: found no arm that trains"))
        #expect(
            message(TinyExperiment.sequential + Self.tune.replacing("seed: 100", with: "seed: 100, arms: [sequential]")).contains(
                "tune.arms[0]: found 'sequential', expected no 'arms' here: the sweep has none"))
    }

    /// What a match chooses is tuned like any other run's setting, but is not itself tuned.
    @Test func besideAMatch() throws {
        let arms = """
            sweep:
              arms:
                - {name: wide, strategy: {kind: lora, r: 4, lora_alpha: 8}}
                - {name: new, strategy: {kind: o-lora, lora_alpha: 8}, match: {arm: wide, by: flops, key: strategy.r, tolerance: 0.9}}

            """
        let tuning = try tuning(Self.tune + arms)
        #expect(tuning.arms.map(\.trials) == [0..<3, 3..<6])
        let ranks = tuning.trials.map { $0.settings.settings("strategy").integer("r") }
        #expect(ranks[..<3] == [4, 4, 4] && Set(ranks[3...]).count == 1)
        let tunesIt = message(TinyExperiment.root + "tune: {key: strategy.r, values: [2, 3], seed: 100, arms: [new]}\n" + arms)
        #expect(tunesIt.hasPrefix("e.yaml:18:") && tunesIt.contains("found a value for 'strategy.r', which is tuned, expected none in the arm 'new'"), "\(tunesIt)")
    }

    /// Nothing of an experiment without `tune` is another than before.
    @Test func withoutIt() throws {
        let experiment = try TinyExperiment.experiment()
        #expect(experiment.tuning == nil && !experiment.isUntuned)
        let task = try #require(try TinyExperiment.graph().stages.first { $0.kind == "task" })
        #expect(task.recipe.asObject?.keys.sorted() == ["data", "numerics", "parent", "phase", "seed", "stage", "strategy", "tokenizer", "train"])
    }
}
