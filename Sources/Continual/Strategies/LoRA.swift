import Llama
import Settings

/// Low-rank adapters; everything else is frozen. One set is carried along the stream, or each task gets its own: on top of the earlier ones, which are merged
/// into the weights, or on the base, without them.
/// Source: Hu et al. 2021, arXiv 2106.09685. Biderman et al. 2024, arXiv 2405.09673: adapt all linear layers, and take about ten
/// times the learning rate of full training.
public struct LoRA: Strategy {
    public static let variant = Variant(
        "lora",
        LoRASettings.fields + [
            .optional(
                "adapters", .choice(Adapters.allCases.map(\.rawValue)), default: "carried",
                "carried: one set along the stream; merged: added to the weights after each task, and the next task gets a new set; new: the next task gets a "
                    + "new set on the base, and the one before is dropped")
        ],
        "low-rank adapters; everything else is frozen")

    private enum Adapters: String, CaseIterable { case carried, merged, new }

    private let settings: LoRASettings
    private let adapters: Adapters

    public init(settings: Settings) {
        self.settings = LoRASettings(settings: settings)
        adapters = Adapters(rawValue: settings.string("adapters")) ?? .carried
    }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) { try settings.check(base) }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) {
        if adapters == .new, phase > 0 { model.removeLoRA() }
        if phase == 0 || adapters != .carried { model.attachLoRA(settings, seed: seed, set: phase) }
        model.setTrainable(\.isAdapter)
    }

    public func finish(_ model: LlamaModel, phase: Int) { if adapters == .merged { model.mergeLoRA() } }
}
