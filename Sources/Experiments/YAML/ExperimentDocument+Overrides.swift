import Settings

extension ExperimentDocument {
    /// Changes the document as the command line says. The command line wins over everything in the file.
    ///
    /// One value sets: in the root, and again in every run after its arm was merged. Several values become a grid axis; they replace an
    /// axis of the same name, in the arms that have it, else in the global grid. One value for a setting that is an axis leaves the axis
    /// with that one value. Whether a key exists is left to validation, whose error then names the word.
    public mutating func apply(_ overrides: [Override]) throws(ExperimentError) {
        for override in overrides {
            let axisGrids = grids(with: override.path.description)
            if axisGrids.isEmpty && !override.isSweep {
                do {
                    try value.set(override.values[0], at: override.path)
                } catch {
                    throw ExperimentError(override.place, error)
                }
                sources.replace(override.path, with: override.values[0], from: override.place)
                if !Self.isOutsideRuns(override.path) { fixed.append(override) }
                continue
            }
            guard !Self.isOutsideRuns(override.path) else {
                throw ExperimentError(
                    override.place, path: override.path, found: "several values inside '\(Path(Array(override.path.steps.prefix(1))))'", expected: "one",
                    advice: "an axis names the setting that it sweeps")
            }
            for grid in axisGrids.isEmpty ? [Path(dotted: "sweep.grid")] : axisGrids {
                let axis = grid.appending(override.path.description)
                do {
                    try value.set(.list(override.values), at: axis)
                } catch {
                    throw located(error)
                }
                sources.replace(axis, with: .list(override.values), from: override.place)
            }
        }
    }

    /// Whether a setting is one of the whole sweep and of no run.
    private static func isOutsideRuns(_ path: Path) -> Bool { sectionsOutsideRuns.contains { path.isAtOrUnder(Path(dotted: $0)) } }

    static let sectionsOutsideRuns = ["sweep", "tune", "slurm", "tables", "plots"]

    /// The grids that have an axis of this name: of arms, and the global one.
    private func grids(with axis: String) -> [Path] {
        let sweep = Path(dotted: "sweep")
        let arms = value[sweep.appending("arms")]?.asList ?? []
        let grids = arms.indices.map { sweep.appending("arms").appending($0).appending("grid") } + [sweep.appending("grid")]
        return grids.filter { value[$0]?[axis] != nil }
    }
}
