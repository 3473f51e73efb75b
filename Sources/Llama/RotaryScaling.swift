import Kernels
import Settings

/// How rotary frequencies are changed for longer sequences, as transformers' `rope_scaling` says it (`modeling_rope_utils`).
public enum RotaryScaling: Sendable, Hashable {
    /// Every frequency divided by the factor. Source: Chen et al. 2023, arXiv 2306.15595, eq. 4.
    case linear(factor: Double)
    /// A larger theta for sequences longer than max_position_embeddings; shorter ones are left alone. Source: bloc97, emozilla 2023 ("NTK-aware", dynamic).
    case dynamic(factor: Double)
    /// Long wavelengths divided by the factor, short ones left alone, those between interpolated. Source: Llama 3.1's reference code.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int)

    private static let factor = Field.required("factor", .number(1...1_000_000), "how many times longer sequences may be")

    public static let kind = Kind.variant(
        tag: "rope_type",
        [
            Variant("linear", [factor], "every frequency divided by the factor"),
            Variant("dynamic", [factor], "a larger rope_theta for sequences longer than max_position_embeddings, up to factor times that"),
            Variant(
                "llama3",
                [
                    factor,
                    .required("low_freq_factor", .number(1e-6...1e6), "wavelengths above original_max_position_embeddings divided by this are scaled whole"),
                    .required("high_freq_factor", .number(1e-6...1e6), "wavelengths below original_max_position_embeddings divided by this are left alone"),
                    .required("original_max_position_embeddings", .integer(1...1_048_576), "longest sequence before scaling"),
                ],
                "Llama 3.1's: long wavelengths divided by the factor, short ones left alone"),
        ])

    /// Settings that `kind` has validated.
    init(_ settings: Settings) throws(SettingsError) {
        let factor = settings.number("factor")
        switch settings.string("rope_type") {
        case "linear": self = .linear(factor: factor)
        case "dynamic": self = .dynamic(factor: factor)
        default:
            let (low, high) = (settings.number("low_freq_factor"), settings.number("high_freq_factor"))
            guard low < high else {
                throw SettingsError(path: Path(dotted: "high_freq_factor"), found: "\(high)", expected: "more than low_freq_factor, which is \(low)")
            }
            self = .llama3(
                factor: factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions: settings.integer("original_max_position_embeddings"))
        }
    }

    public var value: Value {
        switch self {
        case .linear(let factor): ["rope_type": "linear", "factor": .number(factor)]
        case .dynamic(let factor): ["rope_type": "dynamic", "factor": .number(factor)]
        case .llama3(let factor, let low, let high, let original):
            [
                "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(low), "high_freq_factor": .number(high),
                "original_max_position_embeddings": .integer(original),
            ]
        }
    }
}

extension LlamaConfiguration {
    /// Tokens of the longest sequence that the model takes: `max_position_embeddings`, with dynamic scaling so many times more.
    public var longestSequence: Int {
        guard case .dynamic(let factor) = ropeScaling else { return maxPositions }
        // Sines are exact enough up to a million positions (`ExactMath`).
        return max(maxPositions, Int(min(Double(maxPositions) * factor, 1e6)))
    }

    /// Radians a position by which pair i < headWidth / 2 of a head turns in sequences of `length` tokens.
    func rotaryFrequency(_ i: Int, length: Int) -> Double {
        let exponent = -2 * Double(i) / Double(headWidth)
        guard let ropeScaling else { return ExactMath.pow(ropeTheta, exponent) }
        switch ropeScaling {
        case .linear(let factor): return ExactMath.pow(ropeTheta, exponent) / factor
        case .dynamic(let factor):
            guard length > maxPositions else { return ExactMath.pow(ropeTheta, exponent) }
            let stretch = factor * Double(length) / Double(maxPositions) - (factor - 1)
            return ExactMath.pow(ropeTheta * ExactMath.pow(stretch, Double(headWidth) / Double(headWidth - 2)), exponent)
        case .llama3(let factor, let low, let high, let original):
            let frequency = ExactMath.pow(ropeTheta, exponent)
            let turns = Double(original) * frequency / (2 * Double.pi)
            if turns > high { return frequency }
            if turns < low { return frequency / factor }
            let share = (turns - low) / (high - low)
            return (1 - share) * frequency / factor + share * frequency
        }
    }
}
