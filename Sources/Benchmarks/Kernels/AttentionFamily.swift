import Foundation
import Kernels

/// Causal attention over all heads, forward and backward.
enum AttentionFamily: KernelFamily {
    static let name = "attention"

    /// One layer's tensors. Shapes: see `AttentionTensors`.
    private final class Layer {
        let batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int
        /// Rows of query, key and value beside each other, and their gradients.
        let qkv: FloatBuffer, dqkv: FloatBuffer
        let out: FloatBuffer, dOut: FloatBuffer, rowMax: FloatBuffer, rowScale: FloatBuffer

        init(batch: Int, length: Int, heads: Int, keyValueHeads: Int, headWidth: Int) {
            (self.batch, self.length, self.heads, self.keyValueHeads, self.headWidth) = (batch, length, heads, keyValueHeads, headWidth)
            let rows = batch * length
            let all = rows * (heads + 2 * keyValueHeads) * headWidth
            (qkv, dqkv) = (.random(all, "qkv"), FloatBuffer(all))
            (out, dOut) = (FloatBuffer(rows * heads * headWidth), .random(rows * heads * headWidth, "dOut"))
            (rowMax, rowScale) = (FloatBuffer(batch * length * heads), FloatBuffer(batch * length * heads))
        }

        private var queryWidth: Int { heads * headWidth }
        private var keyWidth: Int { keyValueHeads * headWidth }
        private var rowStride: Int { queryWidth + 2 * keyWidth }

        private var tensors: AttentionTensors {
            AttentionTensors(
                batch: batch, length: length, heads: heads, keyValueHeads: keyValueHeads, headWidth: headWidth, q: qkv.base,
                k: qkv.base + queryWidth, v: qkv.base + queryWidth + keyWidth, rowStride: rowStride, out: out.base, rowMax: rowMax.base,
                rowScale: rowScale.base)
        }

        /// Query, key and value, or their gradients, each in dense rows.
        func parts(_ buffer: FloatBuffer) -> [FloatBuffer] {
            [(0, queryWidth), (queryWidth, keyWidth), (queryWidth + keyWidth, keyWidth)].map { first, width in
                FloatBuffer((0..<batch * length).flatMap { row in (0..<width).map { buffer.base[row * rowStride + first + $0] } })
            }
        }

        func forward(_ compute: Compute) { compute.attentionForward(tensors) }

        func backward(_ compute: Compute) {
            compute.attentionBackward(
                tensors, dOut: dOut.base, dq: dqkv.base, dk: dqkv.base + queryWidth, dv: dqkv.base + queryWidth + keyWidth)
        }

        /// p = softmax(q k^T / sqrt(head width)) over the tokens up to the own one, out = p v, and the gradients from dOut.
        func expected() -> (out: [Double], dq: [Double], dk: [Double], dv: [Double]) {
            let inputs = parts(qkv)
            let (q, k, v, dOut) = (inputs[0].doubles, inputs[1].doubles, inputs[2].doubles, dOut.doubles)
            var out = [Double](repeating: 0, count: q.count), dq = out
            var dk = [Double](repeating: 0, count: k.count), dv = dk
            let scale = 1 / Double(headWidth).squareRoot()
            for (sequence, head, t) in (0..<batch).flatMap({ b in (0..<heads).flatMap { h in (0..<length).map { (b, h, $0) } } }) {
                let own = ((sequence * length + t) * heads + head) * headWidth
                let keys = (0...t).map { ((sequence * length + $0) * keyValueHeads + head / (heads / keyValueHeads)) * headWidth }
                func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double { (0..<headWidth).reduce(0) { $0 + a[i + $1] * b[j + $1] } }
                let weights = keys.map { exp(scale * dot(q, own, k, $0)) }
                let total = weights.reduce(0, +)
                let slopes = keys.map { dot(dOut, own, v, $0) }
                let mean = zip(weights, slopes).reduce(0) { $0 + $1.0 / total * $1.1 }
                for (key, (weight, slope)) in zip(keys, zip(weights, slopes)) {
                    let p = weight / total
                    let dScore = scale * p * (slope - mean)
                    for d in 0..<headWidth {
                        out[own + d] += p * v[key + d]
                        dq[own + d] += dScore * k[key + d]
                        dk[key + d] += dScore * q[own + d]
                        dv[key + d] += p * dOut[own + d]
                    }
                }
            }
            return (out, dq, dk, dv)
        }
    }

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        let layer = Layer(batch: 2, length: 53, heads: 4, keyValueHeads: 2, headWidth: 6)
        let expected = layer.expected()
        layer.forward(compute)
        try expect("attention forward", layer.out, expected.out)
        layer.backward(compute)
        let found = layer.parts(layer.dqkv)
        try expect("attention backward, dq", found[0], expected.dq)
        try expect("attention backward, dk", found[1], expected.dk)
        try expect("attention backward, dv", found[2], expected.dv)
    }

    static var cases: [KernelCase] {
        var cases: [KernelCase] = []
        for (width, heads) in [(64, 4), (128, 4), (256, 8), (512, 8)] {
            for length in [128, 256, 1024] {
                for isBackward in [false, true] {
                    cases.append(timed(batch: 2048 / length, length: length, heads: heads, headWidth: width / heads, isBackward: isBackward))
                }
            }
        }
        return cases
    }

    private static func timed(batch: Int, length: Int, heads: Int, headWidth: Int, isBackward: Bool) -> KernelCase {
        // q k^T and p v over (length + 1) / 2 keys in the mean; backward four products of that size.
        let products = isBackward ? 4.0 : 2.0
        let operations = products * Double(batch * length) * Double(heads * headWidth) * Double(length + 1)
        return KernelCase(
            kernel: isBackward ? "attention backward" : "attention forward", size: "\(batch) x \(length), \(heads) heads x \(headWidth)",
            work: .operations(operations)
        ) { compute, _ in
            let layer = Layer(batch: batch, length: length, heads: heads, keyValueHeads: heads, headWidth: headWidth)
            layer.forward(compute)
            return isBackward
                ? KernelCase.Calls(vary: layer.dOut.vary, run: { layer.backward(compute) })
                : KernelCase.Calls(vary: layer.qkv.vary, run: { layer.forward(compute) })
        }
    }
}
