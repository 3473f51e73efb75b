import Foundation
@testable import Kernels
import TestSupport
import Testing

extension AttentionTests {
    /// The longest sequence, against sums in Double: only some queries get a gradient, so that there are few of them.
    @Test func aLongSequence() {
        let (length, width, chosen) = (4096, 8, [0, 63, 64, 2047, 4095])
        let shape = Self.shape(length, width, group: 1)
        var inputs = Inputs(shape)
        for at in inputs.dOut.indices where !chosen.contains(at / width) { inputs.dOut[at] = 0 }
        let (q, k, v, dOut) = (inputs.q.map(Double.init), inputs.k.map(Double.init), inputs.v.map(Double.init), inputs.dOut.map(Double.init))
        func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double { (0..<width).reduce(0) { $0 + a[i * width + $1] * b[j * width + $1] } }
        let scale = 1 / Double(width).squareRoot()
        var out: [[Double]] = [], dq: [[Double]] = []
        var dk = [Double](repeating: 0, count: length * width), dv = dk
        for i in chosen {
            let scores = (0...i).map { dot(q, i, k, $0) * scale }
            let most = scores.max() ?? 0
            let total = scores.reduce(0) { $0 + exp($1 - most) }
            let p = scores.map { exp($0 - most) / total }
            let ofP = (0...i).map { dot(dOut, i, v, $0) }
            let mean = zip(p, ofP).reduce(0) { $0 + $1.0 * $1.1 }
            var (row, ofQuery) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
            for j in 0...i {
                let ofScore = p[j] * (ofP[j] - mean) * scale
                for d in 0..<width {
                    row[d] += p[j] * v[j * width + d]
                    ofQuery[d] += ofScore * k[j * width + d]
                    dk[j * width + d] += ofScore * q[i * width + d]
                    dv[j * width + d] += p[j] * dOut[i * width + d]
                }
            }
            out.append(row)
            dq.append(ofQuery)
        }
        for compute in computes {
            let found = Outputs(shape, inputs, compute)
            func rows(_ x: [Float]) -> [Float] { chosen.flatMap { Array(x[$0 * width..<($0 + 1) * width]) } }
            let misses = [
                firstMiss(rows(found.out), out.flatMap { $0 }) { _ in 1e-5 }, firstMiss(rows(found.dq), dq.flatMap { $0 }) { _ in 1e-5 },
                firstMiss(found.dk, dk) { _ in 1e-5 }, firstMiss(found.dv, dv) { _ in 1e-5 },
            ]
            #expect(misses == [nil, nil, nil, nil], "\(compute.instructionSet)")
        }
    }
}
