import KernelTypes

extension Compute {
    /// out[t] = table[tokens[t]]. Shapes: table (vocabulary, width), out (tokens, width). A token out of range traps.
    public func embed(_ tokens: [Int32], table: UnsafePointer<Float>, vocabulary: Int, out: UnsafeMutablePointer<Float>, width: Int) {
        forRanges(tokens.count, of: 256) { first, count in
            for t in first..<first + count {
                let token = Int(tokens[t])
                precondition(token >= 0 && token < vocabulary, "token \(token) of a vocabulary of \(vocabulary)")
                (out + t * width).update(from: table + token * width, count: width)
            }
        }
    }

    /// dTable[tokens[t]] += dOut[t], in ascending t. Shapes: as `embed`. Cut by columns, so that no two threads meet.
    /// A token out of range traps.
    public func embedBackward(
        _ tokens: [Int32], dOut: UnsafePointer<Float>, dTable: UnsafeMutablePointer<Float>, vocabulary: Int, width: Int
    ) {
        for token in tokens { precondition(token >= 0 && Int(token) < vocabulary, "token \(token) of a vocabulary of \(vocabulary)") }
        forRanges(width, of: 32) { first, count in
            for (t, token) in tokens.enumerated() {
                kernels.add(dOut + t * width + first, dTable + Int(token) * width + first, count)
            }
        }
    }

    /// Softmax cross-entropy of rows of logits, in nats. losses[t] = -log softmax(logits[t])[targets[t]]; a target below 0
    /// counts nothing: loss 0 and gradient 0. isBest[t] says whether the target is the most likely token.
    /// With gradientScale other than 0 the logits become gradientScale * (softmax - onehot).
    /// Shapes: logits (rows, vocabulary).
    public func crossEntropy(
        logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Int32>, rows: Int, vocabulary: Int, gradientScale: Float,
        losses: UnsafeMutablePointer<Double>, isBest: UnsafeMutablePointer<Bool>
    ) {
        forRanges(rows, of: 16) { first, count in
            for t in first..<first + count {
                let target = Int(targets[t])
                let row = logits + t * vocabulary
                precondition(target < vocabulary, "target \(target) of a vocabulary of \(vocabulary)")
                if target < 0 {
                    losses[t] = 0
                    isBest[t] = false
                    if gradientScale != 0 { row.update(repeating: 0, count: vocabulary) }
                    continue
                }
                let result = kernels.crossEntropyRow(row, vocabulary, target, gradientScale)
                let isUsable = result.sum.isFinite && result.largest.isFinite && result.sum > 0
                losses[t] = isUsable ? ExactMath.log(Double(result.sum)) - (Double(result.target) - Double(result.largest)) : .nan
                isBest[t] = result.best == target
            }
        }
    }
}
