import Llama
import Settings

/// Low-rank adapters, one set carried along the stream; everything else is frozen.
/// Source: Hu et al. 2021, arXiv 2106.09685. Biderman et al. 2024, arXiv 2405.09673: adapt all linear layers, and take about ten
/// times the learning rate of full training.
public struct LoRA: Strategy {
    public static let variant = Variant("lora", LoRASettings.fields, "low-rank adapters carried along the stream")

    private let settings: LoRASettings

    public init(settings: Settings) { self.settings = LoRASettings(settings: settings) }

    public func check(_ base: LlamaConfiguration) throws(SettingsError) {
        let widest = max(base.hiddenSize, base.intermediateSize)
        guard settings.rank <= widest else {
            throw SettingsError(
                path: Path(dotted: "r"), found: "\(settings.rank)", expected: "at most \(widest), the widest layer",
                advice: "a higher rank adds nothing")
        }
    }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) {
        if phase == 0 { model.attachLoRA(settings, seed: seed) }
        model.setTrainable { $0.name.hasSuffix(".lora_A.weight") || $0.name.hasSuffix(".lora_B.weight") }
    }
}
