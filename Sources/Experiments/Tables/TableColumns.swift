import Continual

/// The numeric columns that a table can show, by name.
public enum TableColumns {
    public static let parameters = ["parameters.added", "parameters.trained"]
    public static let costs = ["cost.flops", "cost.seconds", "cost.memory"]
    /// What strategies report: means over the tasks that have it.
    public static let retention = strategies.flatMap { $0.reports }.map { "retention.\($0)" }
    /// How far the model has gone from its base, at the end of the stream: nats a token, and means over the base's layers.
    public static let drift = ["divergence", "weights", "alignment", "rank"].map { "drift.\($0)" }
    /// What happened inside tasks.
    public static let stability = Metric.stabilityNames.flatMap { [$0, "\($0)_loss"] }
    /// Columns of the last row of every matrix, a domain behind each. A domain has `score` where its metric is no share of right answers, else `accuracy`.
    public static let prefixes = ["loss", "perplexity", "bits_per_byte", "accuracy", "score"]

    /// What stands before the names of columns that were measured behind the instruction stage.
    public static let instructed = "instructed."

    /// All columns of an experiment with these domains.
    public static func all(domains: [String], isInstructed: Bool) -> [String] {
        let measured = prefixes.flatMap { prefix in domains.map { "\(prefix).\($0)" } }
        return ["parameters.base"] + parameters + costs + retention + drift + measured + Metric.names.flatMap { [$0, "\($0)_loss"] } + stability
            + (isInstructed ? measured.map { instructed + $0 } : [])
    }

    /// The setting without which no run has a column; nil for those that need none.
    static func setting(behind name: String) -> String? {
        if matching(name, in: drift) != nil { return "evaluation.drift" }
        return stability.contains(name) ? "train.eval_steps" : nil
    }

    /// The columns that a name stands for: itself, or all that begin as `loss.*` says; nil when there is none.
    public static func matching(_ name: String, in columns: [String]) -> [String]? {
        if name.hasSuffix(".*") {
            let found = columns.filter { $0.hasPrefix(name.dropLast()) }
            return found.isEmpty ? nil : found
        }
        return columns.contains(name) ? [name] : nil
    }

    /// Whether lower values of a column are better; nil where neither is: costs and sizes.
    public static func isLowerBetter(_ name: String) -> Bool? {
        if name.hasPrefix(instructed) { return isLowerBetter(String(name.dropFirst(instructed.count))) }
        if ["loss.", "perplexity.", "bits_per_byte."].contains(where: name.hasPrefix) { return true }
        if name.hasPrefix("accuracy.") || name.hasPrefix("score.") { return false }
        // Forgetting without labels; how far weights and representations go is neither good nor bad.
        if name == "drift.divergence" { return true }
        return Metric.isLowerBetter(name)
    }
}
