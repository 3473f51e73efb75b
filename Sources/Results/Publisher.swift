import HDF5
import Settings

/// Writes the published file of an experiment. `docs/hdf5-schema.md` has the whole layout.
///
/// | group | dimensions | holds |
/// |---|---|---|
/// | `/` | | attributes |
/// | `/summary` | `run` | a coordinate a sweep axis, a variable a metric |
/// | `/scores` | `run`, `trained` (0 = base), `evaluated` | loss and score matrices, values of a random model |
/// | `/drift` | `run`, `trained`, `layer` | how far models have gone from their base; only where that was measured |
/// | `/runs/<id>` | `step`; `evaluation`, `evaluated` | learning curve, evaluations along the way |
/// | `/stages` | `stage` | every stage once: what it starts from and what it took |
/// | `/tuning` | `arm`, `value` | with `tune:`: what the run with each value measured |
///
/// Runs may differ in tasks and domains: what a run does not have is NaN, or empty text.
public enum Publisher {
    /// The version of the layout that this program writes and reads. 1 had no stages, costs and tables.
    public static let schemaVersion = 2

    /// Writes the file whole, beside its place, and renames it into place.
    /// - Throws: `PublishError` for a record that does not fit, `HDF5Error` when the file cannot be written.
    public static func publish(experiment: ExperimentRecord, runs: [RunRecord], stages: [StageRecord] = [], tuning: TuningRecord? = nil, to path: String) throws {
        var ids: Set<String> = []
        for run in runs {
            try run.check()
            guard ids.insert(run.id).inserted else { throw PublishError(run: run.id, found: "two runs of this id", expected: "every run once") }
        }
        let domains = SummaryColumns.firstSeen(runs.flatMap(\.domains))
        let settings = experiment.tables.flatMap { ($0.rows ?? []) + $0.filter.keys.sorted() } + experiment.plots.flatMap(\.labels)
        let columns = try SummaryColumns.make(runs, domains: domains, settings: SummaryColumns.firstSeen(settings))

        try File.create(at: path) { root in
            try root.attributes.set("schema_version", schemaVersion)
            try root.attributes.set("experiment", experiment.experiment)
            try root.attributes.set("strata_version", experiment.strataVersion)
            try root.attributes.set("numerics_version", experiment.numericsVersion)
            try root.attributes.set("host", experiment.host)
            try root.attributes.set("instruction_set", experiment.instructionSet)
            try root.attributes.set("created", experiment.created)
            try root.attributes.set("changes", experiment.changes)
            if !experiment.notes.isEmpty { try root.attributes.set("notes", experiment.notes) }
            if !experiment.tables.isEmpty { try root.attributes.set("tables", Value.list(experiment.tables.map(\.json)).canonicalJSON) }
            if !experiment.plots.isEmpty { try root.attributes.set("plots", Value.list(experiment.plots.map(\.json)).canonicalJSON) }
            if !experiment.matches.isEmpty { try root.attributes.set("matches", Value.list(experiment.matches.map(\.json)).canonicalJSON) }
            try writeSummary(columns, ids: runs.map(\.id), in: try root.createGroup("summary"))
            try writeScores(runs, domains: domains, in: try root.createGroup("scores"))
            if runs.contains(where: { !$0.drift.isEmpty }) { try writeDrift(runs, in: try root.createGroup("drift")) }
            let group = try root.createGroup("runs")
            for run in runs { try write(run, in: try group.createGroup(run.id)) }
            try write(stages, in: try root.createGroup("stages"))
            if let tuning { try tuning.write(in: try root.createGroup("tuning")) }
            try root.attributes.set("complete", 1)
        }
    }

    private static func writeSummary(_ columns: [Column], ids: [String], in group: Group) throws {
        let run = try group.addDimension("run", ids, meaning: "run of the experiment")
        try group.setCoordinates(columns.filter(\.role.isCoordinate).map(\.name))
        for column in columns {
            func add<T: Element>(_ values: [T]) throws {
                try group.addVariable(column.name, values, along: [run], units: column.unit, meaning: column.meaning, role: column.role)
            }
            switch column.values {
            case .integers(let values): try add(values)
            case .numbers(let values): try add(values)
            case .texts(let values): try add(values)
            }
        }
    }

