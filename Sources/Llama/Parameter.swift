import Kernels

/// A named tensor of a model, trained or frozen.
public final class Parameter {
    /// Hugging Face's name, like `model.layers.0.self_attn.q_proj.weight`.
    public internal(set) var name: String
    public let shape: [Int]
    public let values: FloatBuffer
    /// The gradient's buffer while the tensor is trained, else nil: what is frozen costs no memory and no time.
    public private(set) var gradient: FloatBuffer?

    public var count: Int { values.count }

    public var isTrainable: Bool {
        get { gradient != nil }
        set {
            if newValue, gradient == nil { gradient = FloatBuffer(count) }
            if !newValue { gradient = nil }
        }
    }

    init(_ name: String, _ shape: [Int]) {
        self.name = name
        self.shape = shape
        values = FloatBuffer(shape.reduce(1, *))
    }

    /// A frozen tensor of the same values under another name.
    func copy(named name: String) -> Parameter {
        let copy = Parameter(name, shape)
        copy.values.copy(from: values)
        return copy
    }
}
