import Settings

/// Makes the columns of `/summary` from runs: axes, strategy, parameters, the last row of every matrix, metrics.
enum SummaryColumns {
    /// - Parameter domains: the domains of all runs.
    /// - Throws: `PublishError` when two columns would have one name.
    static func make(_ runs: [RunRecord], domains: [String]) throws(PublishError) -> [Column] {
        var columns: [Column] = []
        for name in firstSeen(runs.flatMap { $0.axes.map(\.name) }) {
            let values = runs.map { run in run.axes.first { $0.name == name }?.value ?? .null }
            columns.append(Column(name: name, role: .axis, values: Column.Values(values)))
        }
        // An axis of this name says the same in the user's words.
        if !columns.contains(where: { $0.name == "strategy" }) {
            columns.append(Column(name: "strategy", role: .label, values: .texts(runs.map(\.strategy))))
        }
        columns.append(Column(name: "parameters.base", role: .parameter, values: .integers(runs.map(\.parameters.base))))
        columns.append(Column(name: "parameters.added", role: .parameter, values: .integers(runs.map(\.parameters.added))))
        columns.append(Column(name: "parameters.trained", role: .parameter, values: .integers(runs.map(\.parameters.trained))))
        for (prefix, matrix) in [("loss", \RunRecord.losses), ("bits_per_byte", \.bitsPerByte), ("accuracy", \.scores)] {
            for domain in domains {
                let last = runs.map { run in run.value(matrix, row: run.tasks.count, domain: domain) }
                // A domain without questions has no accuracy anywhere, the base's row included.
                let isMeasured = runs.contains { run in (0...run.tasks.count).contains { !run.value(matrix, row: $0, domain: domain).isNaN } }
                if isMeasured || prefix == "loss" {
                    columns.append(Column(name: "\(prefix).\(domain)", role: .metric, values: .numbers(last)))
                }
            }
        }
        for name in firstSeen(runs.flatMap { $0.metrics.map(\.name) }) {
            let values = runs.map { run in run.metrics.first { $0.name == name }?.value ?? .nan }
            columns.append(Column(name: name, role: .metric, values: .numbers(values)))
        }
        for (index, column) in columns.enumerated() {
            guard column.name != "run", !columns[..<index].contains(where: { $0.name == column.name }) else {
                throw PublishError(
                    found: "the name '\(column.name)' for the \(column.role) of one column and for another column of the summary",
                    expected: "a name of its own for every axis and metric", advice: "rename the \(column.role)")
            }
        }
        return columns
    }

    /// Every name once, in the order in which it appears first.
    static func firstSeen(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension RunRecord {
    /// The value of a matrix for a domain, NaN where the run has no such row or domain.
    func value(_ matrix: KeyPath<RunRecord, [[Double]]>, row: Int, domain: String) -> Double {
        guard row <= tasks.count, let index = domains.firstIndex(of: domain) else { return .nan }
        return self[keyPath: matrix][row][index]
    }
}
