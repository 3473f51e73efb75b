import Corpus
import Kernels
import Llama

/// Measures how far a model has gone from its base.
public struct DriftMeasurement {
    /// Logits of a batch at most, unless a single sequence has more.
    private static let logitCount = 1 << 22
    private let windows: [[Int32]]
    private let sequenceLength: Int

    /// - `texts`: held-out text that the base knows, by domain; windows of `sequenceLength` are spread evenly over each.
    /// - `count`: about how many tokens are read, an equal share of each domain: at least a window, and all of a text that has less than its share.
    public init(_ texts: [(domain: String, tokens: [Int32])], count: Int, sequenceLength: Int) throws(CorpusError) {
        var windows: [[Int32]] = []
        for (domain, tokens) in texts {
            let all = tokens.count / sequenceLength
            guard all > 0 else {
                throw CorpusError(
                    place: "data.\(domain)", found: "\(tokens.count) held-out tokens", expected: "at least one sequence of \(sequenceLength) for evaluation.drift",
                    advice: "add text, raise held_out or shorten evaluation.sequence_length")
            }
            let taken = min(all, max(1, count / texts.count / sequenceLength))
            windows += (0..<taken).map { Array(tokens[$0 * all / taken * sequenceLength..<($0 * all / taken + 1) * sequenceLength]) }
        }
        self.windows = windows
        self.sequenceLength = sequenceLength
    }

    /// The blocks of `model` that were not added are those of `base`, in order. `pause` is called before every batch and every layer and ends it when it throws.
    public func measure(_ model: LlamaModel, base: LlamaModel, _ compute: Compute, pause: () throws -> Void = {}) rethrows -> Drift {
        let kept = model.blocks.indices.filter { !model.addedLayers.contains($0) }
        precondition(kept.count == base.blocks.count, "\(kept.count) blocks that were not added, \(base.blocks.count) of the base")
        let width = base.configuration.hiddenSize
        let alignments = base.blocks.map { _ in Alignment(width, rows: windows.count * sequenceLength) }
        var (crossEntropy, entropy) = (0.0, 0.0)
        let vocabulary = base.configuration.vocabularySize
        let batch = max(1, min(8, Self.logitCount / (sequenceLength * vocabulary)))
        var passes: (base: ModelPass, model: ModelPass, count: Int)?
        for first in stride(from: 0, to: windows.count, by: batch) {
            try pause()
            let group = windows[first..<min(first + batch, windows.count)]
            let tokens = group.flatMap { $0 }
            func pass(_ model: LlamaModel) -> ModelPass { ModelPass(model, compute, batch: group.count, length: sequenceLength) }
            if passes?.count != group.count { passes = (pass(base), pass(model), group.count) }
            guard let passes else { break }
            let row = first * sequenceLength
            let p = passes.base.logits(tokens: tokens) { layer, states in alignments[layer].base.keep(states, from: row) }
            let q = passes.model.logits(tokens: tokens) { layer, states in
                if let place = kept.firstIndex(of: layer) { alignments[place].model.keep(states, from: row) }
            }
            for index in tokens.indices {
                let (cross, own) = Self.entropies(p, q, index, vocabulary)
                crossEntropy += cross
                entropy += own
            }
        }
        let count = Double(windows.count * sequenceLength)
        let layers = try kept.enumerated().map { place, layer in
            try pause()
            let (weights, rank) = Self.change(from: base.blocks[place], to: model.blocks[layer])
            return Drift.Layer(weights: weights, alignment: alignments[place].value(compute), rank: rank)
        }
        return Drift(crossEntropy: crossEntropy / count, baseEntropy: entropy / count, layers: layers)
    }

    /// -sum p log q and -sum p log p of row `index` of two arrays of logits; NaN where a logit is not finite.
    static func entropies(_ p: [Float], _ q: [Float], _ index: Int, _ vocabulary: Int) -> (cross: Double, own: Double) {
        let range = index * vocabulary..<(index + 1) * vocabulary
        guard p[range].allSatisfy(\.isFinite), q[range].allSatisfy(\.isFinite) else { return (.nan, .nan) }
        func logSum(_ logits: ArraySlice<Float>) -> Double {
            let greatest = Double(logits.max() ?? 0)
            return greatest + ExactMath.log(logits.reduce(0) { $0 + ExactMath.exp(Double($1) - greatest) })
        }
        let (sumP, sumQ) = (logSum(p[range]), logSum(q[range]))
        var (cross, own) = (0.0, 0.0)
        for token in range {
            let logP = Double(p[token]) - sumP
            let share = ExactMath.exp(logP)
            cross -= share * (Double(q[token]) - sumQ)
            own -= share * logP
        }
        return (cross, own)
    }

