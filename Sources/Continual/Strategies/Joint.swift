import Llama
import Settings

/// All weights on all tasks mixed, for as many steps as the others take in sum: the upper bound, and a[k] of intransigence.
/// Only the base and the last row of its score matrix exist.
public struct Joint: Strategy {
    public static let variant = Variant("joint", [], "all weights on all tasks mixed: the upper bound")

    public init(settings: Settings) {}

    public func phases(taskCount: Int) -> [Phase] { [Phase(tasks: Array(0..<taskCount), after: taskCount)] }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.setTrainable { _ in true } }
}