    private static func writeScores(_ runs: [RunRecord], domains: [String], in group: Group) throws {
        let rows = (runs.map(\.tasks.count).max() ?? 0) + 1
        let run = try group.addDimension("run", runs.map(\.id), meaning: "run of the experiment")
        let trained = try group.addDimension("trained", Array(0..<rows), meaning: "tasks trained; 0 is the base model")
        let evaluated = try group.addDimension("evaluated", domains, meaning: "domain that is evaluated")

        let tasks = runs.flatMap { run in (0..<rows).map { (1...).prefix(run.tasks.count).contains($0) ? run.tasks[$0 - 1] : "" } }
        func padded<T>(_ values: KeyPath<RunRecord, [T]>, _ filler: T, rows: Int) -> [T] {
            runs.flatMap { run in run[keyPath: values] + [T](repeating: filler, count: rows - run.tasks.count - 1) }
        }
        try group.addVariable("task", tasks, along: [run, trained], meaning: "task that was trained last; empty for the base")
        try group.addVariable(
            "stage", padded(\.stages, "", rows: rows), along: [run, trained], meaning: "stage that measured the row; empty where there is none")
        try group.setCoordinates(["task", "stage"])
        try group.addVariable(
            "flops", padded(\.costs, .unknown, rows: rows).map(\.flops), along: [run, trained], units: "flop",
            meaning: "operations of the training behind the row, counted from sizes")
        try group.addVariable(
            "seconds", padded(\.costs, .unknown, rows: rows).map(\.seconds), along: [run, trained], units: "s", meaning: "time of the training behind the row")

        func matrix(_ values: KeyPath<RunRecord, [[Double]]>) -> [Double] {
            runs.flatMap { run in (0..<rows).flatMap { row in domains.map { run.value(values, row: row, domain: $0) } } }
        }
        func row(_ values: KeyPath<RunRecord, [Double]>) -> [Double] {
            runs.flatMap { run in domains.map { run.domains.firstIndex(of: $0).map { run[keyPath: values][$0] } ?? .nan } }
        }
        let all = [run, trained, evaluated]
        try group.addVariable("loss", matrix(\.losses), along: all, units: "nats/token", meaning: "held-out loss")
        try group.addVariable("bits_per_byte", matrix(\.bitsPerByte), along: all, units: "bits/byte", meaning: "held-out loss")
        try group.addVariable("score", matrix(\.scores), along: all, meaning: "score of the questions, 0 to 1, by the metric of the domain")
        let metrics = runs.flatMap { run in domains.map { domain in run.scoreName(of: domain) } }
        try group.addVariable("metric", metrics, along: [run, evaluated], meaning: "what the score is")
        try group.addVariable(
            "loss_random", row(\.randomLosses), along: [run, evaluated], units: "nats/token", meaning: "held-out loss of a random model")
        try group.addVariable(
            "score_random", row(\.randomScores), along: [run, evaluated], meaning: "score of a random model")
        try writeInstructed(runs, domains: domains, run: run, evaluated: evaluated, in: group)
    }

    private static func writeDrift(_ runs: [RunRecord], in group: Group) throws {
        let rows = (runs.map(\.tasks.count).max() ?? 0) + 1
        let layers = runs.flatMap { $0.drift.compactMap { $0?.layers.count } }.max() ?? 0
        let run = try group.addDimension("run", runs.map(\.id), meaning: "run of the experiment")
        let trained = try group.addDimension("trained", Array(0..<rows), meaning: "tasks trained; 0 is the base model")
        let layer = try group.addDimension("layer", Array(0..<layers), meaning: "layer of the base, from 0 as in the names of its tensors")
        func values(_ value: (DriftRow) -> Double) -> [Double] {
            runs.flatMap { run in (0..<rows).map { row in row < run.drift.count ? run.drift[row].map(value) ?? .nan : .nan } }
        }
        func layerValues(_ column: DriftColumn) -> [Double] {
            runs.flatMap { run in
                (0..<rows).flatMap { row in
                    let found = row < run.drift.count ? run.drift[row]?.layers.map(column.value) ?? [] : []
                    return found + [Double](repeating: .nan, count: layers - found.count)
                }
            }
        }
        try group.addVariable(
            "cross_entropy", values(\.crossEntropy), along: [run, trained], units: "nats/token",
            meaning: "cross-entropy against the base's own predictions; not measured on the base")
        for column in DriftColumn.allCases {
            if column.isOfLayers {
                try group.addVariable(column.rawValue, layerValues(column), along: [run, trained, layer], meaning: column.layerMeaning)
            } else {
                try group.addVariable(column.rawValue, values(column.value), along: [run, trained], units: column.unit, meaning: column.meaning)
            }
        }
    }

