import Kernels

/// Predictions that a model is held to while it is trained: those of another model, on the same tokens.
///
/// Adds to the loss of each scored token: weight * temperature^2 * KL(p || q), p = softmax(teacher / temperature), q = softmax(logits / temperature); the
/// gradient of the logits is weight * temperature * (q - p).
/// Source: Hinton et al. 2015, arXiv 1503.02531; Li & Hoiem 2016, arXiv 1606.09282, eq. 2-4.
public struct Distillation {
    /// Of the same vocabulary and length; it is read only.
    public var teacher: LlamaModel
    public var weight: Double
    public var temperature: Double

    public init(teacher: LlamaModel, weight: Double, temperature: Double) {
        (self.teacher, self.weight, self.temperature) = (teacher, weight, temperature)
    }
}

/// A teacher within a pass: its forward, and the difference of the predictions for a chunk of rows.
final class Teacher {
    let pass: ModelPass
    private let factor: Float, temperature: Float
    /// (chunk, V): p, and then q - p.
    private let predictions: ActivationBuffer, soft: ActivationBuffer

    init(_ distillation: Distillation, _ compute: Compute, _ shape: PassShape, chunk: Int) {
        distillation.teacher.freeze()
        pass = ModelPass(distillation.teacher, compute, batch: shape.batch, length: shape.length, precision: shape.precision)
        (factor, temperature) = (Float(distillation.weight * distillation.temperature), Float(distillation.temperature))
        predictions = ActivationBuffer(chunk, shape.configuration.vocabularySize)
        soft = ActivationBuffer(chunk, shape.configuration.vocabularySize)
        compute.pack(pass.headPacking)
    }

    /// Reads the student's logits of the piece's rows, before they become their gradient.
    func compare(_ piece: RowPiece, first: Int, _ logits: Matrix, _ targets: UnsafePointer<Int32>) {
        let width = pass.model.configuration.hiddenSize
        let normed = piece.local(width, offset: RowPiece.localCount(width))
        piece.normForward(
            x: pass.output.base + first * width, weight: pass.model.norm.values.base, y: normed, r: pass.r.base + first,
            epsilon: Float(pass.model.configuration.normEpsilon))
        piece.multiply(normed, pass.head, into: predictions.matrix)
        piece.softmax(predictions.matrix, into: predictions.matrix, temperature: temperature)
        piece.softmax(logits, into: soft.matrix, temperature: temperature)
        piece.subtract(soft.matrix, from: predictions.matrix, where: targets)
    }

    /// Adds the gradient to that of the cross-entropy.
    func addGradient(_ piece: RowPiece, scale: Float, to logits: Matrix) {
        piece.add(predictions.matrix, times: scale * factor, to: logits)
    }
}