    /// The relative change of a block's weights and the mean effective rank of the changes of its matrices: of those that have one shape in both.
    private static func change(from base: Block, to block: Block) -> (weights: Double, rank: Double) {
        let linears = zip(base.linears, block.linears).filter { $0.linear.weight.shape == $1.linear.weight.shape }
        var (changed, whole, ranks) = (0.0, 0.0, 0.0)
        for (from, to) in [(base.inputNorm, block.inputNorm), (base.postNorm, block.postNorm)] {
            for i in 0..<from.count {
                let difference = Double(to.values.base[i]) - Double(from.values.base[i])
                changed += difference * difference
                whole += Double(from.values.base[i]) * Double(from.values.base[i])
            }
        }
        for (from, to) in linears {
            let change = WeightChange(from: from.linear, to: to.linear)
            changed += change.squares
            whole += from.linear.weight.values.values.reduce(0) { $0 + Double($1) * Double($1) }
            ranks += change.effectiveRank
        }
        return ((changed / whole).squareRoot(), ranks / Double(linears.count))
    }
}

/// What linear centred kernel alignment needs of one place in the base and in the model: features of all tokens.
private final class Alignment {
    struct Features {
        let buffer: FloatBuffer
        let width: Int

        /// Takes the rows of a batch.
        func keep(_ states: Matrix, from row: Int) {
            for i in 0..<states.rows { (buffer.base + (row + i) * width).update(from: states.base + i * states.rowStride, count: width) }
        }

        /// Takes each column's mean away.
        func centre(_ rows: Int) -> Matrix {
            for column in 0..<width {
                var sum = 0.0
                for row in 0..<rows { sum += Double(buffer.base[row * width + column]) }
                let mean = sum / Double(rows)
                for row in 0..<rows { buffer.base[row * width + column] = Float(Double(buffer.base[row * width + column]) - mean) }
            }
            return Matrix(buffer.base, rows, width)
        }
    }

    let base: Features, model: Features
    private let rows: Int

    init(_ width: Int, rows: Int) {
        self.rows = rows
        base = Features(buffer: FloatBuffer(rows * width), width: width)
        model = Features(buffer: FloatBuffer(rows * width), width: width)
    }

    /// |Y'X|^2 / (|X'X| |Y'Y|) with Frobenius norms of centred features.
    func value(_ compute: Compute) -> Double {
        let (x, y) = (base.centre(rows), model.centre(rows))
        let product = FloatBuffer(base.width * base.width)
        func squares(_ a: Matrix, _ b: Matrix) -> Double {
            compute.multiply(a.transposed, b, into: Matrix(product.base, base.width, base.width))
            return product.values.reduce(0) { $0 + Double($1) * Double($1) }
        }
        let scale = squares(x, x).squareRoot() * squares(y, y).squareRoot()
        return scale > 0 ? squares(y, x) / scale : .nan
    }
}

/// The change of a projection's weight (O, I), with adapters merged.
private struct WeightChange {
    private let values: FloatBuffer
    private let shape: [Int]

    init(from base: Linear, to linear: Linear) {
        shape = base.weight.shape
        values = linear.merged()
        for i in 0..<values.count { values.base[i] -= base.weight.values.base[i] }
    }

    var squares: Double { values.values.reduce(0) { $0 + Double($1) * Double($1) } }

    /// exp(-sum s log s) of the singular values over their sum; 0 without a change, NaN where a weight is not finite.
    var effectiveRank: Double {
        let squares = squares
        guard squares.isFinite else { return .nan }
        guard squares > 0 else { return 0 }
        let singular = SingularValues(values.base, rows: shape[0], columns: shape[1]).values
        // What rounding leaves of a singular value of 0 is no rank.
        let counted = singular.filter { $0 > 1e-6 * (singular.first ?? 0) }
        let sum = counted.reduce(0, +)
        return sum > 0 ? ExactMath.exp(counted.reduce(0) { $0 - $1 / sum * ExactMath.log($1 / sum) }) : 0
    }
}
