import HDF5
import Settings

/// Writes the published file of an experiment.
///
/// | group | dimensions | holds |
/// |---|---|---|
/// | `/` | | attributes |
/// | `/summary` | `run` | a coordinate a sweep axis, a variable a metric |
/// | `/scores` | `run`, `trained` (0 = base), `evaluated` | loss and score matrices, values of a random model |
/// | `/runs/<id>` | `step`; `evaluation`, `evaluated` | learning curve, evaluations along the way |
///
/// Runs may differ in tasks and domains: what a run does not have is NaN, or empty text.
public enum Publisher {
    /// The version of the layout that this program writes and the latest that it reads.
    public static let schemaVersion = 1

    /// Writes the file whole, beside its place, and renames it into place.
    /// - Throws: `PublishError` for a record that does not fit, `HDF5Error` when the file cannot be written.
    public static func publish(experiment: ExperimentRecord, runs: [RunRecord], to path: String) throws {
        for run in runs { try run.check() }
        let ids = runs.map(\.id)
        for (index, id) in ids.enumerated() where ids[..<index].contains(id) {
            throw PublishError(run: id, found: "two runs of this id", expected: "every run once")
        }
        let domains = SummaryColumns.firstSeen(runs.flatMap(\.domains))
        let columns = try SummaryColumns.make(runs, domains: domains)

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
            try writeSummary(columns, ids: ids, in: try root.createGroup("summary"))
            try writeScores(runs, domains: domains, in: try root.createGroup("scores"))
            let group = try root.createGroup("runs")
            for run in runs { try write(run, in: try group.createGroup(run.id)) }
            try root.attributes.set("complete", 1)
        }
    }

    private static func writeSummary(_ columns: [Column], ids: [String], in group: Group) throws {
        let run = try group.addDimension("run", ids, meaning: "run of the experiment")
        try group.setCoordinates(columns.filter { $0.role == .axis || $0.role == .label }.map(\.name))
        for column in columns {
            let (meaning, units) = describe(column)
            switch column.values {
            case .integers(let values):
                try group.addVariable(column.name, values, along: [run], units: units, meaning: meaning, role: column.role)
            case .numbers(let values):
                try group.addVariable(column.name, values, along: [run], units: units, meaning: meaning, role: column.role)
            case .texts(let values):
                try group.addVariable(column.name, values, along: [run], units: units, meaning: meaning, role: column.role)
            }
        }
    }

    private static func describe(_ column: Column) -> (meaning: String, units: String?) {
        switch column.role {
        case .axis: return ("axis \(column.name) of the sweep", nil)
        case .label: return ("strategy", nil)
        case .parameter: return ("number of \(column.name)", nil)
        case .metric:
            let domain = column.name.drop { $0 != "." }.dropFirst()
            if column.name.hasPrefix("loss.") { return ("held-out loss on \(domain) at the end of the stream", "nats/token") }
            if column.name.hasPrefix("bits_per_byte.") { return ("held-out loss on \(domain) at the end of the stream", "bits/byte") }
            if column.name.hasPrefix("accuracy.") { return ("share of questions on \(domain) answered rightly at the end of the stream", nil) }
            return ("metric \(column.name)", nil)
        }
    }

    private static func writeScores(_ runs: [RunRecord], domains: [String], in group: Group) throws {
        let rows = (runs.map(\.tasks.count).max() ?? 0) + 1
        let run = try group.addDimension("run", runs.map(\.id), meaning: "run of the experiment")
        let trained = try group.addDimension("trained", Array(0..<rows), meaning: "tasks trained; 0 is the base model")
        let evaluated = try group.addDimension("evaluated", domains, meaning: "domain that is evaluated")

        let tasks = runs.flatMap { run in (0..<rows).map { (1...).prefix(run.tasks.count).contains($0) ? run.tasks[$0 - 1] : "" } }
        try group.addVariable("task", tasks, along: [run, trained], meaning: "task that was trained last; empty for the base")
        try group.setCoordinates(["task"])

        func matrix(_ values: KeyPath<RunRecord, [[Double]]>) -> [Double] {
            runs.flatMap { run in (0..<rows).flatMap { row in domains.map { run.value(values, row: row, domain: $0) } } }
        }
        func row(_ values: KeyPath<RunRecord, [Double]>) -> [Double] {
            runs.flatMap { run in domains.map { run.domains.firstIndex(of: $0).map { run[keyPath: values][$0] } ?? .nan } }
        }
        let all = [run, trained, evaluated]
        try group.addVariable("loss", matrix(\.losses), along: all, units: "nats/token", meaning: "held-out loss")
        try group.addVariable("bits_per_byte", matrix(\.bitsPerByte), along: all, units: "bits/byte", meaning: "held-out loss")
        try group.addVariable("score", matrix(\.scores), along: all, meaning: "share of questions answered rightly")
        try group.addVariable(
            "loss_random", row(\.randomLosses), along: [run, evaluated], units: "nats/token", meaning: "held-out loss of a random model")
        try group.addVariable(
            "score_random", row(\.randomScores), along: [run, evaluated], meaning: "share of questions that a random model answers rightly")
    }

    private static func write(_ run: RunRecord, in group: Group) throws {
        try group.attributes.set("strategy", run.strategy)
        try group.attributes.set("configuration", run.configuration.canonicalJSON)
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
    }
}
