import Kernels

/// The three products of a linear layer y = x W^T. Letters: N rows, O outputs, I inputs; x (N, I), W (O, I), y (N, O).
enum ProductFamily: KernelFamily {
    static let name = "product"

    private enum Form: String, CaseIterable {
        case forward = "y = x W^T"
        case inputGradient = "dx = dy W"
        case weightGradient = "dW += dy^T x"
    }

    /// One linear layer's tensors.
    private final class Layer {
        let rows: Int, outputs: Int, inputs: Int
        let x: FloatBuffer, weight: FloatBuffer, y: FloatBuffer

        init(rows: Int, outputs: Int, inputs: Int) {
            (self.rows, self.outputs, self.inputs) = (rows, outputs, inputs)
            x = .random(rows * inputs, "x")
            weight = .random(outputs * inputs, "weight")
            y = .random(rows * outputs, "y")
        }

        /// What the form writes.
        func result(_ form: Form) -> FloatBuffer {
            switch form {
            case .forward: y
            case .inputGradient: x
            case .weightGradient: weight
            }
        }

        /// Of the two factors, one whose values may change.
        func factor(_ form: Form) -> FloatBuffer { form == .forward ? x : y }

        func run(_ form: Form, _ compute: Compute) {
            let (x, w, y) = (Matrix(x.base, rows, inputs), Matrix(weight.base, outputs, inputs), Matrix(y.base, rows, outputs))
            switch form {
            case .forward: compute.multiply(x, w.transposed, into: y)
            case .inputGradient: compute.multiply(y, w, into: x)
            case .weightGradient: compute.multiply(y.transposed, x, into: w, accumulate: true)
            }
        }

        func run(_ form: Form, _ peer: OpenBLAS) {
            switch form {
            case .forward:
                peer.multiply(
                    x.base, transposed: false, weight.base, transposed: true, into: y.base, rows: rows, columns: outputs, depth: inputs,
                    accumulate: false)
            case .inputGradient:
                peer.multiply(
                    y.base, transposed: false, weight.base, transposed: false, into: x.base, rows: rows, columns: inputs, depth: outputs,
                    accumulate: false)
            case .weightGradient:
                peer.multiply(
                    y.base, transposed: true, x.base, transposed: false, into: weight.base, rows: outputs, columns: inputs, depth: rows,
                    accumulate: true)
            }
        }

        func expected(_ form: Form) -> [Double] {
            let (x, w, y) = (x.doubles, weight.doubles, y.doubles)
            var result = form == .weightGradient ? w : [Double](repeating: 0, count: self.result(form).count)
            for n in 0..<rows {
                for o in 0..<outputs {
                    for i in 0..<inputs {
                        switch form {
                        case .forward: result[n * outputs + o] += x[n * inputs + i] * w[o * inputs + i]
                        case .inputGradient: result[n * inputs + i] += y[n * outputs + o] * w[o * inputs + i]
                        case .weightGradient: result[o * inputs + i] += y[n * outputs + o] * x[n * inputs + i]
                        }
                    }
                }
            }
            return result
        }
    }

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        // Odd sizes, and one that is longer than the blocks that products are cut into.
        for (rows, outputs, inputs) in [(37, 21, 13), (50, 300, 70), (530, 33, 17)] {
            for form in Form.allCases {
                let layer = Layer(rows: rows, outputs: outputs, inputs: inputs)
                let expected = layer.expected(form)
                layer.run(form, compute)
                try expect("product \(form.rawValue)", layer.result(form), expected)
                guard let peer else { continue }
                let other = Layer(rows: rows, outputs: outputs, inputs: inputs)
                other.run(form, peer)
                try expect("OpenBLAS \(form.rawValue)", other.result(form), expected)
            }
        }
    }

    static var cases: [KernelCase] {
        let widths = [(64, 172), (128, 344), (256, 688), (512, 1376)]
        let blocks = widths.flatMap { c, f in [(c, c), (f, c), (c, f)] }
        let heads = [(512, 64), (512, 128), (1024, 256), (1024, 512)]
        let adapters = [(8, 128), (128, 8)]
        let odd = [(100, 37, 53), (513, 127, 65), (7, 1000, 3), (1, 64, 64)]
        let sizes =
            (blocks + heads + adapters).map { (2048, $0.0, $0.1) } + blocks.map { (512, $0.0, $0.1) } + odd
        return sizes.flatMap { rows, outputs, inputs in
            Form.allCases.map { form in
                KernelCase(
                    kernel: "product \(form.rawValue)", size: "\(rows) x \(outputs) x \(inputs)",
                    work: .operations(2 * Double(rows) * Double(outputs) * Double(inputs))
                ) { compute, peer in
                    let layer = Layer(rows: rows, outputs: outputs, inputs: inputs)
                    return KernelCase.Calls(
                        vary: layer.factor(form).vary, run: { layer.run(form, compute) }, peer: peer.map { peer in { layer.run(form, peer) } })
                }
            }
        }
    }
}
