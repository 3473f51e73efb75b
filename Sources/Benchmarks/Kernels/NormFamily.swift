import Kernels

/// RMSNorm of rows, forward and backward with a trained weight.
enum NormFamily: KernelFamily {
    static let name = "norm"

    private static let epsilon: Float = 1e-5

    private final class Rows {
        let rows: Int, width: Int
        let x: FloatBuffer, weight: FloatBuffer, y: FloatBuffer, r: FloatBuffer, dy: FloatBuffer, dx: FloatBuffer, dWeight: FloatBuffer

        init(rows: Int, width: Int) {
            (self.rows, self.width) = (rows, width)
            (x, weight, dy) = (.random(rows * width, "x"), .random(width, "weight"), .random(rows * width, "dy"))
            (y, r, dx, dWeight) = (FloatBuffer(rows * width), FloatBuffer(rows), FloatBuffer(rows * width), FloatBuffer(width))
        }

        func forward(_ compute: Compute) {
            compute.normForward(x: x.base, weight: weight.base, y: y.base, r: r.base, rows: rows, width: width, epsilon: epsilon)
        }

        func backward(_ compute: Compute) {
            let partial = compute.partialRows(rows, width: width)
            let (x, weight, r, dy, dx) = (x, weight, r, Matrix(dy.base, rows, width), dx)
            compute.forRows(rows) {
                $0.normBackward(x: x.base, weight: weight.base, r: r.base, dy: dy, past: dx.base, dx: dx.base, partial: partial, epsilon: epsilon)
            }
            compute.addPartials(partial, rows: rows, width: width, to: dWeight.base)
        }
    }

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        let (rows, width) = (131, 37)
        let t = Rows(rows: rows, width: width)
        let (x, weight, dy) = (t.x.doubles, t.weight.doubles, t.dy.doubles)
        var y: [Double] = [], dx: [Double] = [], dWeight = [Double](repeating: 0, count: width)
        for first in stride(from: 0, to: rows * width, by: width) {
            let squares = (first..<first + width).reduce(0) { $0 + x[$1] * x[$1] }
            let r = 1 / (squares / Double(width) + Double(epsilon)).squareRoot()
            let mean = (0..<width).reduce(0) { $0 + dy[first + $1] * weight[$1] * x[first + $1] } / Double(width)
            for d in 0..<width {
                y.append(x[first + d] * r * weight[d])
                dx.append(r * (dy[first + d] * weight[d] - x[first + d] * r * r * mean))
                dWeight[d] += dy[first + d] * x[first + d] * r
            }
        }
        t.forward(compute)
        try expect("norm forward", t.y, y)
        t.backward(compute)
        try expect("norm backward, dx", t.dx, dx)
        try expect("norm backward, dweight", t.dWeight, dWeight)
    }

    static var cases: [KernelCase] {
        let rows = 2048
        return [64, 128, 256, 512].flatMap { width -> [KernelCase] in
            let bytes = 4 * rows * width
            let size = "\(rows) x \(width)"
            return [
                // Reads x, writes y.
                KernelCase(kernel: "norm forward", size: size, work: .bytes(Double(2 * bytes), workingSet: 2 * bytes)) { compute, _ in
                    let t = Rows(rows: rows, width: width)
                    return KernelCase.Calls(vary: t.x.vary, run: { t.forward(compute) })
                },
                // Reads x and dy, adds to dx.
                KernelCase(kernel: "norm backward", size: size, work: .bytes(Double(4 * bytes), workingSet: 3 * bytes)) { compute, _ in
                    let t = Rows(rows: rows, width: width)
                    t.forward(compute)
                    return KernelCase.Calls(vary: t.dy.vary, run: { t.backward(compute) })
                },
            ]
        }
    }
}
