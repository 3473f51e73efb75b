import Foundation
import Kernels

/// OpenBLAS, when the machine has it: loaded while the program runs, so that nothing depends on it.
final class OpenBLAS {
    private typealias Product = @convention(c) (
        Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
        UnsafeMutablePointer<Float>, Int32
    ) -> Void
    private typealias Count = @convention(c) (Int32) -> Void
    private typealias Text = @convention(c) () -> UnsafePointer<CChar>?

    /// How the library describes itself: version, options, kernels.
    let description: String
    private let product: Product

    static let libraries = ["libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "/opt/homebrew/opt/openblas/lib/libopenblas.dylib"]
    static let advice = "OpenBLAS is not installed; to compare with it: apt-get install libopenblas0-pthread, or brew install openblas"

    /// A processor younger than the library gets its oldest kernels: those of the instruction set are asked for instead. See `shortenWaits` for when.
    static func chooseKernels() {
        switch InstructionSet.best {
        case .avx512bf16, .avx512: setenv("OPENBLAS_CORETYPE", "SkylakeX", 0)
        case .avx2: setenv("OPENBLAS_CORETYPE", "Haswell", 0)
        case .portable: break
        }
    }

    /// Its threads wait busily for 2^26 cycles after each call, on the processors that ours are timed on next. 2^20 is still far more
    /// than passes between two calls of its own. To be called before the library is loaded and while the process has one thread, since it
    /// changes the environment; what is set there already stays.
    static func shortenWaits() { setenv("OPENBLAS_THREAD_TIMEOUT", "20", 0) }

    /// nil when none of the libraries can be loaded.
    init?(threads: Int, libraries: [String] = OpenBLAS.libraries) {
        guard let library = libraries.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first,
            let product = dlsym(library, "cblas_sgemm"), let setThreads = dlsym(library, "openblas_set_num_threads")
        else { return nil }
        self.product = unsafeBitCast(product, to: Product.self)
        unsafeBitCast(setThreads, to: Count.self)(Int32(threads))
        func text(_ name: String) -> String? {
            dlsym(library, name).flatMap { unsafeBitCast($0, to: Text.self)() }.map { String(cString: $0).trimmingCharacters(in: .whitespaces) }
        }
        description = [text("openblas_get_config") ?? "OpenBLAS", text("openblas_get_corename").map { "running \($0)" }].compactMap { $0 }
            .joined(separator: ", ")
    }

    /// C = A B, or C + A B, all row-major; a transposed operand is given as it stands in memory.
    /// Shapes: C (rows, columns), the sum over `depth`.
    func multiply(
        _ a: UnsafePointer<Float>, transposed isATransposed: Bool, _ b: UnsafePointer<Float>, transposed isBTransposed: Bool,
        into c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, depth: Int, accumulate: Bool
    ) {
        let (rowMajor, asItIs, transposed): (Int32, Int32, Int32) = (101, 111, 112)
        product(
            rowMajor, isATransposed ? transposed : asItIs, isBTransposed ? transposed : asItIs, Int32(rows), Int32(columns), Int32(depth), 1,
            a, Int32(isATransposed ? rows : depth), b, Int32(isBTransposed ? depth : columns), accumulate ? 1 : 0, c, Int32(columns))
    }
}
