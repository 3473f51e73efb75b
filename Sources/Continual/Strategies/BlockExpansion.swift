import Corpus
import Kernels
import Llama
import Settings

/// Blocks are inserted that begin as the identity, and only they are trained, all their tensors, task after task. The controls take this apart: how the
/// new blocks begin (`init`), what is trained (`train`), and whether one set is carried along or every task gets its own (`added`).
/// In `bottom` stacking the blocks are copies of the first, in `top` stacking of the last: the paper does not say.
/// Source: Wu et al. 2024, LLaMA Pro, arXiv 2401.02415, section 3.2.
public struct BlockExpansion: Strategy {
    public static let variant = Variant(
        "block-expansion",
        [
            .optional("blocks", .integer(1...4096), default: .null, "blocks to add; with a list of positions as many as it names"),
            .optional(
                "position", BlockPlacement.kind, default: "interleaved",
                "interleaved, bottom, top, after the most-influential or least-influential blocks, or a list of original layers (1-based) that a new block "
                    + "follows; 0 is below the first"),
            .optional(
                "init", .choice(NewBlock.allCases.map(\.rawValue)), default: "identity",
                "how new blocks begin: as copies with zeroed outputs (identity), with zeroed norms, as plain copies, or at random"),
            .optional("train", .choice(Trained.allCases.map(\.rawValue)), default: "new", "what is trained: the new blocks, everything, or nothing"),
            .optional(
                "added", .choice(Added.allCases.map(\.rawValue)), default: "once",
                "once: the blocks are carried along the stream; per-task: every task adds its own, and trains no earlier ones"),
        ],
        "copies of blocks that begin as the identity; only they are trained")

    private enum Trained: String, CaseIterable { case new, all, none }
    private enum Added: String, CaseIterable {
        case once
        case perTask = "per-task"
    }

    private let count: Int
    private let placement: BlockPlacement
    private let start: NewBlock
    private let trained: Trained
    private let added: Added
    /// Of the base's blocks, once it is measured.
    private var influence: [Double]?

    public init(settings: Settings) throws(SettingsError) {
        placement = BlockPlacement(value: settings.value["position"] ?? .null)
        start = NewBlock(rawValue: settings.string("init")) ?? .identity
        trained = Trained(rawValue: settings.string("train")) ?? .new
        added = Added(rawValue: settings.string("added")) ?? .once
        if settings.has("blocks") {
            count = settings.integer("blocks")
        } else if case .layers(let layers) = placement {
            count = layers.count
        } else {
            throw SettingsError(path: Path(), found: "no key 'blocks'", expected: "'blocks': how many blocks to add, from 1 up")
        }
    }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) {
        guard !placement.needsInfluence || added == .once else {
            throw SettingsError(
                path: Path(dotted: "position"), found: "blocks placed by influence beside 'added: per-task'", expected: "'added: once': the base is measured once")
        }
        _ = try placement.layers(count: count, layerCount: base.layerCount)
    }

    public func notes(_ base: LlamaConfiguration) -> [String] {
        switch placement {
        case .bottom: return ["bottom: copies of the first block, stacked below it; the paper does not say which block is copied"]
        case .top: return ["top: copies of the last block, stacked above it; the paper does not say which block is copied"]
        case .interleaved:
            guard let layers = try? placement.layers(count: count, layerCount: base.layerCount),
                layers != BlockPlacement.authorsLayers(count: count, layerCount: base.layerCount)
            else { return [] }
            return ["\(count) of \(base.layerCount) interleaved: after layers \(layers.map { "\($0)" }.joined(separator: ", ")); the authors' script places this count elsewhere or not at all"]
        case .mostInfluential, .leastInfluential, .layers: return []
        }
    }

    // Sequences of the base's text that the influence is measured on.
    private static let sequences = 32

    public func earlierText(phase: Int) -> EarlierText? {
        placement.needsInfluence && phase == 0 ? EarlierText(includesBase: true, phases: 0..<0) : nil
    }

    public func surveyed(_ model: LlamaModel, _ text: Batches, _ compute: Compute) -> any Strategy {
        guard placement.needsInfluence else { return self }
        var (copy, text) = (self, text)
        let pass = ModelPass(model, compute, batch: Self.sequences, length: text.sequenceLength)
        copy.influence = pass.blockInfluence(tokens: text.next(batchSize: Self.sequences).inputs)
        return copy
    }

    public var growsEachPhase: Bool { added == .perTask }

    public func phases(taskCount: Int) -> [Phase] {
        (0..<taskCount).map { Phase(tasks: [$0], after: $0 + 1, trains: trained != .none) }
    }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) throws(SettingsError) {
        var new = model.addedLayers
        if phase == 0 || added == .perTask {
            let originalCount = model.configuration.layerCount - model.addedLayers.count
            new = model.expand(after: try placement.layers(count: count, layerCount: originalCount, influence: influence), as: start, seed: seed)
        }
        model.setTrainable { _ in trained == .all }
        guard trained == .new else { return }
        for layer in new { for parameter in model.blocks[layer].parameters { parameter.isTrainable = true } }
    }
}
