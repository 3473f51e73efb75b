@testable import Kernels
import Testing

@Suite struct InstructionSetTests {
    @Test func portableIsAlwaysThereAndTheBestIsTheWidest() {
        #expect(InstructionSet.portable.isAvailable)
        // The dot product of bfloat16 numbers is slow on some processors.
        #expect([instructionSets[0], instructionSets.first { $0 != .avx512bf16 }].contains(.best))
        if InstructionSet.avx512bf16.isAvailable { #expect(InstructionSet.avx512.isAvailable) }
        // Who runs AVX-512 runs AVX2.
        if InstructionSet.avx512.isAvailable { #expect(InstructionSet.avx2.isAvailable) }
    }

    /// The table of a set is the one that was compiled for it, not another one that the linker took in its place.
    @Test(arguments: instructionSets)
    func tablesAreTheirOwn(set: InstructionSet) {
        #expect(set.kernels.name == set.rawValue || set.kernels.name == "portable")
        #if arch(x86_64)
            #expect(set.kernels.name == set.rawValue)
            #expect(set.kernels.panelWidth == ([.avx512, .avx512bf16].contains(set) ? 32 : 16))
        #endif
    }

    @Test func theEnvironmentChooses() throws {
        #expect(try InstructionSet.chosen(environment: [:]) == .best)
        #expect(try InstructionSet.chosen(environment: ["STRATA_ISA": ""]) == .best)
        for set in instructionSets { #expect(try InstructionSet.chosen(environment: ["STRATA_ISA": set.rawValue]) == set) }
    }

    @Test func whatTheEnvironmentCannotHaveIsAnError() throws {
        let error = #expect(throws: ProcessorError.self) { try InstructionSet.chosen(environment: ["STRATA_ISA": "sse9"]) }
        #expect(error?.description == "STRATA_ISA is 'sse9', expected one of avx512bf16, avx512, avx2, portable")
        for set in InstructionSet.allCases where !set.isAvailable {
            #expect(throws: ProcessorError.self) { try InstructionSet.chosen(environment: ["STRATA_ISA": set.rawValue]) }
        }
    }

    @Test func onlyUnfusedSumsAreAFamilyOfTheirOwn() {
        #expect(InstructionSet.avx2.numericsFamily == InstructionSet.avx512.numericsFamily)
        #if arch(x86_64)
            #expect(InstructionSet.portable.numericsFamily != InstructionSet.avx2.numericsFamily)
        #endif
    }
}
