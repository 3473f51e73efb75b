import Results
import Settings

/// The stages that `runs` name: keys are made up too.
extension Fabricated {
    static let stages = ["base 0", "base 1", "other base"].map { StageRecord(key: $0, kind: "evaluation", title: $0, parent: "", state: "done", seconds: 1, threads: 2, flops: 5, memoryBytes: 6) }
        + runs[..<4].flatMap { run in
            run.stages.dropFirst().map { StageRecord(key: $0, kind: "evaluation", title: $0, parent: run.stages[0], state: "done", seconds: 1, threads: 2, flops: 5, memoryBytes: 6) }
        }
}

/// A small experiment whose numbers are made up: two arms of two seeds and one arm of one seed with a shorter stream.
enum Fabricated {
    static let experiment = ExperimentRecord(
        experiment: "name: fabricated\nstream: [law, bio]\n", strataVersion: "0.1.0", numericsVersion: "1", host: "node-7",
        instructionSet: "avx2", created: "2030-01-02T03:04:05Z")

    static let runs: [RunRecord] = [
        run("a0", arm: "sequential", blocks: nil, seed: 0, end: [3.5, 2.0, 2.25], added: 0, trained: 1000, bwt: -0.5),
        run("a1", arm: "sequential", blocks: nil, seed: 1, end: [3.75, 2.25, 2.5], added: 0, trained: 1000, bwt: -0.25),
        run("b0", arm: "expansion | 2", blocks: 2, seed: 0, end: [3.0, 2.5, 2.5], added: 250, trained: 250, bwt: 0.125),
        run("b1", arm: "expansion | 2", blocks: 2, seed: 1, end: [3.0, 2.75, .nan], added: 250, trained: 250, bwt: .nan),
        short,
    ]

    static func run(
        _ id: String, arm: String, blocks: Int?, seed: Int, end: [Double], added: Int, trained: Int, bwt: Double
    ) -> RunRecord {
        let base = seed == 0 ? [3.0, 4.0, 4.5] : [3.25, 4.25, 4.5]
        let losses = [base, [3.25, 2.125, 4.0], end]
        return RunRecord(
            id: id,
            axes: [
                ("arm", .string(arm)), ("strategy.blocks", blocks.map { .integer($0) } ?? .null), ("seed", .integer(seed)),
                ("train.learning_rate", 0.001),
            ],
            configuration: ["seed": .integer(seed), "name": "Größe"], strategy: arm, tasks: ["law", "bio"],
            domains: ["general", "law", "bio medicine"], losses: losses, bitsPerByte: losses.map { $0.map { $0 / 2 } },
            scores: [[.nan, 0.25, .nan], [.nan, 0.75, .nan], [.nan, 0.5, .nan]], randomLosses: [7, 7, 7],
            randomScores: [.nan, 0.25, .nan], parameters: .init(base: 1000, added: added, trained: trained),
            metrics: [("OP", 0.5), ("BWT", bwt), ("forgetting", -bwt)],
            stages: ["base \(seed)", "\(id) law", "\(id) bio"],
            costs: [
                .init(flops: 9e9, seconds: 9, memoryBytes: 2e6), .init(flops: 1e9, seconds: 1, memoryBytes: 1e6),
                .init(flops: 2e9, seconds: 0.5, memoryBytes: 1.5e6),
            ], dataHashes: ["aa", "bb", "cc"],
            curve: LearningCurve(
                steps: [10, 20, 10], stages: ["law", "law", "bio"], losses: [4, 3.5, 3], learningRates: [0.001, 0.0005, 0.001],
                gradientNorms: [1, 0.5, .nan], tokens: [100, 200, 300], seconds: [0.5, 1, 1.5]),
            evaluations: Evaluations(steps: [20, 20], stages: ["law", "bio"], losses: [[3.25, 2.125, 4.0], end]))
    }

    /// Another domain, one task, nothing logged; a base of its own.
    static var short: RunRecord {
        RunRecord(
            id: "c0", axes: [("arm", "frozen"), ("seed", 0)], configuration: [:], strategy: "frozen", tasks: ["code"],
            domains: ["general", "code"], losses: [[3, 5], [3, 5]], bitsPerByte: [[1, 2], [1, 2]], scores: [[.nan, .nan], [.nan, .nan]],
            randomLosses: [7, 8], randomScores: [.nan, .nan], parameters: .init(base: 1000, added: 0, trained: 0), metrics: [("OP", 0.25)],
            stages: ["other base", "other base"], costs: [.init(flops: 9e9, seconds: 9, memoryBytes: 2e6), .none], dataHashes: ["aa", "dd"])
    }
}
