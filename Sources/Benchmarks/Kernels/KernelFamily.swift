import Kernels

/// Kernels that belong together: checked once against plain loops in Double, then timed at several sizes.
protocol KernelFamily: SendableMetatype {
    /// As `--only` names it.
    static var name: String { get }
    static func check(_ compute: Compute, _ peer: OpenBLAS?) throws(BenchmarkError)
    static var cases: [KernelCase] { get }
}
