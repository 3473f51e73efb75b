import Kernels

/// A kernel at one size, to be timed.
struct KernelCase {
    /// What a call is worth.
    enum Work {
        /// Floating-point operations, a fused multiply-add as two; held against the peak of the units.
        case operations(Double)
        /// Bytes that have to be read and written, each once; held against a copy in a working set of as many bytes.
        case bytes(Double, workingSet: Int)
    }

    var kernel: String
    var size: String
    var work: Work
    /// Makes the tensors. They live as long as what is returned.
    var prepare: (Compute, OpenBLAS?) -> Calls

    struct Calls {
        /// Changes an input before a call, so that no two are the same.
        var vary: (_ repetition: Int) -> Void
        /// Puts back what a call overwrites and the next one reads.
        var restore: (() -> Void)?
        var run: () -> Void
        /// The same by OpenBLAS, where it has it.
        var peer: (() -> Void)?

        init(vary: @escaping (Int) -> Void, restore: (() -> Void)? = nil, run: @escaping () -> Void, peer: (() -> Void)? = nil) {
            (self.vary, self.restore, self.run, self.peer) = (vary, restore, run, peer)
        }
    }
}

extension FloatBuffer {
    /// Numbers from -1 to 1.
    static func random(_ count: Int, _ label: String) -> FloatBuffer {
        let buffer = FloatBuffer(count)
        var random = RandomStream(seed: 0, label)
        for index in 0..<count { buffer.base[index] = Float(2 * random.uniform() - 1) }
        return buffer
    }

    /// Another value in another place for each repetition.
    func vary(_ repetition: Int) { base[repetition % count] = Float(repetition % 7) * 0.125 - 0.375 }

    var doubles: [Double] { values.map(Double.init) }
}
