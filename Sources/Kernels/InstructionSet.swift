internal import CProcessor
import KernelTypes
import KernelsPortable
#if arch(x86_64)
    import KernelsAVX2
    import KernelsAVX512
    import KernelsAVX512BF16
#endif

/// The instruction sets that the kernels are compiled for.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// AVX-512 with the dot product of bfloat16 numbers, which reaches `Precision.bf16` alone.
    case avx512bf16
    case avx512, avx2, portable

    /// Whether this processor runs it.
    public var isAvailable: Bool {
        switch self {
        case .avx512bf16: cprocessor_has_avx512_bf16() == 1
        case .avx512: cprocessor_has_x86_64_v4() == 1
        case .avx2: cprocessor_has_x86_64_v3() == 1
        case .portable: true
        }
    }

    /// The fastest that this processor runs. (The dot product of bfloat16 numbers is slow on some.)
    public static var best: InstructionSet {
        if cprocessor_has_fast_avx512_bf16() == 1 { return .avx512bf16 }
        return allCases.first { $0 != .avx512bf16 && $0.isAvailable } ?? .portable
    }

    /// The one named by `STRATA_ISA`, else the best.
    public static func chosen(environment: [String: String]) throws(ProcessorError) -> InstructionSet {
        guard let name = environment["STRATA_ISA"], !name.isEmpty else { return best }
        guard let set = InstructionSet(rawValue: name) else {
            throw ProcessorError("STRATA_ISA is '\(name)', expected one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        guard set.isAvailable else {
            throw ProcessorError("STRATA_ISA asks for \(name), which this processor does not run; the best here is \(best.rawValue)")
        }
        return set
    }

    var kernels: KernelTable {
        #if arch(x86_64)
            switch self {
            case .avx512bf16: KernelsAVX512BF16.kernelTable
            case .avx512: KernelsAVX512.kernelTable
            case .avx2: KernelsAVX2.kernelTable
            case .portable: KernelsPortable.kernelTable
            }
        #else
            KernelsPortable.kernelTable
        #endif
    }
}

/// A request about instruction sets or threads that this machine cannot honour.
public struct ProcessorError: Error, Sendable, CustomStringConvertible {
    public var description: String
    public init(_ description: String) { self.description = description }
}
