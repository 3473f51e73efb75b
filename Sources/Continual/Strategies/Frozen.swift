import Llama
import Settings

/// No training at all: the base as it is, against which everything else is held.
public struct Frozen: Strategy {
    public static let variant = Variant("frozen", [], "no training: the base as it is")

    public init(settings: Settings) {}

    public func phases(taskCount: Int) -> [Phase] { [] }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) { model.freeze() }
}