    private static func write(_ run: RunRecord, in group: Group) throws {
        try group.attributes.set("strategy", run.strategy)
        try group.attributes.set("configuration", run.configuration.canonicalJSON)
        let hashes = Dictionary(uniqueKeysWithValues: zip(run.domains, run.dataHashes.map(Value.string)))
        try group.attributes.set("data", Value.object(hashes).canonicalJSON)
        for (name, section) in [("precision", run.configuration), ("base_precision", run.configuration["base"] ?? .null)] {
            if let precision = section["train"]?["precision"]?.asString { try group.attributes.set(name, precision) }
        }
        try group.setCoordinates(["stage", "evaluation_step", "evaluation_stage"])

        let step = try group.addDimension("step", run.curve.steps, meaning: "optimizer step of the stage")
        try group.addVariable("stage", run.curve.stages, along: [step], meaning: "task that is trained")
        try group.addVariable("loss", run.curve.losses, along: [step], units: "nats/token", meaning: "training loss")
        try group.addVariable("learning_rate", run.curve.learningRates, along: [step], meaning: "learning rate")
        try group.addVariable("gradient_norm", run.curve.gradientNorms, along: [step], meaning: "norm of the gradient before clipping")
        try group.addVariable("tokens_seen", run.curve.tokens, along: [step], meaning: "tokens trained on in the stage so far")
        try group.addVariable("seconds", run.curve.seconds, along: [step], units: "s", meaning: "time of training in the stage so far")

        let evaluations = run.evaluations
        let evaluation = try group.addDimension("evaluation", Array(evaluations.steps.indices), meaning: "evaluation along the way")
        let evaluated = try group.addDimension("evaluated", run.domains, meaning: "domain that is evaluated")
        try group.addVariable("evaluation_step", evaluations.steps, along: [evaluation], meaning: "optimizer step of the evaluation")
        try group.addVariable("evaluation_stage", evaluations.stages, along: [evaluation], meaning: "task that is trained")
        try group.addVariable(
            "evaluation_loss", evaluations.losses.flatMap { $0 }, along: [evaluation, evaluated], units: "nats/token", meaning: "held-out loss")
        guard evaluations.scores.contains(where: { $0.contains { !$0.isNaN } }) else { return }
        try group.addVariable("evaluation_score", evaluations.scores.flatMap { $0 }, along: [evaluation, evaluated], meaning: "score of the questions, 0 to 1")
    }

    private static func write(_ stages: [StageRecord], in group: Group) throws {
        let stage = try group.addDimension("stage", stages.map(\.key), meaning: "SHA-256 of the stage's recipe; its folder in results/stages")
        try group.setCoordinates(["kind", "title", "parent", "state"])
        try group.addVariable("kind", stages.map(\.kind), along: [stage], meaning: "tokenizer, pretraining, task, instruction or evaluation")
        try group.addVariable("title", stages.map(\.title), along: [stage], meaning: "what progress lines call the stage")
        try group.addVariable("parent", stages.map(\.parent), along: [stage], meaning: "stage that it starts from")
        try group.addVariable("state", stages.map(\.state), along: [stage], meaning: "done, failed, begun or pending")
        try group.addVariable("seconds", stages.map(\.seconds), along: [stage], units: "s", meaning: "time of the whole stage, reading and writing included")
        try group.addVariable("threads", stages.map(\.threads), along: [stage], meaning: "threads that it had; 0 until it is done")
        try group.addVariable("flops", stages.map(\.flops), along: [stage], units: "flop", meaning: "operations of the stage, counted from sizes")
        try group.addVariable("memory", stages.map(\.memoryBytes), along: [stage], units: "byte", meaning: "memory that it needs, planned from sizes")
    }
}

extension Column.Role {
    /// Whether xarray is told that a column is a coordinate.
    var isCoordinate: Bool { self == .axis || self == .label || self == .setting }
}
