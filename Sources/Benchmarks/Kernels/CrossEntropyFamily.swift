import Foundation
import Kernels

/// Softmax cross-entropy of rows of logits, which become their gradient.
enum CrossEntropyFamily: KernelFamily {
    static let name = "cross-entropy"

    private final class Rows {
        let rows: Int, vocabulary: Int, scale: Float
        let logits: FloatBuffer
        let targets: [Int32]
        private(set) var losses: [Double]
        private var isBest: [Bool]
        private let before: FloatBuffer

        init(rows: Int, vocabulary: Int) {
            (self.rows, self.vocabulary, scale) = (rows, vocabulary, 1 / Float(rows))
            before = .random(rows * vocabulary, "logits")
            logits = FloatBuffer(rows * vocabulary)
            logits.copy(from: before)
            targets = (0..<rows).map { Int32($0 * 37 % vocabulary) }
            losses = [Double](repeating: 0, count: rows)
            isBest = [Bool](repeating: false, count: rows)
        }

        func run(_ compute: Compute) {
            let (rows, vocabulary, scale, logits) = (rows, vocabulary, scale, logits)
            targets.withUnsafeBufferPointer { targets in
                losses.withUnsafeMutableBufferPointer { losses in
                    isBest.withUnsafeMutableBufferPointer { isBest in
                        guard let targets = targets.baseAddress, let losses = losses.baseAddress, let isBest = isBest.baseAddress else { return }
                        compute.forRows(rows) {
                            $0.crossEntropy(
                                logits: Matrix(logits.base, rows, vocabulary), targets: targets, gradientScale: scale, losses: losses, isBest: isBest)
                        }
                    }
                }
            }
        }

        func restore(_ compute: Compute) { compute.copy(before.base, to: logits.base, count: logits.count) }
    }

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        let t = Rows(rows: 67, vocabulary: 45)
        let logits = t.logits.doubles
        var losses: [Double] = [], gradient: [Double] = []
        for row in 0..<t.rows {
            let weights = (0..<t.vocabulary).map { exp(logits[row * t.vocabulary + $0]) }
            let total = weights.reduce(0, +)
            let target = Int(t.targets[row])
            losses.append(log(total / weights[target]))
            gradient += weights.indices.map { Double(t.scale) * (weights[$0] / total - ($0 == target ? 1 : 0)) }
        }
        t.run(compute)
        try expect("cross-entropy, losses", FloatBuffer(t.losses.map(Float.init)), losses)
        try expect("cross-entropy, gradient", t.logits, gradient)
    }

    static var cases: [KernelCase] {
        [(2048, 512), (2048, 1024), (256, 1024), (256, 32000)].map { rows, vocabulary in
            let bytes = 4 * rows * vocabulary
            // Reads the logits and writes their gradient in place.
            return KernelCase(kernel: "cross-entropy", size: "\(rows) x \(vocabulary)", work: .bytes(Double(2 * bytes), workingSet: bytes)) { compute, _ in
                let t = Rows(rows: rows, vocabulary: vocabulary)
                return KernelCase.Calls(vary: t.logits.vary, restore: { t.restore(compute) }, run: { t.run(compute) })
            }
        }
    }
}
