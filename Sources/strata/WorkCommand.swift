import ArgumentParser
import Experiments
import Foundation
import Kernels
import Synchronization

/// A worker of `strata run`, or a job that it submitted: not for users.
struct WorkCommand: ParsableCommand {
    static let name = "work"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Take orders from `strata run` on standard input.", shouldDisplay: false)

    @Option(help: ArgumentHelp("The folder of stages.", valueName: "dir"))
    var results: String

    @Option(help: ArgumentHelp("The orders of an array of jobs; no orders come on standard input then.", valueName: "file"))
    var orders: String?

    @Option(help: ArgumentHelp("Which of them.", valueName: "n"))
    var task: Int?

    func run() throws {
        if let orders { return try runTask(of: orders) }
        // Ctrl-C at a terminal reaches this process too; the run tells it to stop. It ends when the run does, whose standard input this is.
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM) { _ in interruption.request() }
        // The system would call it after the link that it was started by.
        Thread.current.name = "strata"
        let instructionSet = try ComputeOptions.instructionSet()
        let session = WorkerSession(
            store: StageStore(results: results), family: instructionSet.numericsFamily, interruption: interruption, saveSeconds: try saveSeconds(),
            makeCompute: { Compute(instructionSet: instructionSet, threads: $0) },
            send: { line in try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8)) })
        let orders = StandardInput()
        while true { try session.obey(orders.next()) }
    }
}

extension WorkCommand {
    /// Does the work of one job of Slurm, with as many threads as it has processors.
    private func runTask(of orders: String) throws {
        Thread.current.name = "strata"
        // Before the time limit, and when the job is cancelled.
        signal(SIGTERM) { _ in interruption.request() }
        let environment = ProcessInfo.processInfo.environment
        let instructionSet = try ComputeOptions.instructionSet()
        guard let task else { throw Failure.wrongInput("strata: --orders needs --task") }
        let threads = environment["SLURM_CPUS_PER_TASK"].flatMap { Int($0) } ?? 1
        do {
            try SlurmTask(orders: orders, index: task).run(
                StageStore(results: results), family: instructionSet.numericsFamily, compute: Compute(instructionSet: instructionSet, threads: min(256, max(1, threads))),
                interruption: interruption, saveSeconds: try saveSeconds())
        } catch is Interrupted {
            throw Failure(status: 143, message: SlurmTask.interruption)
        } catch {
            throw Failure.someFailed("\(error)")
        }
        SlurmTask.removeEmptyLog()
    }
}

/// The lines of standard input, read by a thread of their own, which ends the process with the input, whatever is going on: what a
/// stage has not finished counts for nothing.
private final class StandardInput: Sendable {
    private let lines = Mutex<[String]>([])
    private let count = DispatchSemaphore(value: 0)

    init() {
        Thread { [self] in
            var received: [UInt8] = []
            while let more = Self.read() {
                received += more
                while let end = received.firstIndex(of: 0x0A) {
                    let line = String(decoding: received[..<end], as: UTF8.self)
                    if WorkerSession.isStop(line) { interruption.request() }
                    lines.withLock { $0.append(line) }
                    received.removeFirst(end + 1)
                    count.signal()
                }
            }
            _exit(0)
        }.start()
    }

    /// The next bytes, or nil at the end. (`readLine` never returns once a signal has interrupted it.)
    private static func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(0, &buffer, buffer.count)
            if count > 0 { return Array(buffer[..<count]) }
            if count == 0 || errno != EINTR { return nil }
        }
    }

    func next() -> String {
        count.wait()
        return lines.withLock { $0.removeFirst() }
    }
}

/// The program that is running, also after another one was built in its place.
func thisProgram() -> String {
    #if os(Linux)
        "/proc/self/exe"
    #else
        Bundle.main.executablePath ?? CommandLine.arguments[0]
    #endif
}
