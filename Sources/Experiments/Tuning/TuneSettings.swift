import Corpus
import Settings

/// The section `tune` of an experiment file: a setting whose value is chosen for each arm before its runs are made.
///
/// ```yaml
/// tune:
///   key: train.learning_rate
///   values: [5.0e-4, 1.0e-3, 2.0e-3, 4.0e-3]
///   seed: 100              # of the runs that choose; no run of the sweep has it
///   metric: OP_loss
///   arms: [lora]           # only these; without it all that train
/// ```
public struct TuneSettings: Sendable, Hashable {
    public static let fields: [Field] = [
        .required("key", .string, "the dotted path of the setting, such as train.learning_rate"),
        .required(
            "values", .list(.number(-Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude), count: 2...1_000),
            "the values that each arm is run with first; the best is that of its runs"),
        .required("seed", .natural, "held-out seed of these first runs: no run of the sweep may have it"),
        .optional("metric", .string, default: "OP_loss", "column of results that says what is best: a loss, an accuracy or a metric of the stream"),
        .optional("arms", .list(.string, count: 1...1_000), default: .null, "labels of the arms that are tuned; without it all that train"),
    ]

    static let section = Path(dotted: "tune")

    /// Dotted path of the setting, as it was written.
    public let key: String
    /// In the order of the file, each once.
    public let values: [Value]
    public let seed: Int
    public let metric: String
    public let arms: [String]?

    let path: Path

    /// Settings that make a run another one to compare with, and what stands outside of runs.
    private static let others = ["name", "seed", "base.seed", "stream", "data", "evaluation", "instruction"] + ExperimentDocument.sectionsOutsideRuns

    /// Reads the section of a document; nil when there is none.
    init?(_ document: ExperimentDocument) throws(ExperimentError) {
        guard let section = document.value["tune"], section != .null else { return nil }
        do throws(SettingsError) {
            let settings = Settings(validated: try Kind.object(Self.fields).validated(section, at: Self.section))
            key = settings.string("key")
            guard let path = Path(parsing: key), !Self.others.contains(where: { path.isAtOrUnder(Path(dotted: $0)) }), path != Path(dotted: "base") else {
                throw SettingsError(
                    path: Self.section.appending("key"), found: "'\(key)'",
                    expected: "the dotted path of a setting of training or of the strategy, such as train.learning_rate")
            }
            self.path = path
            // As they were written: the setting itself says whether it takes whole numbers.
            values = section["values"]?.asList ?? []
            let numbers = settings.list("values").compactMap(\.asDouble)
            if let index = numbers.indices.first(where: { numbers[..<$0].contains(numbers[$0]) }) {
                throw SettingsError(path: Self.place(ofValue: index), found: "\(values[index].summary) a second time", expected: "each value once")
            }
            seed = settings.integer("seed")
            metric = settings.string("metric")
            arms = settings.has("arms") ? settings.list("arms").compactMap(\.asString) : nil
        } catch {
            throw document.located(error)
        }
    }

    static func place(ofValue index: Int) -> Path { section.appending("values").appending(index) }

    /// Throws unless the metric is a column of results of which it is known whether less is better.
    func checkMetric(_ labels: RunLabels, _ runs: [Run]) throws(SettingsError) {
        let place = Self.section.appending("metric")
        try labels.checkColumn(metric, at: place, allowsPattern: false)
        let own = metric.hasPrefix(TableColumns.instructed) ? String(metric.dropFirst(TableColumns.instructed.count)) : metric
        for (prefix, isAccuracy) in [("accuracy.", true), ("score.", false)] where own.hasPrefix(prefix) {
            let domain = String(own.dropFirst(prefix.count))
            guard runs.allSatisfy({ run in run.evaluation.questions > 0 && TaskScore(rawValue: run.scoreName(of: domain))?.isAccuracy == isAccuracy }) else {
                throw SettingsError(
                    path: place, found: "'\(metric)', which no run measures", expected: "a column that runs have, such as \(metric == own ? "" : TableColumns.instructed)loss.\(domain)",
                    advice: "\(isAccuracy ? "accuracies" : "scores") need a domain with questions of that kind and evaluation.questions")
            }
        }
        guard TableColumns.isLowerBetter(metric) != nil else {
            throw SettingsError(
                path: place, found: "'\(metric)', of which neither more nor less is better", expected: "a loss, an accuracy or a metric of the stream such as OP_loss")
        }
    }

    /// Whether less of the metric is better.
    public var isLowerBetter: Bool { TableColumns.isLowerBetter(metric) ?? true }
}
