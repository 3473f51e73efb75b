import Foundation
import Kernels

/// SwiGLU, forward and backward.
enum GateFamily: KernelFamily {
    static let name = "gate"

    private final class Tensors {
        let rows: Int, width: Int
        let gate: FloatBuffer, up: FloatBuffer, out: FloatBuffer, dOut: FloatBuffer
        let dOutBefore: FloatBuffer
        private let gateBefore: FloatBuffer, upBefore: FloatBuffer

        init(rows: Int, width: Int) {
            (self.rows, self.width) = (rows, width)
            let count = rows * width
            (gateBefore, upBefore, dOutBefore) = (.random(count, "gate"), .random(count, "up"), .random(count, "dOut"))
            (gate, up, out, dOut) = (FloatBuffer(count), FloatBuffer(count), FloatBuffer(count), FloatBuffer(count))
            gate.copy(from: gateBefore)
            up.copy(from: upBefore)
            dOut.copy(from: dOutBefore)
        }

        private func matrix(_ buffer: FloatBuffer) -> Matrix { Matrix(buffer.base, rows, width) }

        func forward(_ compute: Compute) {
            let (gate, up, out) = (matrix(gate), matrix(up), matrix(out))
            compute.forRows(rows) { $0.gateForward(gate: gate, up: up, out: out) }
        }

        func backward(_ compute: Compute) {
            let (gate, up, dOut) = (matrix(gate), matrix(up), matrix(dOut))
            compute.forRows(rows) { $0.gateBackward(gate: gate, up: up, dOut: dOut) }
        }

        /// Backward overwrites all three.
        func restore(_ compute: Compute) {
            compute.copy(gateBefore.base, to: gate.base, count: gate.count)
            compute.copy(upBefore.base, to: up.base, count: up.count)
            compute.copy(dOutBefore.base, to: dOut.base, count: dOut.count)
        }
    }

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        let t = Tensors(rows: 151, width: 109)
        let inputs = zip(t.dOut.doubles, zip(t.gate.doubles, t.up.doubles)).map { ($0, $1.0, $1.1, 1 / (1 + exp(-$1.0))) }
        t.forward(compute)
        try expect("gate forward", t.out, inputs.map { _, g, u, s in g * s * u })
        t.backward(compute)
        try expect("gate backward, dgate", t.gate, inputs.map { d, g, u, s in d * u * s * (1 + g * (1 - s)) })
        try expect("gate backward, output", t.dOut, inputs.map { _, g, u, s in g * s * u })
        try expect("gate backward, dup", t.up, inputs.map { d, g, _, s in d * g * s })
    }

    static var cases: [KernelCase] {
        let rows = 2048
        return [172, 344, 688, 1376].flatMap { width in
            let bytes = 4 * rows * width
            return [
                // Reads gate and up, writes out.
                KernelCase(kernel: "gate forward", size: "\(rows) x \(width)", work: .bytes(Double(3 * bytes), workingSet: 3 * bytes)) { compute, _ in
                    let t = Tensors(rows: rows, width: width)
                    return KernelCase.Calls(vary: t.gate.vary, run: { t.forward(compute) })
                },
                // Reads all three and writes them.
                KernelCase(kernel: "gate backward", size: "\(rows) x \(width)", work: .bytes(Double(6 * bytes), workingSet: 3 * bytes)) { compute, _ in
                    let t = Tensors(rows: rows, width: width)
                    return KernelCase.Calls(vary: t.dOutBefore.vary, restore: { t.restore(compute) }, run: { t.backward(compute) })
                },
            ]
        }
    }
}
