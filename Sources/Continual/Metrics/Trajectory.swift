/// What was measured along a stream: behind each phase of training, and inside it. Values are scores, or losses in nats a token; NaN where nothing was measured.
public struct Trajectory: Sendable, Hashable {
    /// Letters: E domains.
    public struct Phase: Sendable, Hashable {
        /// The tasks that it learns, as places among the domains.
        public var learned: [Int]
        /// What was measured inside it, in order: (evaluations, E).
        public var inside: [[Double]]
        /// Behind it: (E).
        public var end: [Double]

        public init(learned: [Int], inside: [[Double]], end: [Double]) { (self.learned, self.inside, self.end) = (learned, inside, end) }
    }

    public var measure: ScoreMatrix.Measure
    public var phases: [Phase]

    public init(measure: ScoreMatrix.Measure, phases: [Phase]) { (self.measure, self.phases) = (measure, phases) }

    /// Domains that are known before a phase: those of earlier phases, and those that no phase learns, which are the base's.
    func known(before phase: Int) -> [Int] {
        let later = Set(phases[phase...].flatMap(\.learned))
        return (phases.first?.end.indices ?? 0..<0).filter { !later.contains($0) }
    }

    /// Values of a domain inside a phase and behind it.
    func values(_ domain: Int, _ phase: Int) -> [Double] { phases[phase].inside.map { $0[domain] } + [phases[phase].end[domain]] }

    /// The worst of values: the least score, the largest loss; NaN when one of them is.
    func worst(_ values: [Double]) -> Double {
        guard !values.contains(where: \.isNaN) else { return .nan }
        return (measure == .loss ? values.max() : values.min()) ?? .nan
    }
}
