import Foundation
import Testing

/// The references themselves, by hand: a mistake that reference and kernel share would go unseen.
@Suite struct ReferenceTests {
    @Test func product() {
        let result = Reference.product([1, 2, 3, 4], [5, 6, 7, 8], adding: [0, 0, 0, 100], rows: 2, columns: 2, depth: 2)
        #expect(result.values == [19, 22, 43, 150])
        #expect(result.fused == [19, 22, 43, 150] && result.unfused == [19, 22, 43, 150])
        #expect(Reference.product([1, -2], [3, 4], adding: [-1], rows: 1, columns: 1, depth: 2).size == [12])
        // The product of two numbers of 24 bits, minus its rounding: only a fused step keeps the rest.
        let x: Float = 1 + 0x1p-23
        let rest = Reference.product([x, -1], [x, x * x], adding: [0], rows: 1, columns: 1, depth: 2)
        #expect(rest.unfused == [0] && rest.fused == [0])
        #expect(Reference.product([-1, x], [x * x, x], adding: [0], rows: 1, columns: 1, depth: 2).fused == [0x1p-46])
    }

    @Test func norm() {
        let result = Reference.normForward(x: [3, 4, 0, 0], weight: [1, 2], rows: 2, epsilon: 0.25)
        let r = 1 / 12.75.squareRoot()
        #expect(result.r == [r, 2])
        #expect(result.y == [3 * r, 8 * r, 0, 0])
    }

    @Test func rotation() {
        // A quarter turn of the first pair, nothing of the second.
        let turned = Reference.rotate([1, 2, 3, 4], rows: 1, heads: 1, headWidth: 4, cosine: [0, 1], sine: [1, 0], isBackward: false)
        #expect(turned.values == [-3, 2, 1, 4])
        #expect(Reference.rotate(turned.values, rows: 1, heads: 1, headWidth: 4, cosine: [0, 1], sine: [1, 0], isBackward: true).values == [1, 2, 3, 4])
    }

    @Test func attention() {
        // Scores 0 and ln 3 at the second token: a quarter of the first value and three of the second.
        let reference = AttentionReference(batch: 1, length: 2, heads: 1, keyValueHeads: 1, headWidth: 1)
        let out = reference.forward(q: [5, 1], k: [0, log(3)], v: [8, 4])
        #expect(out.out[0] == 8 && abs(out.out[1] - 5) < 1e-14)
        #expect(out.rowMax == [0, log(3)])
        #expect(out.rowScale[0] == 1 && abs(out.rowScale[1] - 0.75) < 1e-14)
    }

    @Test func gradientsOfAttentionAreSlopes() {
        let reference = AttentionReference(batch: 1, length: 3, heads: 4, keyValueHeads: 2, headWidth: 3)
        func numbers(_ count: Int, _ seed: Int) -> [Double] { randomFloats(count, seed: seed).map { Double($0) } }
        let (q, k, v) = (numbers(reference.qCount, 1), numbers(reference.kvCount, 2), numbers(reference.kvCount, 3))
        let dOut = numbers(reference.qCount, 4)
        let gradients = reference.backward(q: q, k: k, v: v, dOut: dOut)
        func objective(_ q: [Double], _ k: [Double], _ v: [Double]) -> Double {
            zip(reference.forward(q: q, k: k, v: v).out, dOut).reduce(0) { $0 + $1.0 * $1.1 }
        }
        for i in q.indices { #expect(abs(Reference.slope({ objective($0, k, v) }, at: q, i) - gradients.dq[i]) < 1e-8) }
        for i in k.indices { #expect(abs(Reference.slope({ objective(q, $0, v) }, at: k, i) - gradients.dk[i]) < 1e-8) }
        for i in v.indices { #expect(abs(Reference.slope({ objective(q, k, $0) }, at: v, i) - gradients.dv[i]) < 1e-8) }
    }

    @Test func crossEntropy() {
        let result = Reference.crossEntropy([0, log(3)], target: 0)
        #expect(abs(result.loss - log(4)) < 1e-15)
        #expect(abs(result.gradient[0] + 0.75) < 1e-15 && abs(result.gradient[1] - 0.75) < 1e-15)
    }

    @Test func adamW() {
        // The first step moves by the learning rate against the gradient's sign.
        let result = Reference.adamW(
            weight: 1, gradient: -3, mean: 0, variance: 0, step: 1, learningRate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0, decay: 0.5)
        #expect(abs(result.weight - 1.05) < 1e-14)
        #expect(abs(result.mean + 0.3) < 1e-15 && abs(result.variance - 0.09) < 1e-15)
    }
}
