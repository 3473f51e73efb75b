import Settings

extension RunRecord {
    /// Checks shapes and names.
    /// - Throws: the first thing that is wrong.
    func check() throws(PublishError) {
        try checkNames()
        let rows = tasks.count + 1
        for (name, matrix) in [("losses", losses), ("bitsPerByte", bitsPerByte), ("scores", scores)] {
            try expect(name, count: matrix.count, rows, "rows, one for the base and one for every task")
            for row in matrix { try expect("a row of \(name)", count: row.count, domains.count, "values, one for every domain") }
        }
        try expect("stages", count: stages.count, rows, "keys, one for the base and one for every task")
        try expect("costs", count: costs.count, rows, "costs, one for the base and one for every task")
        if !scoreNames.isEmpty { try expect("scoreNames", count: scoreNames.count, domains.count, "names, one for every domain") }
        try expect("dataHashes", count: dataHashes.count, domains.count, "hashes, one for every domain")
        try expect("randomLosses", count: randomLosses.count, domains.count, "values, one for every domain")
        try expect("randomScores", count: randomScores.count, domains.count, "values, one for every domain")

        if let instructed {
            for (name, count) in [
                ("losses", instructed.losses.count), ("bitsPerByte", instructed.bitsPerByte.count), ("scores", instructed.scores.count), ("isOwn", instructed.isOwn.count),
            ] { try expect("instructed.\(name)", count: count, domains.count, "values, one for every domain") }
        }
        let curveCounts = [
            ("stages", curve.stages.count), ("losses", curve.losses.count), ("learningRates", curve.learningRates.count),
            ("gradientNorms", curve.gradientNorms.count), ("tokens", curve.tokens.count), ("seconds", curve.seconds.count),
        ]
        for (name, count) in curveCounts { try expect("curve.\(name)", count: count, curve.steps.count, "values, one for every step") }
        try expect("evaluations.stages", count: evaluations.stages.count, evaluations.steps.count, "values, one for every step")
        try expect("evaluations.losses", count: evaluations.losses.count, evaluations.steps.count, "rows, one for every step")
        for row in evaluations.losses {
            try expect("a row of evaluations.losses", count: row.count, domains.count, "values, one for every domain")
        }
        if !evaluations.scores.isEmpty { try expect("evaluations.scores", count: evaluations.scores.count, evaluations.steps.count, "rows, one for every step") }
        for row in evaluations.scores {
            try expect("a row of evaluations.scores", count: row.count, domains.count, "values, one for every domain")
        }
        if !drift.isEmpty { try expect("drift", count: drift.count, rows, "rows, one for the base and one for every task") }
        let layerCount = drift.first.flatMap { $0?.layers.count } ?? 0
        for case let row? in drift { try expect("a row of drift", count: row.layers.count, layerCount, "layers, those of the base") }
        guard RunRecord.isFinite(configuration), axes.allSatisfy({ RunRecord.isFinite($0.value) }) else {
            throw PublishError(run: id, found: "a number that is not finite in the configuration", expected: "finite numbers, for JSON has no others")
        }
    }

    private func checkNames() throws(PublishError) {
        let names = [("run", [id]), ("axis", axes.map(\.name)), ("domain", domains), ("metric", metrics.map(\.name))]
        for (kind, names) in names {
            for (index, name) in names.enumerated() {
                guard !name.isEmpty, name != ".", !name.contains("/"), !name.unicodeScalars.contains("\0") else {
                    throw PublishError(run: id, found: "the \(kind) '\(name)'", expected: "a name without '/'", advice: "rename it")
                }
                // Coordinates are listed in one attribute with blanks between them.
                guard kind != "axis" || !name.contains(where: \.isWhitespace) else {
                    throw PublishError(run: id, found: "the axis '\(name)'", expected: "a name without blanks", advice: "rename it")
                }
                guard !names[..<index].contains(name) else {
                    throw PublishError(run: id, found: "the \(kind) '\(name)' twice", expected: "every \(kind) once")
                }
            }
        }
    }

    private func expect(_ name: String, count: Int, _ expected: Int, _ unit: String) throws(PublishError) {
        guard count == expected else { throw PublishError(run: id, found: "\(count) in \(name)", expected: "\(expected) \(unit)") }
    }

    private static func isFinite(_ value: Value) -> Bool {
        switch value {
        case .number(let number): number.isFinite
        case .list(let items): items.allSatisfy(isFinite)
        case .object(let entries): entries.values.allSatisfy(isFinite)
        case .null, .bool, .integer, .string: true
        }
    }
}
