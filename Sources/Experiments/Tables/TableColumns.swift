import Continual

/// The numeric columns that a table can show, by name.
public enum TableColumns {
    public static let parameters = ["parameters.added", "parameters.trained"]
    public static let costs = ["cost.flops", "cost.seconds", "cost.memory"]
    /// What strategies report: means over the tasks that have it.
    public static let retention = strategies.flatMap { $0.reports }.map { "retention.\($0)" }
    /// Columns of the last row of every matrix, a domain behind each. A domain has `score` where its metric is no share of right answers, else `accuracy`.
    public static let prefixes = ["loss", "perplexity", "bits_per_byte", "accuracy", "score"]

    /// What stands before the names of columns that were measured behind the instruction stage.
    public static let instructed = "instructed."

    /// All columns of an experiment with these domains.
    public static func all(domains: [String], isInstructed: Bool) -> [String] {
        let measured = prefixes.flatMap { prefix in domains.map { "\(prefix).\($0)" } }
        return ["parameters.base"] + parameters + costs + retention + measured + Metric.names.flatMap { [$0, "\($0)_loss"] }
            + (isInstructed ? measured.map { instructed + $0 } : [])
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
        return Metric.isLowerBetter(name)
    }
}
