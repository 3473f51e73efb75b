import ArgumentParser
import Experiments
import Foundation
import Kernels
import Synchronization

/// A worker of `strata run`: not for users.
struct WorkCommand: ParsableCommand {
    static let name = "work"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Take orders from `strata run` on standard input.", shouldDisplay: false)

    @Option(help: ArgumentHelp("The folder of stages.", valueName: "dir"))
    var results: String

    func run() throws {
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
