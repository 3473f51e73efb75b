import ArgumentParser
import Benchmarks
import Experiments
import Kernels
import Settings

struct BenchmarkKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "Time single kernels, each checked first, beside OpenBLAS where it is installed.",
        discussion: """
            Speeds are medians. GFLOP/s are held against the peak of the multiply-add units, measured before, between and after; GB/s, of the bytes that \
            have to be read and written, against a copy by as many threads in a working set of the same size.
            """)

    @OptionGroup var compute: ComputeOptions

    @Option(help: ArgumentHelp("Only these, parted by commas: \(KernelBenchmark.names.joined(separator: ", ")).", valueName: "names"))
    var only: String?

    @Option(help: ArgumentHelp("Timed repetitions of each case.", valueName: "n"))
    var repetitions = 15

    @Flag(name: .customLong("no-openblas"), help: "Leave OpenBLAS out.")
    var leavesPeerOut = false

    @Flag(help: "Print a JSON object on one line.")
    var json = false

    func run() throws {
        if !leavesPeerOut { KernelBenchmark.preparePeer() }
        let compute = try compute.makeCompute()
        let names = only.map { $0.split(separator: ",").map(String.init) } ?? []
        let benchmark = try KernelBenchmark(only: names, repetitions: repetitions, usesPeer: !leavesPeerOut)
        let report: KernelBenchmark.Report
        do {
            report = try benchmark.measure(compute) { complain("timing: \($0)") }
        } catch { throw Failure.someFailed("strata: \(error)") }
        print(json ? line(report, compute) : table(report, compute))
    }

    private func line(_ report: KernelBenchmark.Report, _ compute: Compute) -> String {
        var value = report.value
        value["program"] = .string("strata \(strataVersion)")
        value["numerics"] = .integer(numericsVersion)
        value["processor"] = .string(ProcessFacts.processorName)
        value["instruction_set"] = .string(compute.instructionSet.rawValue)
        value["threads"] = .integer(compute.threadCount)
        return value.canonicalJSON
    }

    private func table(_ report: KernelBenchmark.Report, _ compute: Compute) -> String {
        let rows = report.measurements.map { m -> [String] in
            let isProduct = m.kernel.hasPrefix("product")
            return [
                m.kernel, m.size, m.unit.rawValue, decimal(m.speed, 1), decimal(m.share * 100, 0),
                m.peerSpeed.map { decimal($0, 1) } ?? (isProduct && !leavesPeerOut ? "missing" : ""), m.peerSpeed.map { decimal($0 / m.bound * 100, 0) } ?? "",
                m.ratio.map { decimal($0, 2) } ?? "",
            ]
        }
        let peer = report.peer ?? (leavesPeerOut ? "left out" : KernelBenchmark.advice)
        return """
            \(ProcessFacts.processorName), \(compute.instructionSet.rawValue), \(counted(compute.threadCount, "thread")), strata \(strataVersion)
            peak of the multiply-add units: \(decimal(report.peak / 1e9, 1)) GFLOP/s
            OpenBLAS: \(peer)

            \(TextTable(header: ["kernel", "size", "unit", "speed", "%", "OpenBLAS", "%", "ratio"], rows: rows, leftCount: 3).text)

            %: of the peak (GFLOP/s), or of a copy in as much memory (GB/s). Sizes of products: rows x outputs x inputs.
            """
    }
}
