import Foundation
@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// AdamW. Bounds of an update in 2^-24: 4 of the mean's terms, 6 of the variance, 3 of the weight and 16 of the step.
@Suite struct AdamWTests {
    struct Step {
        var number = 3, learningRate = 0.01, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, decay = 0.1
        var gradientScale: Float = 1

        func range(count: Int, weight: Guarded, gradient: Guarded, mean: Guarded, variance: Guarded) -> AdamWRange {
            let correction1 = 1 - pow(beta1, Double(number)), correction2 = 1 - pow(beta2, Double(number))
            return AdamWRange(
                count: count, weight: weight.base, gradient: gradient.base, mean: mean.base, variance: variance.base, gradientScale: gradientScale,
                beta1: beta1, beta2: beta2, epsilon: Float(epsilon), stepSize: Float(learningRate / correction1),
                varianceScale: Float(1 / correction2.squareRoot()), decay: Float(1 - learningRate * decay))
        }
    }

    func check(_ set: InstructionSet, _ step: Step, count: Int, size: Double = 1, sourceLocation: SourceLocation = #_sourceLocation) {
        let weight = randomFloats(count, seed: 1), gradient = randomFloats(count, seed: 2, deviation: size)
        let mean = randomFloats(count, seed: 3, deviation: size), variance = randomFloats(count, seed: 4, deviation: size * size).map(abs)
        let (w, g, m, v) = (Guarded(weight), Guarded(gradient, .beforeWall), Guarded(mean), Guarded(variance))
        set.kernels.adamW(step.range(count: count, weight: w, gradient: g, mean: m, variance: v))
        #expect(w.isIntact && g.isIntact && m.isIntact && v.isIntact && g.values.allSatisfy { $0 == 0 }, sourceLocation: sourceLocation)
        guard count > 0 else { return }
        let scaled = gradient.map { Double($0) * Double(step.gradientScale) }
        let expected = (0..<count).map {
            Reference.adamW(
                weight: Double(weight[$0]), gradient: scaled[$0], mean: Double(mean[$0]), variance: Double(variance[$0]), step: step.number,
                learningRate: step.learningRate, beta1: step.beta1, beta2: step.beta2, epsilon: step.epsilon, decay: step.decay)
        }
        let misses = [
            firstMiss(m.values, expected.map(\.mean)) {
                4 * 0x1p-24 * (abs(step.beta1 * Double(mean[$0])) + abs((1 - step.beta1) * scaled[$0]))
            },
            firstMiss(v.values, expected.map(\.variance)) { 6 * 0x1p-24 * expected[$0].variance },
            firstMiss(w.values, expected.map(\.weight)) { 0x1p-24 * (3 * abs(Double(weight[$0])) + 16 * expected[$0].size) },
        ]
        #expect(misses == [nil, nil, nil], "\(count)", sourceLocation: sourceLocation)
    }

    @Test(arguments: instructionSets)
    func againstTheReference(set: InstructionSet) {
        for count in Array(0...17) + [31, 32, 33, 100] { check(set, Step(), count: count) }
        check(set, Step(number: 1, gradientScale: 0.37), count: 1000)
        check(set, Step(number: 1000, beta1: 0, beta2: 0.999), count: 1000)
        // 1 - beta2 must not be taken in Float: it would be 1e-2 off here.
        check(set, Step(number: 1, beta2: 0.999_999), count: 100)
        check(set, Step(epsilon: 0.1, decay: 0), count: 100)
        check(set, Step(epsilon: 1e-12), count: 1000, size: 1e-6)
        check(set, Step(), count: 1000, size: 1e6)
    }

    @Test(arguments: instructionSets)
    func noGradientMovesNothingButTheDecay(set: InstructionSet) {
        let zeros = [Float](repeating: 0, count: 20)
        let (w, g, m, v) = (Guarded([Float](repeating: 2, count: 20)), Guarded(zeros), Guarded(zeros), Guarded(zeros))
        set.kernels.adamW(Step(learningRate: 0.5, decay: 0.5).range(count: 20, weight: w, gradient: g, mean: m, variance: v))
        #expect(w.values.allSatisfy { $0 == 1.5 } && m.values == zeros && v.values == zeros)
    }

    @Test(arguments: instructionSets)
    func aNaNStaysWhereItIs(set: InstructionSet) {
        let zeros = [Float](repeating: 0, count: 20)
        var gradient = randomFloats(20, seed: 5)
        gradient[3] = .nan
        gradient[17] = .infinity
        let (w, g, m, v) = (Guarded(zeros), Guarded(gradient), Guarded(zeros), Guarded(zeros))
        set.kernels.adamW(Step().range(count: 20, weight: w, gradient: g, mean: m, variance: v))
        #expect(w.values.indices.allSatisfy { w.values[$0].isNaN == ($0 == 3 || $0 == 17) })
    }

    @Test func threadsAndSetsGiveTheSameBits() {
        let count = 40_000
        let weight = randomFloats(count, seed: 6), gradients = (1...3).map { randomFloats(count, seed: 6 + $0) }
        _ = Machines.shared.results { compute in
            let (w, m, v) = (Guarded(weight), Guarded([Float](repeating: 0, count: count)), Guarded([Float](repeating: 0, count: count)))
            for number in 1...3 {
                let gradient = Guarded(gradients[number - 1])
                compute.adamW(Step(number: number).range(count: count, weight: w, gradient: gradient, mean: m, variance: v))
            }
            #expect(w.isIntact && m.isIntact && v.isIntact)
            return w.values + m.values + v.values
        }
    }
}
