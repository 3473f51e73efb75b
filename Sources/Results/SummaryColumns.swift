import Continual
import Corpus
import Experiments
import Settings

/// Makes the columns of `/summary` from runs: axes, strategy, settings, parameters, costs, the last row of every matrix, metrics.
enum SummaryColumns {
    /// - Parameters:
    ///   - domains: the domains of all runs.
    ///   - settings: what else tables tell runs apart by: paths into the configuration.
    /// - Throws: `PublishError` when two columns would have one name.
    static func make(_ runs: [RunRecord], domains: [String], settings: [String] = []) throws(PublishError) -> [Column] {
        var columns: [Column] = []
        for name in firstSeen(runs.flatMap { $0.axes.map(\.name) }) {
            let values = runs.map { run in run.axes.first { $0.name == name }?.value ?? .null }
            columns.append(Column(name: name, role: .axis, values: Column.Values(values), meaning: "axis \(name) of the sweep"))
        }
        // An axis of this name says the same in the user's words.
        if !columns.contains(where: { $0.name == "strategy" }) {
            columns.append(Column(name: "strategy", role: .label, values: .texts(runs.map(\.strategy)), meaning: "strategy"))
        }
        for name in settings where !columns.contains(where: { $0.name == name }) {
            let values = runs.map { TableLabels.value(name, axes: $0.axes, strategy: $0.strategy, configuration: $0.configuration) ?? .null }
            columns.append(Column(name: name, role: .setting, values: Column.Values(values), meaning: "setting \(name)"))
        }
        for (name, path) in [("base", \RunRecord.parameters.base), ("added", \.parameters.added), ("trained", \.parameters.trained)] {
            columns.append(
                Column(name: "parameters.\(name)", role: .parameter, values: .integers(runs.map { $0[keyPath: path] }), meaning: "number of parameters.\(name)"))
        }
        let costs = runs.map(\.cost)
        for (name, values, unit, meaning) in [
            ("flops", costs.map(\.flops), "flop", "floating-point operations of training in the stream, counted from sizes"),
            ("seconds", costs.map(\.seconds), "s", "time of training in the stream"),
            ("memory", costs.map(\.memoryBytes), "byte", "memory that training in the stream needs at most, planned from sizes"),
        ] { columns.append(Column(name: "cost.\(name)", role: .cost, values: .numbers(values), meaning: meaning, unit: unit)) }
        for (prefix, matrix, unit, what) in [
            ("loss", \RunRecord.losses, "nats/token", "held-out loss on"), ("bits_per_byte", \.bitsPerByte, "bits/byte", "held-out loss on"),
            ("accuracy", \.scores, nil, "share of questions answered rightly on"),
        ] as [(String, KeyPath<RunRecord, [[Double]]>, String?, String)] {
            for domain in domains {
                let last = runs.map { run in run.value(matrix, row: run.tasks.count, domain: domain) }
                // A domain without questions has no accuracy anywhere, the base's row included.
                let isMeasured = prefix == "loss" || runs.contains { run in (0...run.tasks.count).contains { !run.value(matrix, row: $0, domain: domain).isNaN } }
                guard isMeasured else { continue }
                var (name, what) = ("\(prefix).\(domain)", what)
                if prefix == "accuracy", let score = otherScore(of: domain, runs) { (name, what) = ("score.\(domain)", "mean \(score) on") }
                columns.append(Column(name: name, role: .metric, values: .numbers(last), meaning: "\(what) \(domain) at the end of the stream", unit: unit))
            }
        }
        if runs.contains(where: { !$0.drift.isEmpty }) {
            for column in DriftColumn.allCases {
                let values = runs.map { run in run.drift.last?.map(column.value) ?? .nan }
                columns.append(
                    Column(name: column.name, role: .metric, values: .numbers(values), meaning: "\(column.meaning), at the end of the stream", unit: column.unit))
            }
        }
        for name in firstSeen(runs.flatMap { $0.metrics.map(\.name) }) {
            let values = runs.map { run in run.metrics.first { $0.name == name }?.value ?? .nan }
            columns.append(
                Column(
                    name: name, role: .metric, values: .numbers(values), meaning: Metric.definitions[name] ?? "metric \(name)",
                    unit: name.hasSuffix("_loss") ? "nats/token" : nil))
        }
        columns += instructed(runs, domains: domains)
        for (index, column) in columns.enumerated() {
            guard column.name != "run", !columns[..<index].contains(where: { $0.name == column.name }) else {
                throw PublishError(
                    found: "the name '\(column.name)' for the \(column.role) of one column and for another column of the summary",
                    expected: "a name of its own for every axis and metric", advice: "rename the \(column.role)")
            }
        }
        return columns
    }

    /// The metric of a domain's questions where it is no share of right answers; else nil.
    static func otherScore(of domain: String, _ runs: [RunRecord]) -> String? {
        runs.lazy.compactMap { TaskScore(rawValue: $0.scoreName(of: domain)) }.first { !$0.isAccuracy }?.rawValue
    }

    /// Every name once, in the order in which it appears first.
    static func firstSeen(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension RunRecord {
    /// What the score of a domain is; empty where there is none.
    func scoreName(of domain: String) -> String {
        domains.firstIndex(of: domain).flatMap { scoreNames.indices.contains($0) ? scoreNames[$0] : nil } ?? ""
    }

    /// The value of a matrix for a domain, NaN where the run has no such row or domain.
    func value(_ matrix: KeyPath<RunRecord, [[Double]]>, row: Int, domain: String) -> Double {
        guard row <= tasks.count, let index = domains.firstIndex(of: domain) else { return .nan }
        return self[keyPath: matrix][row][index]
    }
}
