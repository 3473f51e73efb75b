import KernelTypes
import Kernels
import Llama

/// AdamW with decoupled weight decay on matrices and clipping by the norm of all gradients together.
/// Keeps moments for what is trained, and only for that. Source: Loshchilov & Hutter 2019, arXiv 1711.05101.
public final class AdamW {
    private struct Moments {
        var parameter: Parameter
        var gradient: FloatBuffer
        var mean: FloatBuffer
        var variance: FloatBuffer
    }

    private let moments: [Moments]
    private let settings: TrainingSettings
    private let compute: Compute
    /// Updates made so far.
    public private(set) var updates = 0

    public init(_ model: LlamaModel, _ settings: TrainingSettings, _ compute: Compute) {
        self.settings = settings
        self.compute = compute
        moments = model.parameters.compactMap { parameter in
            parameter.gradient.map {
                Moments(parameter: parameter, gradient: $0, mean: FloatBuffer(parameter.count), variance: FloatBuffer(parameter.count))
            }
        }
    }

    /// Floats of moments that are kept: two for each trained weight.
    public var stateCount: Int { moments.reduce(0) { $0 + $1.mean.count + $1.variance.count } }

    /// What is trained with its two moments, to be saved.
    var stateTensors: [Safetensors.Tensor] {
        moments.flatMap { m in
            [("weight", m.parameter.values), ("mean", m.mean), ("variance", m.variance)].map { ("\($0.0)/\(m.parameter.name)", m.parameter.shape, $0.1) }
        }
    }

    /// Takes saved weights and moments, after so many updates. Throws, and nothing is changed, when they are not those of this model.
    func restore(_ saved: Safetensors, updates: Int) throws(CheckpointError) {
        let tensors = stateTensors
        for tensor in tensors { try saved.require(tensor.name, tensor.shape) }
        guard saved.entries.count == tensors.count else {
            throw CheckpointError(saved.path, "holds \(saved.entries.count) tensors, expected the \(tensors.count) of what is trained")
        }
        for tensor in tensors { try saved.read(tensor.name, tensor.shape, into: tensor.values) }
        self.updates = updates
    }

    /// Euclidean norm over all gradients.
    public func gradientNorm() -> Double {
        moments.reduce(0) { $0 + compute.sumOfSquares($1.gradient.base, count: $1.gradient.count) }.squareRoot()
    }

    /// One update with the gradients as they stand, whose norm is given. They are 0 afterwards.
    public func update(learningRate: Double, gradientNorm: Double) {
        updates += 1
        let limit = settings.maxGradientNorm
        let clip = limit > 0 ? min(1, limit / (gradientNorm + 1e-6)) : 1
        let correction1 = 1 - power(settings.beta1, updates)
        let correction2 = 1 - power(settings.beta2, updates)
        for m in moments {
            let decay = m.parameter.shape.count >= 2 ? settings.weightDecay : 0
            compute.adamW(
                AdamWRange(
                    count: m.parameter.count, weight: m.parameter.values.base, gradient: m.gradient.base, mean: m.mean.base,
                    variance: m.variance.base, gradientScale: Float(clip), beta1: settings.beta1, beta2: settings.beta2,
                    epsilon: Float(settings.epsilon), stepSize: Float(learningRate / correction1),
                    varianceScale: Float(1 / correction2.squareRoot()), decay: Float(1 - learningRate * decay)))
        }
    }

    /// x^n by repeated squaring: exact operations only.
    private func power(_ x: Double, _ n: Int) -> Double {
        var (result, base, n) = (1.0, x, n)
        while n > 0 {
            if n & 1 == 1 { result *= base }
            base *= base
            n >>= 1
        }
        return result
    }
}
