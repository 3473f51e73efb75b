import HDF5

/// What the instruction stage left, of every run: variables beside the matrices, only in files that have it.
extension PublishedFile {
    public struct Instructed: Sendable {
        /// Key of the stage that measured it, empty for a run without one.
        public let stages: [String]
        /// A row a run, a value a domain; NaN where there is none.
        public let losses: [[Double]]
        public let bitsPerByte: [[Double]]
        public let scores: [[Double]]
        /// Whether a domain is learned in this stage alone.
        public let isOwn: [[Bool]]
        /// What the tuning took.
        public let flops: [Double]
        public let seconds: [Double]

        /// nil when the file has none.
        init?(_ group: Group, runCount: Int, domainCount: Int) throws {
            guard try group.datasetNames().contains("instructed_loss") else { return nil }
            func rows(_ name: String) throws -> [[Double]] {
                let values: [Double] = try group.dataset(name).read()
                guard let rows = PublishedFile.rows(values, runCount, domainCount) else { throw Misshapen(name: name) }
                return rows
            }
            func row<T: Element>(_ name: String) throws -> [T] {
                let values: [T] = try group.dataset(name).read()
                guard values.count == runCount else { throw Misshapen(name: name) }
                return values
            }
            (losses, bitsPerByte, scores) = (try rows("instructed_loss"), try rows("instructed_bits_per_byte"), try rows("instructed_score"))
            (stages, flops, seconds) = (try row("instructed_stage"), try row("instructed_flops"), try row("instructed_seconds"))
            let own: [Int] = try group.dataset("instructed_only").read()
            guard let isOwn = PublishedFile.rows(own, runCount, domainCount) else { throw Misshapen(name: "instructed_only") }
            self.isOwn = isOwn.map { $0.map { $0 != 0 } }
        }

        /// Whether a run's values are there.
        func isMeasured(_ run: Int) -> Bool { losses[run].contains { !$0.isNaN } }
    }

    private struct Misshapen: Error, CustomStringConvertible {
        var name: String
        var description: String { "/scores/\(name) does not have the shape of the others" }
    }
}

extension Publisher {
    /// Writes what the instruction stage left; nothing where no run has one.
    static func writeInstructed(_ runs: [RunRecord], domains: [String], run: DimensionScale, evaluated: DimensionScale, in group: Group) throws {
        guard runs.contains(where: { $0.instructed != nil }) else { return }
        func values(_ values: KeyPath<RunRecord.Instructed, [Double]>) -> [Double] {
            runs.flatMap { run in domains.map { domain in run.domains.firstIndex(of: domain).flatMap { run.instructed?[keyPath: values][$0] } ?? .nan } }
        }
        let own = runs.flatMap { run in domains.map { domain in run.domains.firstIndex(of: domain).flatMap { run.instructed?.isOwn[$0] } == true ? 1 : 0 } }
        try group.addVariable(
            "instructed_loss", values(\.losses), along: [run, evaluated], units: "nats/token", meaning: "held-out loss behind the instruction stage")
        try group.addVariable(
            "instructed_bits_per_byte", values(\.bitsPerByte), along: [run, evaluated], units: "bits/byte", meaning: "held-out loss behind the instruction stage")
        try group.addVariable("instructed_score", values(\.scores), along: [run, evaluated], meaning: "score of the questions behind the instruction stage")
        try group.addVariable("instructed_only", own, along: [run, evaluated], meaning: "1 where a domain is learned in the instruction stage alone")
        try group.addVariable(
            "instructed_stage", runs.map { $0.instructed?.stage ?? "" }, along: [run], meaning: "stage that measured it; empty without an instruction stage")
        try group.addVariable(
            "instructed_flops", runs.map { $0.instructed?.cost.flops ?? .nan }, along: [run], units: "flop",
            meaning: "operations of the instruction stage, counted from sizes")
        try group.addVariable(
            "instructed_seconds", runs.map { $0.instructed?.cost.seconds ?? .nan }, along: [run], units: "s", meaning: "time of training in the instruction stage")
    }
}

extension PublishedSchema {
    /// Of files that have it.
    static let instructed = [
        Variable("instructed_loss", .float64, "run", "evaluated"), Variable("instructed_bits_per_byte", .float64, "run", "evaluated"),
        Variable("instructed_score", .float64, "run", "evaluated"), Variable("instructed_only", .int64, "run", "evaluated"),
        Variable("instructed_stage", .string, "run"), Variable("instructed_flops", .float64, "run"), Variable("instructed_seconds", .float64, "run"),
    ]
}
