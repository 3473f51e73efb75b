import Experiments
import HDF5
import Kernels
import Settings

/// A published file, read back.
public struct PublishedFile: Sendable {
    public let path: String
    public let experiment: ExperimentRecord
    /// Ids of the runs.
    public let runs: [String]
    /// The tidy table: a value a run in every column; axes first, then the strategy, parameters and metrics.
    public let columns: [Column]
    /// Everything that any run evaluated.
    public let domains: [String]
    /// Tasks of every run in the order in which they were trained.
    public let tasks: [[String]]
    /// Held-out losses in nats a token.
    public let losses: ScoreMatrices
    public let bitsPerByte: ScoreMatrices
    /// Shares of questions answered rightly.
    public let scores: ScoreMatrices
    /// Of a model with random weights: a row a run, a value a domain.
    public let randomLosses: [[Double]]
    public let randomScores: [[Double]]
    /// The stage that measured each row of each run, empty where there is none.
    public let stages: [[String]]
    /// Floating-point operations and seconds of the training behind each row of each run, NaN where not known.
    public let flops: [[Double]]
    public let seconds: [[Double]]
    /// What the instruction stage left; nil where no run has one.
    public let instructed: Instructed?
    /// What the runs of `tune:` measured; nil without it.
    public let tuning: TuningRecord?
    /// How far models have gone from their base; nil where that was not measured.
    public let drift: PublishedDrift?
    let file: File

    /// Opens and reads a file.
    public init(_ path: String) throws(PublishedFileError) {
        guard let isHDF5 = try? File.isHDF5(path) else { throw .unreadable(path: path) }
        guard isHDF5 else { throw .notHDF5(path: path) }
        do { file = try File(path) } catch { throw .damaged(path: path, reason: "\(error)") }
        self.path = path
        let root = file.root

        // Files of other programs may have an attribute of this name with another meaning.
        guard let version = try? root.attributes.value("schema_version", as: Int.self), version >= 1,
            (try? root.attributes.value("strata_version", as: String.self)) != nil
        else { throw .notStrata(path: path) }
        guard version <= Publisher.schemaVersion else {
            throw .laterSchema(path: path, found: version, known: Publisher.schemaVersion)
        }
        guard version == Publisher.schemaVersion else {
            throw .earlierSchema(path: path, found: version, known: Publisher.schemaVersion)
        }
        guard (try? root.attributes.value("complete", as: Int.self)) == 1 else { throw .incomplete(path: path) }

        do {
            experiment = ExperimentRecord(
                experiment: try root.attributes.value("experiment"), strataVersion: try root.attributes.value("strata_version"),
                numericsVersion: try root.attributes.value("numerics_version"), host: try root.attributes.value("host"),
                instructionSet: try root.attributes.value("instruction_set"), created: try root.attributes.value("created"),
                changes: try root.attributes.value("changes"),
                notes: try root.attributes.contains("notes") ? root.attributes.attribute("notes").values() : [],
                tables: try PublishedFile.list("tables", of: root).map { try TableDefinition(json: $0) },
                plots: try PublishedFile.list("plots", of: root).map { try PlotDefinition(json: $0) },
                matches: try PublishedFile.list("matches", of: root).map { try ArmMatch(json: $0) })
            let summary = try root.group("summary")
            let runs: [String] = try summary.dataset("run").read()
            self.runs = runs
            columns = try PublishedFile.columns(of: summary)
            let group = try root.group("scores")
            let domains: [String] = try group.dataset("evaluated").read()
            self.domains = domains
            let rowCount = try group.dataset("trained").shape.first ?? 0
            let names: [String] = try group.dataset("task").read()
            let shape = [runs.count, rowCount, domains.count]
            guard rowCount >= 1, columns.allSatisfy({ $0.values.count == runs.count }), names.count == runs.count * rowCount,
                let losses = ScoreMatrices(try group.dataset("loss").read(), shape: shape),
                let bitsPerByte = ScoreMatrices(try group.dataset("bits_per_byte").read(), shape: shape),
                let scores = ScoreMatrices(try group.dataset("score").read(), shape: shape),
                let randomLosses = PublishedFile.rows(try group.dataset("loss_random").read(as: Double.self), runs.count, domains.count),
                let randomScores = PublishedFile.rows(try group.dataset("score_random").read(as: Double.self), runs.count, domains.count),
                let stages = PublishedFile.rows(try group.dataset("stage").read(as: String.self), runs.count, rowCount),
                let flops = PublishedFile.rows(try group.dataset("flops").read(as: Double.self), runs.count, rowCount),
                let seconds = PublishedFile.rows(try group.dataset("seconds").read(as: Double.self), runs.count, rowCount)
            else { throw PublishedFileError.damaged(path: path, reason: "its variables do not have one shape") }
            tasks = runs.indices.map { run in (1..<rowCount).map { names[run * rowCount + $0] }.filter { !$0.isEmpty } }
            (self.losses, self.bitsPerByte, self.scores) = (losses, bitsPerByte, scores)
            (self.randomLosses, self.randomScores) = (randomLosses, randomScores)
            (self.stages, self.flops, self.seconds) = (stages, flops, seconds)
            instructed = try Instructed(group, runCount: runs.count, domainCount: domains.count)
            tuning = try PublishedFile.tuning(of: root)
            guard try tuning != nil || !root.groupNames().contains("tuning") else {
                throw PublishedFileError.damaged(path: path, reason: "the variables of /tuning do not have one shape")
            }
            drift = try root.groupNames().contains("drift") ? PublishedDrift(root.group("drift"), runCount: runs.count, rowCount: rowCount) : nil
            guard try drift != nil || !root.groupNames().contains("drift") else { throw PublishedFileError.damaged(path: path, reason: "/drift does not have the shape of /scores") }
        } catch let error as PublishedFileError {
            throw error
        } catch {
            throw .damaged(path: path, reason: "\(error)")
        }
    }

