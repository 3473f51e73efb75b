import Corpus
import Kernels
import Llama
import Testing
import Training

struct DriftTests {
    private let compute = Compute(threads: 2)

    private func tokens(_ count: Int = 200) -> [Int32] {
        var random = RandomStream(seed: 5, "drift")
        return (0..<count).map { _ in Int32(random.below(23)) }
    }

    @Test func theBaseHasNotGoneAnywhere() throws {
        let base = try smallModel(seed: 1), same = try smallModel(seed: 1)
        let drift = try DriftMeasurement([("a", tokens())], count: 100, sequenceLength: 8).measure(same, base: base, compute)
        #expect(drift.divergence == 0)
        #expect(drift.baseEntropy > 0 && drift.baseEntropy <= ExactMath.log(23))
        for layer in drift.layers { #expect(layer.weights == 0 && layer.rank == 0 && abs(layer.alignment - 1) < 1e-6) }
    }

    /// New blocks that are the identity change nothing; the blocks of the base are found beside them.
    @Test func addedBlocksBelongToNoLayer() throws {
        let base = try smallModel(layers: 3, seed: 1), model = try smallModel(layers: 3, seed: 1)
        model.expand(after: [0, 2])
        let drift = try DriftMeasurement([("a", tokens())], count: 100, sequenceLength: 8).measure(model, base: base, compute)
        #expect(drift.layers.count == 3)
        #expect(drift.divergence == 0)
        for layer in drift.layers { #expect(layer.weights == 0 && abs(layer.alignment - 1) < 1e-6) }
    }

    /// Another model: every number against plain sums in Double over its own residual streams and logits.
    @Test func agreesWithPlainSums() throws {
        let base = try smallModel(seed: 1), model = try smallModel(seed: 2)
        let drift = try DriftMeasurement([("a", tokens(48))], count: 48, sequenceLength: 8).measure(model, base: base, compute)
        let all = tokens(48)
        func states(_ model: LlamaModel) -> [[[Double]]] {
            var found: [[[Double]]] = model.blocks.map { _ in [] }
            for start in stride(from: 0, to: 48, by: 8) {
                ModelPass(model, compute, batch: 1, length: 8).residuals(tokens: Array(all[start..<start + 8])) { layer, matrix in
                    for i in 0..<matrix.rows { found[layer].append((0..<matrix.columns).map { Double(matrix.base[i * matrix.rowStride + $0]) }) }
                }
            }
            return found
        }
        func centred(_ rows: [[Double]]) -> [[Double]] {
            let mean = rows[0].indices.map { j in rows.reduce(0) { $0 + $1[j] } / Double(rows.count) }
            return rows.map { zip($0, mean).map { $0 - $1 } }
        }
        /// Of Gram matrices over tokens: the other form of the same quantity.
        func alignment(_ a: [[Double]], _ b: [[Double]]) -> Double {
            func gram(_ x: [[Double]]) -> [Double] { x.flatMap { row in x.map { zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 } } } }
            let (k, l) = (gram(centred(a)), gram(centred(b)))
            func inner(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
            return inner(k, l) / (inner(k, k) * inner(l, l)).squareRoot()
        }
        for (layer, (a, b)) in zip(states(base), states(model)).enumerated() {
            #expect(abs(drift.layers[layer].alignment - alignment(a, b)) < 1e-5)
            var (changed, whole) = (0.0, 0.0)
            for (from, to) in zip(base.blocks[layer].parameters, model.blocks[layer].parameters) {
                for (x, y) in zip(from.values.values, to.values.values) {
                    changed += Double(y - x) * Double(y - x)
                    whole += Double(x) * Double(x)
                }
            }
            #expect(abs(drift.layers[layer].weights - (changed / whole).squareRoot()) < 1e-9)
            // Random changes have nearly full rank: matrices of rank at most 12, the keys' and values' 6.
            #expect((6...12).contains(drift.layers[layer].rank))
        }
        let pass = ModelPass(base, compute, batch: 1, length: 8), other = ModelPass(model, compute, batch: 1, length: 8)
        var (cross, own) = (0.0, 0.0)
        for start in stride(from: 0, to: 48, by: 8) {
            let (p, q) = (pass.logits(tokens: Array(all[start..<start + 8])), other.logits(tokens: Array(all[start..<start + 8])))
            for row in 0..<8 {
                func shares(_ logits: [Float]) -> [Double] {
                    let powers = logits[row * 23..<row * 23 + 23].map { ExactMath.exp(Double($0)) }
                    return powers.map { $0 / powers.reduce(0, +) }
                }
                for (x, y) in zip(shares(p), shares(q)) {
                    cross -= x * ExactMath.log(y) / 48
                    own -= x * ExactMath.log(x) / 48
                }
            }
        }
        #expect(abs(drift.crossEntropy - cross) < 1e-9)
        #expect(abs(drift.baseEntropy - own) < 1e-9)
        #expect(drift.divergence > 0)
    }

    /// An adapter of rank 2 changes matrices by rank 2 at most.
    @Test func adaptersCountAsMerged() throws {
        let base = try smallModel(seed: 1), model = try smallModel(seed: 1)
        model.attachLoRA(LoRASettings(rank: 2, alpha: 4, targetModules: ["q_proj"]), seed: 3)
        guard let adapter = model.blocks[0].q.adapter else { return #expect(Bool(false), "no adapter") }
        // B = e_0 and e_1 in its columns: the change is alpha / r times the rows of A in the first two rows.
        for i in 0..<2 { adapter.b.values.base[i * 2 + i] = 1 }
        let drift = try DriftMeasurement([("a", tokens())], count: 100, sequenceLength: 8).measure(model, base: base, compute)
        let squares = adapter.a.values.values.reduce(0) { $0 + 4 * Double($1) * Double($1) }
        let whole = base.blocks[0].parameters.reduce(0) { $0 + $1.values.values.reduce(0) { $0 + Double($1) * Double($1) } }
        #expect(abs(drift.layers[0].weights - (squares / whole).squareRoot()) < 1e-6)
        #expect(drift.layers[0].rank > 1 / 7.0 && drift.layers[0].rank <= 2 / 7.0)
        #expect(drift.layers[1].weights == 0)
        #expect(drift.divergence > 0)
    }

    /// Windows are spread over each text, as many of one as of the other; a short text gives all that it has.
    @Test func textsHaveEqualShares() throws {
        let base = try smallModel(seed: 1), other = tokens(400).suffix(200).map { ($0 * 3 + 1) % 23 }
        func entropy(_ texts: [[Int32]], _ count: Int) throws -> Double {
            try DriftMeasurement(texts.map { ("a", $0) }, count: count, sequenceLength: 8).measure(base, base: base, compute).baseEntropy
        }
        let (first, second) = (try entropy([tokens()], 16), try entropy([other], 16))
        #expect(try abs(entropy([tokens(), other], 32) - (first + second) / 2) < 1e-12 && first != second)
        let short = Array(other[..<12])
        #expect(try abs(entropy([tokens(), short], 32) - (2 * first + entropy([short], 100)) / 3) < 1e-12)
        // One window at least.
        #expect(try entropy([tokens()], 1) == entropy([tokens()], 8))
    }

    /// What has another shape has no change: attention and norms alone are compared, and the model computes the same.
    @Test func widerLayersAreComparedWhereTheyCanBe() throws {
        let base = try smallModel(seed: 1), model = try smallModel(seed: 1)
        model.widen(to: 30, noise: 0, seed: 0)
        let text = try DriftMeasurement([("a", tokens())], count: 100, sequenceLength: 8)
        let same = try text.measure(model, base: base, compute)
        #expect(abs(same.divergence) < 1e-9 && same.layers.allSatisfy { $0.weights == 0 && $0.rank == 0 && abs($0.alignment - 1) < 1e-5 })
        // One weight of q more by 2: a change of rank 1 in one of four matrices.
        model.blocks[1].q.weight.values.base[5] += 2
        let drift = try text.measure(model, base: base, compute)
        let block = base.blocks[1]
        let compared = [block.inputNorm, block.postNorm] + [block.q, block.k, block.v, block.o].map(\.weight)
        let whole = compared.reduce(0.0) { $0 + $1.values.values.reduce(0) { $0 + Double($1) * Double($1) } }
        #expect(abs(drift.layers[1].weights - 2 / whole.squareRoot()) < 1e-6 && abs(drift.layers[1].rank - 0.25) < 1e-9)
        #expect(drift.layers[0].weights == 0 && drift.layers[1].alignment < 1 && drift.divergence > 0)
    }

    /// The first block of a layer is the base's; predictions and representations are those of both.
    @Test func secondBlocks() throws {
        let base = try smallModel(seed: 1), copies = try smallModel(seed: 1), experts = try smallModel(seed: 1)
        copies.addSecondBlocks(to: [1, 2], isExpert: false, isZeroed: false, gates: (0, 0))
        experts.addSecondBlocks(to: [1, 2], isExpert: true, isZeroed: true, gates: (1, 0))
        let text = try DriftMeasurement([("a", tokens())], count: 100, sequenceLength: 8)
        let (same, other) = (try text.measure(copies, base: base, compute), try text.measure(experts, base: base, compute))
        #expect(abs(same.divergence) < 1e-9 && same.layers.allSatisfy { $0.weights == 0 && abs($0.alignment - 1) < 1e-5 })
        #expect(other.divergence > 1e-6 && other.layers.allSatisfy { $0.weights == 0 && $0.rank == 0 && $0.alignment < 1 })
    }

    /// A model that has come to nothing has no numbers, and stops nothing.
    @Test func whatIsNotFiniteIsNoNumber() throws {
        let base = try smallModel(seed: 1), model = try smallModel(seed: 1)
        model.blocks[1].q.weight.values.base[0] = .nan
        let drift = try DriftMeasurement([("a", tokens())], count: 100, sequenceLength: 8).measure(model, base: base, compute)
        #expect(drift.divergence.isNaN && drift.layers[1].weights.isNaN && drift.layers[1].rank.isNaN && drift.layers[1].alignment.isNaN)
        #expect(drift.layers[0].weights == 0 && drift.layers[0].rank == 0 && abs(drift.layers[0].alignment - 1) < 1e-6)
    }

    @Test func textThatIsTooShortIsRefused() { #expect(throws: CorpusError.self) { try DriftMeasurement([("a", tokens(7))], count: 7, sequenceLength: 8) } }
}
