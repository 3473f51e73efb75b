import Llama
import Settings

/// The feed-forward layers are widened once, and then all weights are trained, task after task. New units are copies of old ones, and what a unit gives is divided by the
/// number of its copies, so that the model computes the same as before up to rounding; noise on the copies lets them learn something of their own.
/// Source: Chen et al. 2015, Net2Net, arXiv 1511.05641, section 2.3. Deviation: units are copied in order, again from the first when all are, instead of at random.
public struct Width: Strategy {
    public static let variant = Variant(
        "width",
        [
            .optional("growth", .number(1e-6...16), default: 1.0, "new units for each old one: 1 doubles the feed-forward layers"),
            .optional("noise", .number(0...10), default: 0.01, "standard deviation of the noise on new units' inputs, in those of the tensor; 0 keeps copies equal for ever"),
        ],
        "feed-forward layers are widened with the function preserved, then all weights are trained")

    private let growth: Double
    private let noise: Double

    public init(settings: Settings) {
        growth = settings.number("growth")
        noise = settings.number("noise")
    }

    private func width(_ base: LlamaConfiguration) -> Int { base.intermediateSize + max(1, Int((growth * Double(base.intermediateSize)).rounded())) }

    public func shape(_ base: LlamaConfiguration) -> LlamaConfiguration {
        var shape = base
        shape.intermediateSize = width(base)
        return shape
    }

    public func notes(_ base: LlamaConfiguration) -> [String] {
        noise > 0 ? [] : ["width: without noise new units stay copies of old ones for ever"]
    }

    public func prepare(_ model: LlamaModel, phase: Int, seed: Int) {
        if phase == 0 { model.widen(to: width(model.configuration), noise: noise, seed: seed) }
        model.setTrainable { _ in true }
    }
}