    /// The column of a name, or nil. `perplexity.DOMAIN` follows from `loss.DOMAIN` and does not stand in the file.
    public func column(_ name: String) -> Column? { columns.first { $0.name == name } ?? perplexities.first { $0.name == name } }

    /// exp of a loss in nats a token; NaN where there is none.
    static func perplexity(ofLoss loss: Double) -> Double { loss.isFinite ? ExactMath.exp(min(loss, 700)) : loss }

    /// All that a table or plot can show of a run beside its coordinates.
    var figures: [Column] { (columns + perplexities).filter { !$0.role.isCoordinate } }

    /// Of each run: its loss is a mean in nats a token.
    private var perplexities: [Column] { PublishedFile.perplexities(of: columns) }

    static func perplexities(of columns: [Column]) -> [Column] {
        ["", TableColumns.instructed].flatMap { prefix in
            columns.filter { $0.role == .metric && $0.name.hasPrefix(prefix + "loss.") }.map { loss in
                let domain = loss.name.dropFirst((prefix + "loss.").count)
                return Column(
                    name: "\(prefix)perplexity.\(domain)", role: .metric, values: .numbers(loss.numbers.map(Self.perplexity(ofLoss:))),
                    meaning: "exp of \(loss.name)")
            }
        }
    }

    /// The resolved configuration of a run as JSON.
    public func configuration(run id: String) throws(PublishedFileError) -> String {
        try read(id) { (group) throws(HDF5Error) in try group.attributes.value("configuration") }
    }

    /// What was logged while a run trained.
    public func curve(run id: String) throws(PublishedFileError) -> LearningCurve {
        try read(id) { (group) throws(HDF5Error) in
            LearningCurve(
                steps: try group.dataset("step").read(), stages: try group.dataset("stage").read(),
                losses: try group.dataset("loss").read(), learningRates: try group.dataset("learning_rate").read(),
                gradientNorms: try group.dataset("gradient_norm").read(), tokens: try group.dataset("tokens_seen").read(),
                seconds: try group.dataset("seconds").read())
        }
    }

    /// Evaluations along the way, and the domains that the run evaluates.
    public func evaluations(run id: String) throws(PublishedFileError) -> (domains: [String], evaluations: Evaluations) {
        try read(id) { (group) throws(HDF5Error) in
            let steps: [Int] = try group.dataset("evaluation_step").read()
            let domains: [String] = try group.dataset("evaluated").read()
            let losses: [Double] = try group.dataset("evaluation_loss").read()
            let scores: [Double] = try group.datasetNames().contains("evaluation_score") ? group.dataset("evaluation_score").read() : []
            return (
                domains,
                Evaluations(
                    steps: steps, stages: try group.dataset("evaluation_stage").read(),
                    losses: PublishedFile.rows(losses, steps.count, domains.count) ?? [],
                    scores: scores.isEmpty ? [] : PublishedFile.rows(scores, steps.count, domains.count) ?? [])
            )
        }
    }

    private func read<R>(_ id: String, _ body: (Group) throws(HDF5Error) -> R) throws(PublishedFileError) -> R {
        do throws(HDF5Error) { return try body(try file.root.group("runs").group(id)) } catch {
            throw .damaged(path: path, reason: "\(error)")
        }
    }

    private static func columns(of summary: Group) throws(HDF5Error) -> [Column] {
        var columns: [Column] = []
        for name in try summary.datasetNames() where name != "run" {
            let variable = try summary.dataset(name)
            // A variable without a role was added by another program.
            guard try variable.attributes.contains("role"), let role = Column.Role(rawValue: try variable.attributes.value("role")) else {
                continue
            }
            let values: Column.Values =
                switch variable.elementType {
                case .int64: .integers(try variable.read())
                case .string: .texts(try variable.read())
                default: .numbers(try variable.read())
                }
            let attributes = variable.attributes
            columns.append(
                Column(
                    name: name, role: role, values: values, meaning: try attributes.contains("long_name") ? attributes.value("long_name", as: String.self) : "",
                    unit: try attributes.contains("units") ? attributes.value("units", as: String.self) : nil))
        }
        return columns
    }

    /// A list in an attribute, empty when there is none.
    private static func list(_ name: String, of root: Group) throws -> [Value] {
        guard try root.attributes.contains(name) else { return [] }
        let json: String = try root.attributes.value(name)
        return try Value(json: Array(json.utf8)).asList ?? []
    }

    private static func tuning(of root: Group) throws -> TuningRecord? {
        try root.groupNames().contains("tuning") ? TuningRecord(root.group("tuning")) : nil
    }

    static func rows<T>(_ values: [T], _ rowCount: Int, _ columnCount: Int) -> [[T]]? {
        guard values.count == rowCount * columnCount else { return nil }
        return (0..<rowCount).map { Array(values[$0 * columnCount..<($0 + 1) * columnCount]) }
    }
}
