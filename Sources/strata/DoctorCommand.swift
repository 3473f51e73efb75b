import ArgumentParser
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
        print("processor        \(processorName()), \(ProcessInfo.processInfo.activeProcessorCount) processors")
        print("instruction set  \(chosen.rawValue) (available: \(available))")
        print("threads          \(threads)")
        let one = PeakMeasurement.operationsASecond(compute: Compute(instructionSet: chosen, threads: 1))
        print("peak, 1 thread   \(decimal(one / 1e9, 1)) GFLOP/s (matrix product, 384 x 384 x 384, best of 20)")
        if threads > 1 {
            let all = PeakMeasurement.operationsASecond(compute: Compute(instructionSet: chosen, threads: threads))
            print("peak, \(threads) threads  \(decimal(all / 1e9, 1)) GFLOP/s")
        }
        print("HDF5             \(File.libraryVersion)")
    }

    private func processorName() -> String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("model name") }), let colon = line.firstIndex(of: ":") else { return "unknown" }
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
}

/// The fastest that the matrix product runs here.
enum PeakMeasurement {
    static func operationsASecond(compute: Compute) -> Double {
        let size = 384
        let a = FloatBuffer(size * size), b = FloatBuffer(size * size), c = FloatBuffer(size * size)
        a.fill(0.5)
        b.fill(0.25)
        var best = Duration.seconds(1000)
        let clock = ContinuousClock()
        for _ in 0..<20 {
            let start = clock.now
            compute.multiply(Matrix(a.base, size, size), Matrix(b.base, size, size), into: Matrix(c.base, size, size))
            best = min(best, clock.now - start)
        }
        return 2 * Double(size * size * size) / (best / .seconds(1))
    }
}
