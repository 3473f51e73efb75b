import ArgumentParser
import Benchmarks
import Experiments
import Foundation
import HDF5
import Kernels

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "doctor", abstract: "Show what this machine has: processor, instruction set, measured peak, HDF5, threads.")

    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let chosen = try ComputeOptions.instructionSet()
        let threads = try compute.threadCount()
        let available = InstructionSet.allCases.filter(\.isAvailable).map(\.rawValue).joined(separator: ", ")
        print("strata           \(strataVersion), numerics \(numericsVersion)")
        print("processor        \(ProcessFacts.processorName), \(ProcessInfo.processInfo.activeProcessorCount) processors")
        print("instruction set  \(chosen.rawValue) (available: \(available))")
        print("bfloat16         \(chosen == .avx512bf16 ? "the processor's dot product" : "operands rounded, multiplied as FP32")")
        print("threads          \(threads)")
        print("peak, 1 thread   \(speeds(Compute(instructionSet: chosen, threads: 1)))")
        if threads > 1 { print("peak, \(threads) threads  \(speeds(Compute(instructionSet: chosen, threads: threads)))") }
        print("HDF5             \(File.libraryVersion)")
    }

    private func speeds(_ compute: Compute) -> String {
        let peak = compute.peak()
        let product = ProductSpeed.operationsASecond(compute)
        return "\(decimal(peak / 1e9, 1)) GFLOP/s (multiply-adds in registers); matrix product \(decimal(product / 1e9, 1)), "
            + "\(decimal(product / peak * 100, 0)) % of it (384 x 384 x 384, best of 20)"
    }
}
