import Kernels

/// One transformer block: x + attention(norm(x)), then x + feed-forward(norm(x)).
public final class Block {
    public let inputNorm: Parameter
    public let q: Linear, k: Linear, v: Linear, o: Linear
    public let postNorm: Parameter
    public let gate: Linear, up: Linear, down: Linear

    init(_ c: LlamaConfiguration, layer: Int) {
        let stem = "model.layers.\(layer)."
        inputNorm = Parameter(stem + "input_layernorm.weight", [c.hiddenSize])
        q = Linear(stem + "self_attn.q_proj", outputs: c.hiddenSize, inputs: c.hiddenSize)
        k = Linear(stem + "self_attn.k_proj", outputs: c.keyValueWidth, inputs: c.hiddenSize)
        v = Linear(stem + "self_attn.v_proj", outputs: c.keyValueWidth, inputs: c.hiddenSize)
        o = Linear(stem + "self_attn.o_proj", outputs: c.hiddenSize, inputs: c.hiddenSize)
        postNorm = Parameter(stem + "post_attention_layernorm.weight", [c.hiddenSize])
        gate = Linear(stem + "mlp.gate_proj", outputs: c.intermediateSize, inputs: c.hiddenSize)
        up = Linear(stem + "mlp.up_proj", outputs: c.intermediateSize, inputs: c.hiddenSize)
        down = Linear(stem + "mlp.down_proj", outputs: c.hiddenSize, inputs: c.intermediateSize)
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

    public static let linearNames = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    public var parameters: [Parameter] {
        [inputNorm] + [q, k, v, o].flatMap(\.parameters) + [postNorm] + [gate, up, down].flatMap(\.parameters)
    }

    public var isTrainable: Bool { parameters.contains(where: \.isTrainable) }

    /// Renames the tensors for another place in the stack.
    func moved(to layer: Int) {
        for parameter in parameters {
            let rest = parameter.name.split(separator: ".", maxSplits: 3)[3]
            parameter.name = "model.layers.\(layer).\(rest)"
        }
    }
}

extension Block {
    /// Forward: reads `a.input`, writes the rest of `a` and `output`. `output` may not be `a.input`.
    func forward(_ a: BlockActivations, output: FloatBuffer, _ shape: PassShape, _ rotary: RotaryTable, _ compute: Compute) {
        let (rows, c) = (shape.rows, shape.configuration)
        compute.normForward(
            x: a.input.base, weight: inputNorm.values.base, y: a.normed.base, r: a.r.base, rows: rows, width: c.hiddenSize,
            epsilon: Float(c.normEpsilon))
        q.forward(a.normed, into: a.q, low: a.low["q_proj"], rows: rows, compute)
        k.forward(a.normed, into: a.k, low: a.low["k_proj"], rows: rows, compute)
        v.forward(a.normed, into: a.v, low: a.low["v_proj"], rows: rows, compute)
        rotary.rotate(a.q, heads: c.headCount, shape, isBackward: false, compute)
        rotary.rotate(a.k, heads: c.keyValueHeadCount, shape, isBackward: false, compute)
        compute.attentionForward(a.attentionTensors(shape))
        o.forward(a.attended, into: a.middle, low: a.low["o_proj"], rows: rows, compute)
        compute.add(a.input.base, to: a.middle.base, count: rows * c.hiddenSize)

        compute.normForward(
            x: a.middle.base, weight: postNorm.values.base, y: a.postNormed.base, r: a.postR.base, rows: rows, width: c.hiddenSize,
            epsilon: Float(c.normEpsilon))
        gate.forward(a.postNormed, into: a.gate, low: a.low["gate_proj"], rows: rows, compute)
        up.forward(a.postNormed, into: a.up, low: a.low["up_proj"], rows: rows, compute)
        compute.gateForward(gate: a.gate.base, up: a.up.base, out: a.hidden.base, count: rows * c.intermediateSize)
        down.forward(a.hidden, into: output, low: a.low["down_proj"], rows: rows, compute)
        compute.add(a.middle.base, to: output.base, count: rows * c.hiddenSize)
    }

    /// Backward: `d` holds the gradient of the output and becomes that of the input. Overwrites gate and up in `a`.
    func backward(_ a: BlockActivations, d: FloatBuffer, _ g: GradientScratch, _ shape: PassShape, _ rotary: RotaryTable, _ compute: Compute) {
        let (rows, c) = (shape.rows, shape.configuration)
        func back(_ name: String, _ linear: Linear, _ x: FloatBuffer, dy: FloatBuffer, dx: FloatBuffer, accumulates: Bool = false) {
            linear.backward(x, dy: dy, dx: dx, accumulates: accumulates, low: a.low[name], dLow: g.low, rows: rows, compute)
        }
        back("down_proj", down, a.hidden, dy: d, dx: g.hidden)
        compute.gateBackward(gate: a.gate.base, up: a.up.base, dOut: g.hidden.base, count: rows * c.intermediateSize)
        back("gate_proj", gate, a.postNormed, dy: a.gate, dx: g.normed)
        back("up_proj", up, a.postNormed, dy: a.up, dx: g.normed, accumulates: true)
        compute.normBackward(
            x: a.middle.base, weight: postNorm.values.base, r: a.postR.base, dy: g.normed.base, dx: d.base,
            dWeight: postNorm.gradient?.base, rows: rows, width: c.hiddenSize, epsilon: Float(c.normEpsilon))

        back("o_proj", o, a.attended, dy: d, dx: g.attended)
        compute.attentionBackward(a.attentionTensors(shape), dOut: g.attended.base, dq: g.q.base, dk: g.k.base, dv: g.v.base)
        rotary.rotate(g.q, heads: c.headCount, shape, isBackward: true, compute)
        rotary.rotate(g.k, heads: c.keyValueHeadCount, shape, isBackward: true, compute)
        back("q_proj", q, a.normed, dy: g.q, dx: g.normed)
        back("k_proj", k, a.normed, dy: g.k, dx: g.normed, accumulates: true)
        back("v_proj", v, a.normed, dy: g.v, dx: g.normed, accumulates: true)
        compute.normBackward(
            x: a.input.base, weight: inputNorm.values.base, r: a.r.base, dy: g.normed.base, dx: d.base,
            dWeight: inputNorm.gradient?.base, rows: rows, width: c.hiddenSize, epsilon: Float(c.normEpsilon))
    }
}
