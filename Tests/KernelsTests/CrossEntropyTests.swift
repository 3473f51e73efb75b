@testable import Kernels
import TestSupport
import Testing

/// Softmax cross-entropy. Bounds in 2^-24: the sum (V / 16 + 10) of itself, the gradient (V / 16 + 16) of its scale.
@Suite struct CrossEntropyTests {
    static let vocabularies = Array(1...17) + [31, 32, 33, 257, 1024]

    @Test(arguments: instructionSets, [Float(0), 1, 0.25])
    func rows(set: InstructionSet, gradientScale: Float) {
        for vocabulary in Self.vocabularies {
            let logits = randomFloats(vocabulary, seed: vocabulary, deviation: 3)
            for target in Set([0, vocabulary / 2, vocabulary - 1]).sorted() { check(set, logits, target, gradientScale) }
        }
        check(set, [1e30, -1e30, 5], 0, gradientScale)
        check(set, randomFloats(100, seed: 1, deviation: 1e4), 50, gradientScale)
        check(set, [Float](repeating: -1e38, count: 20), 3, gradientScale)
        check(set, [Float](repeating: 7, count: 1000), 999, gradientScale)
    }

    func check(_ set: InstructionSet, _ logits: [Float], _ target: Int, _ gradientScale: Float, sourceLocation: SourceLocation = #_sourceLocation) {
        let count = logits.count
        let expected = Reference.crossEntropy(logits.map { Double($0) }, target: target)
        let memory = Guarded(logits)
        let row = set.kernels.crossEntropyRow(memory.base, count, target, gradientScale)
        #expect(memory.isIntact, sourceLocation: sourceLocation)
        #expect(row.largest == logits.max() && row.target == logits[target], sourceLocation: sourceLocation)
        #expect(row.best == logits.firstIndex(of: row.largest), sourceLocation: sourceLocation)
        let miss = firstMiss([row.sum], [expected.sum]) { _ in (Double(count) / 16 + 10) * 0x1p-24 * expected.sum }
        #expect(miss == nil, "\(count) logits", sourceLocation: sourceLocation)
        if gradientScale == 0 {
            #expect(memory.values == logits, sourceLocation: sourceLocation)
        } else {
            let miss = firstMiss(memory.values, expected.gradient.map { Double(gradientScale) * $0 }) { _ in
                (Double(count) / 16 + 16) * 0x1p-24 * Double(gradientScale)
            }
            #expect(miss == nil, "\(count) logits, target \(target)", sourceLocation: sourceLocation)
        }
    }

    @Test(arguments: instructionSets)
    func theGradientIsTheSlope(set: InstructionSet) {
        let logits = randomFloats(19, seed: 4)
        let memory = Guarded(logits)
        _ = set.kernels.crossEntropyRow(memory.base, 19, 7, 1)
        let slopes = logits.indices.map { Reference.slope({ Reference.crossEntropy($0, target: 7).loss }, at: logits.map { Double($0) }, $0) }
        #expect(firstMiss(memory.values, slopes) { _ in 1e-6 } == nil)
    }

