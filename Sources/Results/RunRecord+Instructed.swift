import Experiments

/// What was measured behind the stage that tunes on prompts with answers: beside the score matrices, not in them.
extension RunRecord {
    public struct Instructed: Sendable, Hashable {
        /// The stage that measured it.
        public var stage: String
        /// Held-out loss in nats a token, (E); NaN where it is not measured yet, as below.
        public var losses: [Double]
        /// Held-out loss in bits a byte, (E).
        public var bitsPerByte: [Double]
        /// Score of the questions, 0...1, (E).
        public var scores: [Double]
        /// Whether each domain is learned in this stage alone, and is no part of base and stream, (E).
        public var isOwn: [Bool]
        /// What the tuning took.
        public var cost: Cost

        public init(stage: String, losses: [Double], bitsPerByte: [Double], scores: [Double], isOwn: [Bool], cost: Cost) {
            (self.stage, self.losses, self.bitsPerByte, self.scores) = (stage, losses, bitsPerByte, scores)
            (self.isOwn, self.cost) = (isOwn, cost)
        }
    }
}

extension RunRecord.Instructed {
    init?(_ chain: StageGraph.Chain, cost: RunRecord.Cost, store: StageStore) throws {
        guard let key = chain.instruction?.evaluation else { return nil }
        let run = chain.run
        let results = try StageRecords(store, key).evaluations.first?.results
        let missing = [Double](repeating: .nan, count: run.domains.count)
        self.init(
            stage: key, losses: results?.map(\.loss) ?? missing, bitsPerByte: results?.map(\.bitsPerByte) ?? missing,
            scores: results?.map { $0.accuracy ?? .nan } ?? missing, isOwn: run.domains.map { !run.baseData.contains($0) && !run.stream.contains($0) }, cost: cost)
    }
}

extension SummaryColumns {
    /// What was measured behind the instruction stage, for every domain that is.
    static func instructed(_ runs: [RunRecord], domains: [String]) -> [Column] {
        guard runs.contains(where: { $0.instructed != nil }) else { return [] }
        var columns: [Column] = []
        for (prefix, values, unit, what) in [
            ("loss", \RunRecord.Instructed.losses, "nats/token", "held-out loss on"), ("bits_per_byte", \.bitsPerByte, "bits/byte", "held-out loss on"),
            ("accuracy", \.scores, nil, "share of questions answered rightly on"),
        ] as [(String, KeyPath<RunRecord.Instructed, [Double]>, String?, String)] {
            for domain in domains {
                let numbers = runs.map { run in run.domains.firstIndex(of: domain).flatMap { run.instructed?[keyPath: values][$0] } ?? .nan }
                // A domain without questions has no accuracy, before or behind the stage.
                let isMeasured = prefix != "accuracy" || runs.contains { run in (0...run.tasks.count).contains { !run.value(\.scores, row: $0, domain: domain).isNaN } }
                guard isMeasured else { continue }
                let score = prefix == "accuracy" ? otherScore(of: domain, runs) : nil
                columns.append(
                    Column(
                        name: TableColumns.instructed + (score == nil ? prefix : "score") + ".\(domain)", role: .metric, values: .numbers(numbers),
                        meaning: "\(score.map { "mean \($0) on" } ?? what) \(domain) behind the instruction stage", unit: unit))
            }
        }
        return columns
    }
}
