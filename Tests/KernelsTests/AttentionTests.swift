@testable import Kernels
import KernelTypes
import TestSupport
import Testing

/// Causal attention with grouped query heads, through `Compute`, which lays out the units. Bounds: those of the kernels' comments.
@Suite struct AttentionTests {
    static func shape(_ length: Int, _ width: Int, group: Int, keyValueHeads: Int = 1, batch: Int = 1) -> AttentionReference {
        AttentionReference(batch: batch, length: length, heads: group * keyValueHeads, keyValueHeads: keyValueHeads, headWidth: width)
    }

    /// Lengths around the groups of 16 queries and the blocks of 64 queries and keys; every head width with every group.
    static let shapes: [AttentionReference] =
        (Array(1...17) + [31, 32, 33, 47, 48, 49, 63, 64, 65, 66]).map { shape($0, 6, group: 2) }
        + [127, 128, 129, 130].map { shape($0, 8, group: 2) } + [200, 300].flatMap { [shape($0, 4, group: 1), shape($0, 16, group: 2)] }
        + [2, 4, 6, 8, 16, 24, 32, 64].flatMap { width in [1, 2, 4].map { shape(35, width, group: $0) } + [shape(67, width, group: 2)] }
        + [1, 3, 5, 7, 15, 17, 31, 33].map { shape(9, $0, group: 1) }
        + [shape(7, 4, group: 3, keyValueHeads: 2, batch: 2), shape(65, 3, group: 1, keyValueHeads: 4, batch: 3), shape(50, 5, group: 6)]

    /// - Parameter size: of the bounds, which hold for 1.
    func check(
        _ s: AttentionReference, _ inputs: Inputs, _ computes: [Compute], _ name: String, size: Double = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let expected = inputs.expected(s), gradients = inputs.gradients(s)
        let largest = Double(inputs.v.map(abs).max() ?? 0)
        for compute in computes {
            let found = Outputs(s, inputs, compute, sourceLocation: sourceLocation)
            let misses = [
                firstMiss(found.out, expected.out) { _ in 2e-6 * size * largest },
                firstMiss(found.rowMax, expected.rowMax) { _ in 5e-6 * size },
                firstMiss(found.rowScale, expected.rowScale) { 5e-6 * size * expected.rowScale[$0] },
                firstMiss(found.dq, gradients.dq) { _ in 2e-6 * size * gradients.dqSize },
                firstMiss(found.dk, gradients.dk) { _ in 2e-6 * size * gradients.dkSize },
                firstMiss(found.dv, gradients.dv) { _ in 2e-6 * size * gradients.dvSize },
            ]
            #expect(misses == [nil, nil, nil, nil, nil, nil], "\(compute.instructionSet), \(name)", sourceLocation: sourceLocation)
        }
    }

    let computes = instructionSets.map { Compute(instructionSet: $0) }

    @Test(arguments: shapes)
    func againstTheReference(shape: AttentionReference) { check(shape, Inputs(shape), computes, "\(shape)") }

    /// Scores up to about 30, where a softmax is nearly a choice of one.
    @Test func wideScores() {
        let shape = Self.shape(40, 8, group: 1, keyValueHeads: 2)
        let inputs = Inputs(shape, spread: 6)
        let scores = inputs.expected(shape).rowMax
        #expect((scores.max() ?? 0) > 20 && (scores.max() ?? 0) < 32)
        check(shape, inputs, computes, "wide")
    }

    /// How scores go along the keys, where the softmax has to correct what it has summed up.
    enum Course: CaseIterable {
        case rising, falling, risingAndFalling, lastBlockAlone, firstKeyAlone

        /// -1...1
        func score(_ j: Int, of length: Int) -> Double {
            let place = Double(j) / Double(length - 1)
            return switch self {
            case .rising: 2 * place - 1
            case .falling: 1 - 2 * place
            case .risingAndFalling: 1 - 4 * abs(place - 0.5)
            case .lastBlockAlone: j < 128 ? -1 : 1
            case .firstKeyAlone: j == 0 ? 1 : -1
            }
        }
    }

    /// Scores from -30 to 30 along the keys; and so far apart that a block leaves nothing of what was before it, or adds nothing.
    @Test(arguments: Course.allCases, [30, 300.0])
    func scoresThatGoUpAndDownAlongTheKeys(course: Course, largest: Double) {
        let shape = Self.shape(200, 4, group: 1)
        var inputs = Inputs(shape)
        // The first component of q alone makes the score, and the rest a little of it.
        for i in 0..<200 {
            for d in 0..<4 {
                inputs.q[4 * i + d] = d == 0 ? 2 : inputs.q[4 * i + d] / 8
                if d == 0 { inputs.k[4 * i] = Float(largest * course.score(i, of: 200)) }
            }
        }
        let most = inputs.expected(shape).rowMax.map(abs).max() ?? 0
        #expect(most > 0.9 * largest && most < 1.1 * largest)
        check(shape, inputs, computes, "\(course) to \(largest)", size: largest / 30)
    }

