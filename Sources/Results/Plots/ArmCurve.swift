import Experiments

/// Training loss of an arm, averaged over its runs.
struct ArmCurve {
    struct Stage: Hashable {
        var name: String
        /// Steps before it.
        var start: Int
    }

    var series: PlotSeries
    /// Of the arm among all.
    var place = 0
    var stages: [Stage] = []
    var hasIntervals: Bool { series.points.contains { $0.estimate.interval != nil } }

    /// Rows of the series with an empty one between stages: the loss of one task does not become that of the next.
    var brokenRows: [[Double]] {
        let starts = stages.map { Double($0.start) }
        var rows: [[Double]] = []
        for row in series.rows {
            if let last = rows.last, starts.contains(where: { last[0] <= $0 && $0 < row[0] }) { rows.append([]) }
            rows.append(row)
        }
        return rows
    }

    /// Steps are counted through the stream, without the base's.
    /// - Parameter stage: `instruction` takes that stage alone, which is left out else.
    init(_ arm: Arms.Arm, _ stage: PlotDefinition.Stage = .stream, in file: PublishedFile) throws {
        try self.init(file.observations(arm.runs, of: stage == .instruction ? TableColumns.instructed : ""), name: arm.title, stage, in: file)
        place = arm.place
    }

    init(_ runs: [Int], name: String, _ stage: PlotDefinition.Stage = .stream, in file: PublishedFile) throws {
        var losses: [Int: [Double]] = [:]
        for run in runs {
            let (points, stages) = ArmCurve.stream(try file.curve(run: file.runs[run]), stage)
            if stages.count > self.stages.count { self.stages = stages }
            for (step, loss) in points { losses[step, default: []].append(loss) }
        }
        series = PlotSeries(name: name, points: losses.keys.sorted().compactMap { step in Estimate(losses[step] ?? []).map { (Double(step), $0) } })
    }

    /// Logged losses and stages of a run behind its base.
    static func stream(_ curve: LearningCurve, _ part: PlotDefinition.Stage = .stream) -> (points: [(Int, Double)], stages: [Stage]) {
        var points: [(Int, Double)] = [], stages: [Stage] = []
        var (start, last) = (0, 0)
        for index in curve.steps.indices.drop(while: { curve.stages[$0] == "base" })
        where (curve.stages[index] == Instruction.stageName) == (part == .instruction) {
            // A task may come twice in a row: its steps begin anew.
            if stages.last?.name != curve.stages[index] || curve.steps[index] <= last {
                start += last
                stages.append(Stage(name: curve.stages[index], start: start))
            }
            last = curve.steps[index]
            points.append((start + last, curve.losses[index]))
        }
        return (points, stages)
    }
}
