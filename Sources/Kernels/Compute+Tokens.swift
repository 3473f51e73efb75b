import KernelTypes

extension Compute {
    /// out[t] = table[tokens[t]]. Shapes: table (vocabulary, width), out (tokens, width). A token out of range traps.
    public func embed(_ tokens: UnsafeBufferPointer<Int32>, table: UnsafePointer<Float>, vocabulary: Int, out: UnsafeMutablePointer<Float>, width: Int) {
        forRanges(tokens.count, Embedding(tokens: tokens, table: table, vocabulary: vocabulary, out: out, width: width))
    }

    /// dTable[tokens[t]] += dOut[t], in ascending t. Shapes: as `embed`. Cut by columns, so that no two threads meet.
    /// A token out of range traps.
    public func embedBackward(
        _ tokens: UnsafeBufferPointer<Int32>, dOut: UnsafePointer<Float>, dTable: UnsafeMutablePointer<Float>, vocabulary: Int, width: Int
    ) {
        for token in tokens { precondition(token >= 0 && Int(token) < vocabulary, "token \(token) of a vocabulary of \(vocabulary)") }
        forRanges(width, EmbeddingGradient(kernels: kernels, tokens: tokens, dOut: dOut, dTable: dTable, width: width))
    }
}

private struct Embedding: RangeWork {
    static var size: Int { 256 }
    let tokens: UnsafeBufferPointer<Int32>, table: Input, vocabulary: Int, out: Output, width: Int

    func run(first: Int, count: Int) {
        for t in first..<first + count {
            let token = Int(tokens[t])
            precondition(token >= 0 && token < vocabulary, "token \(token) of a vocabulary of \(vocabulary)")
            (out + t * width).update(from: table + token * width, count: width)
        }
    }
}

private struct EmbeddingGradient: RangeWork {
    static var size: Int { 32 }
    let kernels: UnsafePointer<KernelTable>, tokens: UnsafeBufferPointer<Int32>, dOut: Input, dTable: Output, width: Int

    func run(first: Int, count: Int) {
        for t in tokens.indices { kernels.pointee.add(dOut + t * width + first, dTable + Int(tokens[t]) * width + first, count) }
    }
}
