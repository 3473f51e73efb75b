import Continual
import Settings

extension StageGraph {
    /// What differs between arms beside what they are called by: a reader may take one for the other.
    /// - `tuned`: dotted path of the setting that `tune:` chose, which has a note of its own.
    func confounds(tuned: String?) -> [String] {
        var lines: [String] = []
        let counts = Set(chains.compactMap { chain -> Int? in
            let strategy = chain.run.settings.settings("strategy").value
            guard strategy["kind"] == .string(BlockExpansion.variant.name), strategy["position"] == "interleaved" else { return nil }
            return strategy["blocks"]?.asInteger
        })
        if counts.contains(1), counts.count > 1 {
            lines.append("A single interleaved block stands behind the last layer: against more blocks it differs in count and in position.")
        }
        // An axis stands in the tables; a setting that arms change beside their strategy does not.
        let axes = Set(chains.flatMap { $0.run.axes.map(\.name) })
        for section in ["train", "base", "instruction"] {
            for path in TableLabels.paths(chains[0].run.settings.value[section] ?? .null, under: section).sorted() 
            where !axes.contains(where: { path == $0 || path.hasPrefix("\($0).") }) && path != "base.seed" && path != tuned {
                guard let place = Path(parsing: path) else { continue }
                var values: [Value] = []
                for chain in chains where chain.run.matched?.match.key != path { if let value = chain.run.settings.value[place], !values.contains(value) { values.append(value) } }
                if values.count > 1 { lines.append("Arms differ in \(path) too (\(values.prefix(6).map(TableLabels.text).joined(separator: ", "))).") }
            }
        }
        return lines
    }
}
