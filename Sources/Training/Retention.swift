import Kernels
import Llama
import Settings

/// What a strategy does while a phase is trained, beside following the gradient of its loss. The trainer calls it at its moments; each does
/// nothing unless a strategy says otherwise.
///
/// Whatever it does has the same bits for every number of threads (`Compute` cuts the work) and goes on exactly after `restore`: what it takes
/// from the model before the phase it takes when it is made, before a saved state is read.
public protocol Retention: AnyObject {
    /// The predictions that the trained model is held to.
    var distillation: Distillation? { get }
    /// Changes the gradients as they stand after all rounds of a step, before their norm is taken.
    func adjustGradients(_ pass: ModelPass)
    /// Changes the weights behind an update.
    func adjustWeights()
    /// Changes the weights behind the last step.
    func finish()
    /// What the next phase gets, beside the model: the stage keeps it in a file.
    var carried: [Safetensors.Tensor] { get }
    /// What was seen on the way, by name: the stage writes it to its journal.
    var report: [String: Double] { get }
    /// All that the rest follows from, beside the weights; null when that is nothing.
    var state: Value { get }
    func restore(_ state: Value) throws
}

extension Retention {
    public var distillation: Distillation? { nil }
    public func adjustGradients(_ pass: ModelPass) {}
    public func adjustWeights() {}
    public func finish() {}
    public var carried: [Safetensors.Tensor] { [] }
    public var report: [String: Double] { [:] }
    public var state: Value { .null }
    public func restore(_ state: Value) throws {}
}
