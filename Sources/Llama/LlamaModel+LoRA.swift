import Kernels
import Settings

extension LlamaModel {
    /// Attaches adapters with A from U(-1/sqrt(I), 1/sqrt(I)) and B zero, so that the model computes the same as before.
    /// (PEFT's default: kaiming_uniform with a = sqrt(5), which is that range.) Everything is frozen afterwards.
    /// - `set`: parts the adapters that one model gets after each other.
    public func attachLoRA(_ settings: LoRASettings, seed: Int, set: Int = 0) {
        precondition(lora == nil && secondLayers.isEmpty, "adapters are attached once, to layers of one block")
        lora = settings
        for block in blocks {
            for (name, linear) in block.linears where settings.targetModules.contains(name) {
                let adapter = LowRankAdapter(linear, rank: settings.rank, alpha: settings.alpha)
                var random = RandomStream(seed: seed, (set == 0 ? "init/" : "init/set \(set)/") + adapter.a.name)
                let bound = 1 / Double(linear.inputs).squareRoot()
                for i in 0..<adapter.a.count { adapter.a.values.base[i] = Float((2 * random.uniform() - 1) * bound) }
                linear.adapter = adapter
            }
        }
        freeze()
    }

    /// Adds what the adapters give to the weights, W + (alpha / r) B A, each weight rounded once, and takes the adapters off. Everything is frozen afterwards.
    public func mergeLoRA() {
        for block in blocks { for (_, linear) in block.linears { if linear.adapter != nil { linear.weight.values.copy(from: linear.merged()) } } }
        removeLoRA()
    }

    /// Takes the adapters off. Everything is frozen afterwards.
    public func removeLoRA() {
        lora = nil
        for block in blocks { for (_, linear) in block.linears { linear.adapter = nil } }
        freeze()
    }
}

extension Parameter {
    /// Whether it is the A or B of an adapter.
    public var isAdapter: Bool { name.hasSuffix(".lora_A.weight") || name.hasSuffix(".lora_B.weight") }
}

extension Linear {
    /// The weight (O, I) with the adapter added to it, W + (alpha / r) B A, summed in Double and rounded once.
    public func merged() -> FloatBuffer {
        let merged = FloatBuffer(weight.count)
        merged.copy(from: weight.values)
        guard let adapter else { return merged }
        let scale = adapter.alpha / Double(adapter.rank)
        var sums = [Double](repeating: 0, count: inputs)
        for o in 0..<outputs {
            for i in sums.indices { sums[i] = 0 }
            for r in 0..<adapter.rank {
                let b = Double(adapter.b.values.base[o * adapter.rank + r])
                for i in sums.indices { sums[i] += b * Double(adapter.a.values.base[r * inputs + i]) }
            }
            let row = merged.base + o * inputs
            for i in sums.indices { row[i] = Float(Double(row[i]) + scale * sums[i]) }
        }
        return merged
    }
}

/// Where adapters sit and how large they are; the keys of PEFT's `LoraConfig`.
public struct LoRASettings: Sendable, Hashable {
    public var rank: Int
    public var alpha: Double
    /// Names of projections, in the order of `Block.linearNames`.
    public var targetModules: [String]
    /// Probability that an element of an adapter's input is dropped in training.
    public var dropout: Double

    public init(rank: Int, alpha: Double, targetModules: [String], dropout: Double = 0) {
        self.rank = rank
        self.alpha = alpha
        self.targetModules = Block.linearNames.filter(targetModules.contains)
        self.dropout = dropout
    }

    public static let fields: [Field] = [
        .optional("r", .positive, default: 8, "rank of the adapters"),
        .optional("lora_alpha", .number(1e-6...1e6), default: 16.0, "adapters are scaled by lora_alpha / r"),
        .optional(
            "target_modules", .list(.choice(Block.linearNames), count: 1...7), default: .list(Block.linearNames.map { .string($0) }),
            "projections that get an adapter"),
        .optional("lora_dropout", .number(0...0.999), default: 0.0, "share of an adapter's inputs that is dropped in training"),
    ]

    public init(settings: Settings) {
        self.init(
            rank: settings.integer("r"), alpha: settings.number("lora_alpha"),
            targetModules: settings.list("target_modules").compactMap(\.asString), dropout: settings.number("lora_dropout"))
    }

    /// Refuses a rank that a model of this shape has no use for.
    public func check(_ base: LlamaConfiguration) throws(SettingsError) {
        let widest = max(base.hiddenSize, base.intermediateSize)
        guard rank <= widest else {
            throw SettingsError(
                path: Path(dotted: "r"), found: "\(rank)", expected: "at most \(widest), the widest layer", advice: "a higher rank adds nothing")
        }
    }

    /// Without a dropout of 0, so that checkpoints keep their bytes.
    public var value: Value {
        var value: Value = ["r": .integer(rank), "lora_alpha": .number(alpha), "target_modules": .list(targetModules.map { .string($0) })]
        if dropout > 0 { value["lora_dropout"] = .number(dropout) }
        return value
    }
}