    /// The gradients are the slopes of the outputs, across the bound of a block.
    @Test func backwardIsTheSlope() {
        let shape = Self.shape(66, 2, group: 2)
        let inputs = Inputs(shape)
        func slope(_ values: [Float], _ index: Int, _ change: ([Double], inout Exact) -> Void) -> Double {
            var all = Exact(inputs)
            return Reference.slope(
                { moved in
                    change(moved, &all)
                    return zip(shape.forward(q: all.q, k: all.k, v: all.v).out, inputs.dOut).reduce(0) { $0 + $1.0 * Double($1.1) }
                }, at: values.map { Double($0) }, index)
        }
        let places = [0, 1, 30, 63, 64, 65, 127, 128, 129, 131]
        let expected = [
            places.map { slope(inputs.q, 2 * $0) { $1.q = $0 } }, places.map { slope(inputs.k, $0) { $1.k = $0 } },
            places.map { slope(inputs.v, $0) { $1.v = $0 } },
        ]
        for compute in computes {
            let found = Outputs(shape, inputs, compute)
            let values = [places.map { found.dq[2 * $0] }, places.map { found.dk[$0] }, places.map { found.dv[$0] }]
            #expect(zip(values, expected).map { firstMiss($0, $1) { _ in 1e-5 } } == [nil, nil, nil], "\(compute.instructionSet)")
        }
    }

    struct Exact {
        var q: [Double], k: [Double], v: [Double]

        init(_ inputs: Inputs) { (q, k, v) = (inputs.q.map { Double($0) }, inputs.k.map { Double($0) }, inputs.v.map { Double($0) }) }
    }

    /// A later token changes no bit of an earlier output.
    @Test(arguments: [1, 16, 20, 48, 59, 63, 64, 65, 100])
    func nothingLooksAhead(length: Int) {
        let (long, short) = (Self.shape(130, 4, group: 2), Self.shape(length, 4, group: 2))
        let inputs = Inputs(long)
        var (cut, changed) = (inputs, inputs)
        (cut.q, cut.k, cut.v) = (Array(inputs.q.prefix(short.qCount)), Array(inputs.k.prefix(short.kvCount)), Array(inputs.v.prefix(short.kvCount)))
        cut.dOut = Array(inputs.dOut.prefix(short.qCount))
        for i in short.qCount..<long.qCount { changed.q[i] *= -3 }
        for i in short.kvCount..<long.kvCount { (changed.k[i], changed.v[i]) = (50 * changed.k[i], Float.greatestFiniteMagnitude) }
        for compute in computes {
            let all = Outputs(long, inputs, compute, isForwardOnly: true), other = Outputs(long, changed, compute, isForwardOnly: true)
            let alone = Outputs(short, cut, compute, isForwardOnly: true)
            let out = Array(all.out.prefix(short.qCount))
            #expect(firstBitDifference(alone.out, out) == nil, "\(compute.instructionSet)")
            #expect(firstBitDifference(Array(other.out.prefix(short.qCount)), out) == nil, "\(compute.instructionSet)")
        }
    }

    /// The gradient of one token's output reaches no later key or value, and no other query.
    @Test(arguments: [0, 15, 16, 40, 63, 64, 99])
    func noGradientReachesWhatIsLater(token: Int) {
        let shape = Self.shape(100, 4, group: 2)
        var inputs = Inputs(shape)
        for i in inputs.dOut.indices where i / 8 != token { inputs.dOut[i] = 0 }
        for compute in computes {
            let found = Outputs(shape, inputs, compute)
            #expect(found.dq.indices.allSatisfy { $0 / 8 == token || found.dq[$0] == 0 }, "\(compute.instructionSet)")
            for gradient in [found.dk, found.dv] {
                #expect(gradient.indices.allSatisfy { $0 / 4 <= token || gradient[$0] == 0 }, "\(compute.instructionSet)")
            }
            #expect(found.dv.indices.allSatisfy { $0 / 4 > token || found.dv[$0] != 0 }, "\(compute.instructionSet)")
        }
    }

