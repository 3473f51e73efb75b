extension Metric {
    /// Names of the metrics of what happens inside tasks; of losses with `_loss` behind. They need evaluations there (`train.eval_steps`).
    public static let stabilityNames = ["stability_gap", "worst", "worst_case"]

    /// All of them, in the order of their names.
    public static func stability(_ trajectory: Trajectory) -> [Metric] { [.stabilityGap(trajectory), .worst(trajectory), .worstCase(trajectory)] }

    /// Stability gap: the mean over tasks t and domains d known before t of R_end - min R, of losses max L - L_end, over the evaluations inside task t and the one at
    /// its end. Divisor: the number of such pairs; at least 0, since the end counts itself. A domain that is measured nowhere (one without questions) is left out.
    /// Source of the phenomenon: De Lange, van de Ven and Tuytelaars 2022, arXiv 2205.13452.
    public static func stabilityGap(_ trajectory: Trajectory) -> Metric {
        let definition =
            trajectory.measure == .score
            ? "mean over tasks t and domains known before t of R at the end of t minus the least R measured inside t; 0 or more: what was lost and came back"
            : "mean over tasks t and domains known before t of the largest L measured inside t minus L at the end of t; 0 or more: what was lost and came back"
        return Metric("stability_gap", definition, trajectory) {
            var gaps: [Double] = []
            for phase in trajectory.phases.indices {
                for domain in trajectory.known(before: phase) where isMeasured(domain, trajectory) {
                    gaps.append(abs(trajectory.worst(trajectory.values(domain, phase)) - trajectory.phases[phase].end[domain]))
                }
            }
            return gaps.isEmpty ? .failure("needs a domain that is known before a task") : .success(gaps.reduce(0, +) / Double(gaps.count))
        }
    }

    /// The worst that happened to what was learned: the mean over tasks i < T of the least R (of losses the largest L) on task i in all evaluations behind its own
    /// training. Divisor T - 1. Source: De Lange et al. 2022, arXiv 2205.13452 (min-ACC); of losses the mirrored.
    public static func worst(_ trajectory: Trajectory) -> Metric {
        let definition =
            trajectory.measure == .score
            ? "mean over tasks i < T of the least R on task i measured after it was learned, inside later tasks too; divisor T-1"
            : "mean over tasks i < T of the largest L on task i measured after it was learned, inside later tasks too; divisor T-1"
        return Metric("worst", definition, trajectory) { worstOfEarlier(trajectory) }
    }

    /// Worst case at the end of the stream: R[T][T] / T + (1 - 1/T) worst, of losses the same.
    /// Source: De Lange et al. 2022, arXiv 2205.13452 (WC-ACC).
    public static func worstCase(_ trajectory: Trajectory) -> Metric {
        let letter = trajectory.measure == .score ? "R" : "L"
        return Metric("worst_case", "\(letter)[T][T] / T + (1 - 1/T) times worst of \(letter): the last task as it was learned, the others at their worst", trajectory) {
            let count = Double(trajectory.phases.count)
            return worstOfEarlier(trajectory).map { worst in
                let last = trajectory.phases.last.map { $0.end[$0.learned[0]] } ?? .nan
                return last / count + (1 - 1 / count) * worst
            }
        }
    }

    private static func worstOfEarlier(_ trajectory: Trajectory) -> Outcome {
        let phases = trajectory.phases
        guard phases.count > 1, phases.allSatisfy({ $0.learned.count == 1 }) else { return .failure("needs at least 2 tasks, learned one after another") }
        let worst = phases.indices.dropLast().map { phase in
            trajectory.worst(phases.indices[(phase + 1)...].flatMap { trajectory.values(phases[phase].learned[0], $0) })
        }
        return .success(worst.reduce(0, +) / Double(worst.count))
    }

    /// Whether a domain has any value.
    private static func isMeasured(_ domain: Int, _ trajectory: Trajectory) -> Bool {
        trajectory.phases.indices.contains { trajectory.values(domain, $0).contains { !$0.isNaN } }
    }

    /// A value, or what is missing.
    private enum Outcome {
        case success(Double), failure(String)

        func map(_ body: (Double) -> Double) -> Outcome { if case .success(let value) = self { .success(body(value)) } else { self } }
    }

    private init(_ name: String, _ definition: String, _ trajectory: Trajectory, _ compute: () -> Outcome) {
        let isInside = trajectory.phases.contains { !$0.inside.isEmpty }
        let outcome = isInside ? compute() : .failure("needs evaluations inside tasks (train.eval_steps)")
        let name = trajectory.measure == .loss ? "\(name)_loss" : name
        switch outcome {
        case .success(let value) where value.isFinite: self.init(name: name, value: value, reason: nil, definition: definition)
        case .success: self.init(name: name, value: nil, reason: "needs a value that was not measured or is not finite", definition: definition)
        case .failure(let reason): self.init(name: name, value: nil, reason: reason, definition: definition)
        }
    }
}
