import Llama

/// Floating-point operations a token of one training step, a fused multiply-add as two: products of weights and of causal attention,
/// nothing else.
///
/// Letters: C width of the attention (heads x head width), T length, W weights of a matrix.
/// - Forward: 2 W a matrix (adapters and output projection too); 2 C (T + 1) a block's attention: q k^T and p v, over (T + 1) / 2 keys
///   in the mean.
/// - Backward: 2 W for the gradient of a matrix that is trained; 2 W for the gradient of its input where something below it is
///   trained; 4 C (T + 1) for the attention of a block where its queries, keys and values need a gradient.
/// What an implementation computes beyond that (scores a second time, gradients that nobody needs) does not count.
public struct TrainingOperations: Sendable, Hashable {
    public var forward = 0.0
    public var backward = 0.0

    public var total: Double { forward + backward }

    public static let formula = """
        2 W a matrix of W weights and 2 C (T + 1) a block's attention forward; backward 2 W a trained matrix, 2 W a matrix with \
        something trained below it, 4 C (T + 1) an attention that gradients pass
        """

    public init(_ model: LlamaModel, length: Int) {
        let width = Double(model.configuration.headCount * model.configuration.headWidth)
        // Whether the gradient of the residual stream is needed here: something below is trained.
        var isNeeded = model.embedding.isTrainable
        for block in model.blocks {
            isNeeded = isNeeded || block.inputNorm.isTrainable
            isNeeded = add([block.q, block.k, block.v], inputIsNeeded: isNeeded)
            forward += 2 * width * Double(length + 1)
            backward += isNeeded ? 4 * width * Double(length + 1) : 0
            isNeeded = add([block.o], inputIsNeeded: isNeeded) || block.postNorm.isTrainable
            isNeeded = add([block.gate, block.up], inputIsNeeded: isNeeded)
            isNeeded = add([block.down], inputIsNeeded: isNeeded)
        }
        add(model.head, inputIsNeeded: isNeeded || model.norm.isTrainable)
    }

    /// Projections of one input. Returns whether the gradient of what they give is needed.
    private mutating func add(_ linears: [Linear], inputIsNeeded: Bool) -> Bool {
        var isNeeded = inputIsNeeded
        for linear in linears {
            add(linear.weight, inputIsNeeded: inputIsNeeded)
            isNeeded = isNeeded || linear.weight.isTrainable
            guard let adapter = linear.adapter else { continue }
            add(adapter.a, inputIsNeeded: inputIsNeeded)
            add(adapter.b, inputIsNeeded: inputIsNeeded || adapter.a.isTrainable)
            isNeeded = isNeeded || adapter.a.isTrainable || adapter.b.isTrainable
        }
        return isNeeded
    }

    private mutating func add(_ matrix: Parameter, inputIsNeeded: Bool) {
        let operations = 2 * Double(matrix.count)
        forward += operations
        backward += (matrix.isTrainable ? operations : 0) + (inputIsNeeded ? operations : 0)
    }
}
