import Foundation
import Kernels

/// e^x of single elements.
enum ExponentialFamily: KernelFamily {
    static let name = "exponential"

    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError) {
        let x = FloatBuffer.random(16_411, "x"), y = FloatBuffer(16_411)
        for index in 0..<x.count { x.base[index] *= 5 }
        compute.exponential(x.base, y.base, count: x.count)
        try expect("exponential", y, x.doubles.map { exp($0) })
    }

    static var cases: [KernelCase] {
        [2048 * 64, 2048 * 512].map { count in
            // Reads x, writes y.
            KernelCase(kernel: "exponential", size: "\(count)", work: .bytes(Double(8 * count), workingSet: 8 * count)) { compute, _ in
                let x = FloatBuffer.random(count, "x"), y = FloatBuffer(count)
                return KernelCase.Calls(vary: x.vary, run: { compute.exponential(x.base, y.base, count: count) })
            }
        }
    }
}