    /// Losses and hits of rows of logits, `gap` floats between them.
    func losses(
        _ compute: Compute, _ logits: [[Float]], _ targets: [Int32], gradientScale: Float = 0, gap: Int = 3,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> (losses: [Double], isBest: [Bool], logits: [Float]) {
        let width = logits[0].count
        let memory = Guarded(targets.count * (width + gap))
        for (t, row) in logits.enumerated() { for (j, x) in row.enumerated() { memory.base[t * (width + gap) + j] = x } }
        let matrix = Matrix(memory.base, targets.count, width, rowStride: width + gap)
        var losses = [Double](repeating: -1, count: targets.count), isBest = targets.map { _ in true }
        losses.withUnsafeMutableBufferPointer { losses in
            isBest.withUnsafeMutableBufferPointer { isBest in
                compute.forRows(targets.count) { [losses = losses.baseAddress!, isBest = isBest.baseAddress!] in
                    $0.crossEntropy(logits: matrix, targets: targets, gradientScale: gradientScale, losses: losses, isBest: isBest)
                }
            }
        }
        let all = memory.values
        let between = all.indices.filter { $0 % (width + gap) >= width }
        #expect(memory.isIntact && between.allSatisfy { PackingTests.isMark(all[$0]) }, sourceLocation: sourceLocation)
        return (losses, isBest, all.indices.filter { $0 % (width + gap) < width }.map { all[$0] })
    }

    func losses(_ set: InstructionSet, _ logits: [[Float]], _ targets: [Int32], gradientScale: Float = 0)
        -> (losses: [Double], isBest: [Bool], logits: [Float])
    {
        losses(Compute(instructionSet: set), logits, targets, gradientScale: gradientScale)
    }

    @Test(arguments: instructionSets)
    func targetsThatAreNotScored(set: InstructionSet) {
        let rows: [[Float]] = [[1, 2, 3], [.nan, .infinity, 0], [3, 2, 1]]
        let result = losses(set, rows, [2, -1, 2], gradientScale: 1)
        #expect(result.losses[1] == 0 && result.isBest == [true, false, false])
        #expect(abs(result.losses[0] - 0.407_605_964_444_38) < 1e-6 && abs(result.losses[2] - 2.407_605_964_444_38) < 1e-6)
        #expect(result.logits[3..<6] == [0, 0, 0])
        #expect(losses(set, rows, [-1, -1, -100]).losses == [0, 0, 0])
    }

    @Test(arguments: instructionSets)
    func hugeLogits(set: InstructionSet) {
        let result = losses(set, [[3e38, -3e38], [3e38, -3e38], [1e4, 0], [1e4, 0], [-1e4, -1e4]], [0, 1, 0, 1, 1])
        #expect(result.losses[0] == 0)
        #expect(abs(result.losses[1] / 6e38 - 1) < 1e-6)
        #expect(result.losses[2] == 0 && result.losses[3] == 10000)
        #expect(abs(result.losses[4] - 0.693_147_18) < 1e-7)
    }

    /// The first of equal logits is the most likely one.
    @Test(arguments: instructionSets)
    func ties(set: InstructionSet) {
        for (first, second) in [(0, 1), (3, 4), (2, 18), (15, 16), (17, 39), (0, 39)] {
            var logits = [Float](repeating: -1, count: 40)
            logits[first] = 2
            logits[second] = 2
            let result = losses(set, [logits, logits], [Int32(first), Int32(second)])
            #expect(result.isBest == [true, false])
            #expect(result.losses[0] == result.losses[1])
        }
    }

    @Test(arguments: instructionSets)
    func whatIsNotFiniteGivesALossThatIsNot(set: InstructionSet) {
        for count in [1, 3, 16, 40] {
            for bad in [Float.nan, .infinity] {
                for place in Set([0, count / 2, count - 1]).sorted() {
                    var logits = randomFloats(count, seed: count)
                    logits[place] = bad
                    #expect(losses(set, [logits], [0]).losses[0].isNaN, "\(bad) at \(place) of \(count)")
                }
            }
            #expect(losses(set, [[Float](repeating: .nan, count: count)], [0]).losses[0].isNaN)
            #expect(!losses(set, [[Float](repeating: -.infinity, count: count)], [0]).losses[0].isFinite)
        }
        #expect(losses(set, [[0, -.infinity]], [1]).losses == [.infinity])
        #expect(losses(set, [[0, -.infinity]], [0]).losses[0] < 1e-30)
    }

    @Test func threadsAndSetsGiveTheSameBits() {
        let (rows, vocabulary) = (70, 300)
        let logits = randomFloats(rows * vocabulary, seed: 5, deviation: 2)
        var random = RandomStream(seed: 6, "targets")
        let targets = (0..<rows).map { _ in Int32(random.below(vocabulary + 1)) - 1 }
        let results = Machines.shared.results { compute in
            let split = (0..<rows).map { Array(logits[$0 * vocabulary..<($0 + 1) * vocabulary]) }
            let (losses, isBest, gradients) = losses(compute, split, targets, gradientScale: 0.5)
            return losses.flatMap { [Float($0), Float($0 - Double(Float($0)))] } + isBest.map { $0 ? 1 : 0 } + gradients
        }
        for (set, values) in results {
            for t in 0..<rows where targets[t] >= 0 {
                let expected = Reference.crossEntropy(logits[t * vocabulary..<(t + 1) * vocabulary].map { Double($0) }, target: Int(targets[t]))
                #expect(abs(Double(values[2 * t]) - expected.loss) < 3e-6, "\(set)")
            }
        }
    }

    @Test func aTargetOutOfRangeTraps() async {
        await #expect(processExitsWith: .failure) {
            let memory = FloatBuffer(100)
            var (loss, isBest) = (0.0, false)
            withUnsafeMutablePointer(to: &loss) { loss in
                withUnsafeMutablePointer(to: &isBest) { isBest in
                    Compute().forRows(1) {
                        $0.crossEntropy(logits: Matrix(memory.base, 1, 5), targets: [5], gradientScale: 0, losses: loss, isBest: isBest)
                    }
                }
            }
        }
    }
}
