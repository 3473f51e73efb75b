@testable import Benchmarks
import Kernels
import Settings
import Testing

@Suite struct KernelBenchmarkTests {
    private let families: [any KernelFamily.Type] = [
        ProductFamily.self, AttentionFamily.self, NormFamily.self, GateFamily.self, CrossEntropyFamily.self, AdamWFamily.self,
        ExponentialFamily.self,
    ]

    @Test func everyKernelPassesItsCheck() throws {
        for set in InstructionSet.allCases where set.isAvailable {
            let compute = Compute(instructionSet: set, threads: 2)
            for family in families { try family.check(compute, OpenBLAS(threads: 2)) }
        }
    }

    @Test func wrongResultsAreFound() throws {
        let expected = [1.0, -2, 0.5]
        try expect("right", FloatBuffer([1, -2, 0.500_03]), expected)
        for wrong in [[1, -2, 0.500_1], [1, -2, .nan], [0, 0, 0], [-2, 1, 0.5], [1, 2, 0.5], [.infinity, -2, 0.5]] as [[Float]] {
            #expect(throws: BenchmarkError.self, "\(wrong)") { try expect("wrong", FloatBuffer(wrong), expected) }
        }
    }

    @Test func speeds() throws {
        var told: [String] = []
        let report = try KernelBenchmark(only: ["exponential", "norm"], repetitions: 2).measure(Compute(threads: 2)) { told.append($0) }
        #expect(told == ["norm", "exponential"])
        #expect(report.measurements.count == 10)
        for m in report.measurements {
            #expect(m.unit == .gigabytes && m.seconds > 0 && m.speed > 0 && m.bound > 0 && m.peerSpeed == nil)
            #expect(m.share == m.speed / m.bound)
        }
        // Eight bytes an element: read and written.
        let exponential = try #require(report.measurements.last)
        #expect(exponential.size == "1048576")
        #expect(abs(exponential.speed * 1e9 * exponential.seconds / (8 * 1_048_576) - 1) < 1e-9)
        #expect(report.value["cases"]?.asList?.count == 10)
    }

    @Test func operations() throws {
        let sizes = AttentionFamily.cases.filter { $0.size == "16 x 128, 4 heads x 16" }.map { item -> Double in
            if case .operations(let count) = item.work { count } else { .nan }
        }
        // 16 sequences of 128 tokens that see 128 x 129 / 2 keys, two products of 64 multiply-adds each; backward four.
        let forward = 16.0 * 8256 * 2 * 64 * 2
        #expect(sizes == [forward, 2 * forward])
        let product = try #require(ProductFamily.cases.first { $0.size == "100 x 37 x 53" })
        guard case .operations(let count) = product.work else { throw BenchmarkError(description: "a product counts operations") }
        #expect(count == 392_200)
    }

    @Test func whatIsMissing() {
        #expect(OpenBLAS(threads: 1, libraries: ["libnosuchlibrary.so.0"]) == nil)
        #expect(throws: SettingsError.self) { try KernelBenchmark(only: ["norm", "nrom"]) }
        #expect(throws: SettingsError.self) { try KernelBenchmark(repetitions: 0) }
    }
}
