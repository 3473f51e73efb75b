import Corpus
import Kernels
import Llama
import Settings
import Training

/// A way to learn a stream of tasks without forgetting. One file each; `strategies` lists them.
///
/// A strategy says in which phases the stream is trained, makes the model ready for each (what is added to it and what is trained), and may
/// look after what was learned before: while a phase is trained (`retention`) and behind it (`finish`). A new strategy is a file, a test and a line in the list.
public protocol Strategy: Sendable {
    /// Name in experiment files, keys and help.
    static var variant: Variant { get }
    /// Reads settings that `variant` has validated. Paths of errors start at the strategy.
    init(settings: Settings) throws(SettingsError)
    /// Refuses what a base of this shape cannot take.
    func check(_ base: LlamaConfiguration) throws(SettingsError)
    /// The phases of a stream of `taskCount` tasks; none when nothing is trained.
    func phases(taskCount: Int) -> [Phase]
    /// The strategy as it goes on once it has seen the model before a phase and the earlier text that it asked for. Asked before `prepare`.
    func surveyed(_ model: LlamaModel, _ text: Batches, _ compute: Compute) -> any Strategy
    /// Makes the model ready for a phase (0, 1, ...) and sets what is trained in it. Phase 0 gets the base, every other the
    /// model that the one before left, everything frozen.
    func prepare(_ model: LlamaModel, phase: Int, seed: Int) throws(SettingsError)
    /// The shape that a base of this shape gets, without blocks that are inserted.
    func shape(_ base: LlamaConfiguration) -> LlamaConfiguration
    /// Whether every phase adds to the model. Else it has the same shape in all of them.
    var growsEachPhase: Bool { get }
    /// What is done beside following the gradient of the loss; nil for nothing. Asked after `prepare`.
    func retention(_ context: PhaseContext) throws -> (any Retention)?
    /// Text of before a phase that the survey or the retention reads; nil for none.
    func earlierText(phase: Int) -> EarlierText?
    /// What the retention costs.
    func overhead(phase: Int) -> PhaseOverhead
    /// Changes the structure of a model whose phase is trained, before it is saved and measured.
    func finish(_ model: LlamaModel, phase: Int)
    /// What a reader of a table has to know of this strategy on a base of this shape: choices that its source leaves open.
    func notes(_ base: LlamaConfiguration) -> [String]
}

extension Strategy {
    public func check(_ base: LlamaConfiguration) throws(SettingsError) {}

    public func notes(_ base: LlamaConfiguration) -> [String] { [] }

    public func surveyed(_ model: LlamaModel, _ text: Batches, _ compute: Compute) -> any Strategy { self }

    public func shape(_ base: LlamaConfiguration) -> LlamaConfiguration { base }

    public var growsEachPhase: Bool { false }

    public func retention(_ context: PhaseContext) throws -> (any Retention)? { nil }

    public func earlierText(phase: Int) -> EarlierText? { nil }

    public func overhead(phase: Int) -> PhaseOverhead { PhaseOverhead() }

    public func finish(_ model: LlamaModel, phase: Int) {}

    /// Task after task.
    public func phases(taskCount: Int) -> [Phase] { (0..<taskCount).map { Phase(tasks: [$0], after: $0 + 1) } }
}

/// One training stage of a stream.
public struct Phase: Sendable, Hashable {
    /// The tasks whose text is trained on, by place in the stream, all as often. The steps are those of one task times their number.
    public var tasks: [Int]
    /// The row of the score matrix that is measured afterwards.
    public var after: Int
    /// Whether anything is trained in it. Else the model is prepared and measured.
    public var trains: Bool

    public init(tasks: [Int], after: Int, trains: Bool = true) {
        self.tasks = tasks
        self.after = after
        self.trains = trains
    }
}

/// Every strategy, in the order of the documentation.
public let strategies: [any Strategy.Type] = [
    Frozen.self,
    Sequential.self,
    Joint.self,
    LoRA.self,
    BlockExpansion.self,
    MoEExpansion.self,
    Width.self,
    Control.self,
    Partial.self,
    OLoRA.self,
    Interpolate.self,
    EWC.self,
    LwF.self,
    AGEM.self,
    OSFT.self,
]

/// The `strategy` of an experiment file.
public let strategyKind: Kind = .variant(tag: "kind", strategies.map { $0.variant })

/// The strategy of settings that `strategyKind` has validated.
public func strategy(_ settings: Settings) throws(SettingsError) -> any Strategy {
    let name = settings.string("kind")
    guard let type = strategies.first(where: { $0.variant.name == name }) else { preconditionFailure("no strategy '\(name)'") }
    return try type.init(settings: settings)
}