    /// A NaN in a query spoils its own output alone, one in a key those of its own and later tokens. One in a value does too, and because hidden
    /// values are multiplied by 0, it may spoil the queries before it in the same group of 16, with AVX-512 of 32; no others.
    @Test(arguments: [(0, Float.nan), (21, .nan), (21, .infinity), (32, .nan), (69, -.infinity)])
    func aNaNReachesItsOwnAndLaterRows(token: Int, bad: Float) {
        let shape = Self.shape(70, 4, group: 2, keyValueHeads: 2, batch: 2)
        // In the second sequence, the second key-value head, its first component.
        for compute in computes {
            let sound = Inputs(shape)
            let kvAt = (70 + token) * 8 + 4
            var (ofQuery, ofKey, ofValue) = (sound, sound, sound)
            ofQuery.q[(70 + token) * 16 + 8] = .nan
            ofKey.k[kvAt] = .nan
            ofValue.v[kvAt] = bad
            func notFinite(_ inputs: Inputs) -> Set<Int> {
                let out = Outputs(shape, inputs, compute, isForwardOnly: true).out
                return Set(out.indices.filter { !out[$0].isFinite })
            }
            /// Elements of the outputs of tokens `first`... of the second sequence, in these columns.
            func elements(_ tokens: Range<Int>, _ columns: [Int]) -> Set<Int> { Set(tokens.flatMap { t in columns.map { (70 + t) * 16 + $0 } }) }
            #expect(notFinite(sound).isEmpty)
            #expect(notFinite(ofQuery) == elements(token..<token + 1, Array(8..<12)), "\(compute.instructionSet)")
            #expect(notFinite(ofKey) == elements(token..<70, Array(8..<16)), "\(compute.instructionSet)")
            let found = notFinite(ofValue)
            #expect(found.isSuperset(of: elements(token..<70, [8, 12])), "\(compute.instructionSet)")
            // The queries before it in the group that shares the tile.
            let group = compute.kernels.pointee.panelWidth
            #expect(found.isSubset(of: elements(token / group * group..<70, [8, 12])), "\(compute.instructionSet)")
        }
    }

    /// Scratch of the promised size is enough for every length, and nothing is read there that was not written.
    @Test(arguments: instructionSets)
    func scratchDoesNotDependOnTheLength(set: InstructionSet) {
        let kernels = set.kernels
        for (width, group) in [(1, 1), (2, 4), (7, 2), (16, 1), (33, 2), (64, 1)] {
            let size = AttentionUnit.scratch(headWidth: width, panelWidth: kernels.panelWidth, productScratch: kernels.productScratch)
            for length in [1, 15, 16, 17, 64, 65, 129, 300] {
                let qCount = length * group * width
                let inputs = [qCount, length * width, length * width, qCount].enumerated().map { Guarded(randomFloats($1, seed: $0), .beforeWall) }
                let results = [qCount, group * length, group * length, qCount, length * width, length * width].map { Guarded($0) }
                for placement in [Guarded.Placement.unaligned, .beforeWall] {
                    let scratch = Guarded(size, placement)
                    var unit = AttentionUnit(
                        length: length, headWidth: width, group: group, q: inputs[0].base, qRow: group * width, out: results[0].base,
                        outRow: group * width, k: inputs[1].base, v: inputs[2].base, kvRow: width, rowMax: results[1].base, rowScale: results[2].base,
                        scratch: scratch.base)
                    kernels.attentionForward(unit)
                    scratch.reset()
                    (unit.dOut, unit.dq, unit.dk, unit.dv) = (Input(inputs[3].base), results[3].base, results[4].base, results[5].base)
                    kernels.attentionBackward(unit)
                    #expect(scratch.isIntact && (inputs + results).allSatisfy { $0.isIntact }, "length \(length), width \(width)")
                    #expect(results.allSatisfy { $0.values.allSatisfy(\.isFinite) }, "length \(length), width \(width)")
                }
            }
        }
    }

    @Test(arguments: [shape(150, 5, group: 3, keyValueHeads: 2, batch: 3), shape(17, 16, group: 1, keyValueHeads: 2, batch: 2)])
    func threadsAndSetsGiveTheSameBits(shape: AttentionReference) {
        let inputs = Inputs(shape)
        _ = Machines.shared.results { compute in
            let found = Outputs(shape, inputs, compute)
            let dense = Outputs(shape, inputs, compute, gap: 0)
            let all = found.out + found.rowMax + found.rowScale + found.dq + found.dk + found.dv
            #expect(firstBitDifference(dense.out + dense.rowMax + dense.rowScale + dense.dq + dense.dk + dense.dv, all) == nil)
            return all
        }
    }
}
