import Corpus
import Kernels
import Llama
import Training

/// What a strategy may use to retain what was learned before a phase.
public struct PhaseContext {
    /// Prepared for the phase; what is trained has gradients.
    public var model: LlamaModel
    public var phase: Int
    public var seed: Int
    public var settings: TrainingSettings
    public var compute: Compute
    /// What the phase before handed on; nil for the first, and where it handed on nothing.
    public var carried: Safetensors?
    /// The model before the phase once more, as the strategy got it.
    public var before: () throws -> LlamaModel
    /// Batches of the text that `earlierText` asked for, all domains as often; nil when that is none. The label parts streams of one seed.
    public var earlier: (_ label: String) throws -> Batches?
    /// To be called now and then in what takes long; throws when a stop is wanted.
    public var pause: () throws -> Void

    public init(
        model: LlamaModel, phase: Int, seed: Int, settings: TrainingSettings, compute: Compute, carried: Safetensors? = nil,
        before: @escaping () throws -> LlamaModel, earlier: @escaping (String) throws -> Batches? = { _ in nil }, pause: @escaping () throws -> Void = {}
    ) {
        (self.model, self.phase, self.seed, self.settings, self.compute, self.carried) = (model, phase, seed, settings, compute, carried)
        (self.before, self.earlier, self.pause) = (before, earlier, pause)
    }
}

/// Text that was learned before a phase.
public struct EarlierText: Sendable, Hashable {
    /// What the base was trained on.
    public var includesBase: Bool
    /// The phases whose tasks are meant.
    public var phases: Range<Int>

    public init(includesBase: Bool, phases: Range<Int>) { (self.includesBase, self.phases) = (includesBase, phases) }
}

/// Which earlier text: the word behind `from`.
public enum EarlierSource: String, Sendable, Hashable, CaseIterable {
    case tasks, base, both

    /// Everything of this kind before a phase.
    public func text(before phase: Int) -> EarlierText {
        EarlierText(includesBase: self != .tasks, phases: self == .base ? 0..<0 : 0..<phase)
    }

    /// What of it was learned last, directly before the phase.
    public func latestText(before phase: Int) -> EarlierText {
        EarlierText(includesBase: self != .tasks && phase == 0, phases: self == .base || phase == 0 ? 0..<0 : phase - 1..<phase)
    }
}

/// What a phase costs beside the passes of its training.
public struct PhaseOverhead: Sendable, Hashable {
    /// Forward passes of a frozen model of the same size, for each token that is trained on.
    public var forwards = 0.0
    /// Forward and backward passes of batches, for each step.
    public var passes = 0.0
    /// Single sequences that are passed forward and backward once.
    public var sequences = 0
    /// In memory: tensors as large as what is trained, and as the whole model.
    public var trainedCopies = 0
    public var modelCopies = 0
    /// On disk: tensors as large as what is trained.
    public var savedCopies = 0

    public init(
        forwards: Double = 0, passes: Double = 0, sequences: Int = 0, trainedCopies: Int = 0, modelCopies: Int = 0, savedCopies: Int = 0
    ) {
        (self.forwards, self.passes, self.sequences) = (forwards, passes, sequences)
        (self.trainedCopies, self.modelCopies, self.savedCopies) = (trainedCopies, modelCopies, savedCopies)
    }
}
