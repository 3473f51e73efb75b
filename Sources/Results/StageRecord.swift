import Experiments

/// One stage of an experiment as it is published: where numbers come from and what they took.
public struct StageRecord: Sendable, Hashable {
    /// SHA-256 of the recipe; names the folder in `results/stages`.
    public var key: String
    /// `tokenizer`, `pretraining`, `task`, `instruction` or `evaluation`.
    public var kind: String
    public var title: String
    /// Key of the stage that it starts from, empty for the first.
    public var parent: String
    /// `done`, `failed`, `begun` or `pending`.
    public var state: String
    /// Of the whole stage, reading and writing included; NaN until it is done.
    public var seconds: Double
    /// 0 until it is done.
    public var threads: Int
    /// Planned from sizes.
    public var flops: Double
    public var memoryBytes: Double

    public init(
        key: String, kind: String, title: String, parent: String, state: String, seconds: Double, threads: Int, flops: Double, memoryBytes: Double
    ) {
        (self.key, self.kind, self.title, self.parent, self.state) = (key, kind, title, parent, state)
        (self.seconds, self.threads, self.flops, self.memoryBytes) = (seconds, threads, flops, memoryBytes)
    }

    /// All stages of an experiment, each behind what it needs.
    public static func records(of graph: StageGraph, store: StageStore) throws -> [StageRecord] {
        zip(graph.stages, try graph.costs()).map { stage, cost in
            let time = store.time(stage.key)
            let state =
                switch store.state(stage.key) {
                case .done: "done"
                case .failed: "failed"
                case .begun: "begun"
                case .pending: "pending"
                }
            return StageRecord(
                key: stage.key, kind: stage.recipe["stage"]?.asString ?? "", title: stage.title, parent: stage.parent ?? "", state: state,
                seconds: time?.seconds ?? .nan, threads: time?.threads ?? 0, flops: cost.operations, memoryBytes: cost.memoryBytes)
        }
    }
}
