/// One transformer block: x + attention(norm(x)), then x + feed-forward(norm(x)).
public final class Block {
    public let inputNorm: Parameter
    public let q: Linear, k: Linear, v: Linear, o: Linear
    public let postNorm: Parameter
    public let gate: Linear, up: Linear, down: Linear
    /// A second block of the layer.
    public internal(set) var second: SecondBlock?

    convenience init(_ c: LlamaConfiguration, layer: Int) { self.init(c, "model.layers.\(layer).", sharing: nil) }

    /// - Parameter first: whose attention and norms it has; nil for its own.
    init(_ c: LlamaConfiguration, _ stem: String, sharing first: Block?) {
        gate = Linear(stem + "mlp.gate_proj", outputs: c.intermediateSize, inputs: c.hiddenSize)
        up = Linear(stem + "mlp.up_proj", outputs: c.intermediateSize, inputs: c.hiddenSize)
        down = Linear(stem + "mlp.down_proj", outputs: c.hiddenSize, inputs: c.intermediateSize)
        if let first {
            (inputNorm, postNorm) = (first.inputNorm, first.postNorm)
            (q, k, v, o) = (first.q, first.k, first.v, first.o)
            return
        }
        inputNorm = Parameter(stem + "input_layernorm.weight", [c.hiddenSize])
        q = Linear(stem + "self_attn.q_proj", outputs: c.hiddenSize, inputs: c.hiddenSize)
        k = Linear(stem + "self_attn.k_proj", outputs: c.keyValueWidth, inputs: c.hiddenSize)
        v = Linear(stem + "self_attn.v_proj", outputs: c.keyValueWidth, inputs: c.hiddenSize)
        o = Linear(stem + "self_attn.o_proj", outputs: c.hiddenSize, inputs: c.hiddenSize)
        postNorm = Parameter(stem + "post_attention_layernorm.weight", [c.hiddenSize])
    }

    /// In the order of forward. Adapters are told apart by the name of what they adapt: `q_proj`, ..., `down_proj`.
    public var linears: [(name: String, linear: Linear)] {
        [("q_proj", q), ("k_proj", k), ("v_proj", v), ("o_proj", o), ("gate_proj", gate), ("up_proj", up), ("down_proj", down)]
    }

    /// Names within a block and shapes of its tensors, without making any: a checkpoint is held against them.
    static func tensorShapes(_ c: LlamaConfiguration, _ lora: LoRASettings?) -> [(name: String, shape: [Int])] {
        let (h, f, kv) = (c.hiddenSize, c.intermediateSize, c.keyValueWidth)
        let linears = [
            ("self_attn.q_proj", h, h), ("self_attn.k_proj", kv, h), ("self_attn.v_proj", kv, h), ("self_attn.o_proj", h, h),
            ("mlp.gate_proj", f, h), ("mlp.up_proj", f, h), ("mlp.down_proj", h, f),
        ]
        let norms = [("input_layernorm.weight", [h]), ("post_attention_layernorm.weight", [h])]
        return norms
            + zip(linears, linearNames).flatMap { linear, name in
                let (stem, outputs, inputs) = linear
                let adapter = lora.flatMap { $0.targetModules.contains(name) ? $0.rank : nil }.map { rank in
                    [(stem + ".lora_A.weight", [rank, inputs]), (stem + ".lora_B.weight", [outputs, rank])]
                }
                return [(stem + ".weight", [outputs, inputs])] + (adapter ?? [])
            }
    }

    /// Projections that read the same rows, which a pass computes together.
    var groups: (qkv: [Linear], o: [Linear], gateUp: [Linear], down: [Linear]) { ([q, k, v], [o], [gate, up], [down]) }

    public static let linearNames = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    public var parameters: [Parameter] {
        [inputNorm] + [q, k, v, o].flatMap(\.parameters) + [postNorm] + [gate, up, down].flatMap(\.parameters) + (second?.parameters ?? [])
    }

    /// Whether anything is trained but its second block.
    var hasOwnTrained: Bool { parameters.dropLast(second?.parameters.count ?? 0).contains(where: \.isTrainable) }

    public var isTrainable: Bool { parameters.contains(where: \.isTrainable) }

    /// Renames the tensors for another place in the stack.
    func moved(to layer: Int) {
        for parameter in parameters {
            let rest = parameter.name.split(separator: ".", maxSplits: 3)[3]
            parameter.name = "model.layers.\(layer).\(rest)"
        }
    }
}
