import Foundation
import Subprocess

/// One worker as the executor sees it: a process that is given stage after stage.
struct WorkerProcess: Sendable {
    /// What comes of it, in this order: messages, and its end.
    enum Event: Sendable {
        case said(WorkerMessage)
        case ended(WorkerError)
    }

    private let orders: AsyncStream<WorkOrder>.Continuation
    private let received: AsyncStream<WorkOrder>

    init(_ source: ExperimentSource) {
        (received, orders) = AsyncStream.makeStream()
        orders.yield(.experiment(source))
    }

    /// Gives it a stage. The one before must have come to its end.
    func work(on stage: Stage, threads: Int, dead: String?) { orders.yield(.stage(key: stage.key, threads: threads, dead: dead)) }

    /// Lets it finish its step and save.
    func stop() { orders.yield(.stop) }

    /// Lets it end.
    func dismiss() { orders.finish() }

    /// Without the runtime's backtrace after a crash, which would hide the message before it.
    private static var environment: Environment {
        ProcessInfo.processInfo.environment["SWIFT_BACKTRACE"] == nil ? .inherit.updating(["SWIFT_BACKTRACE": "enable=no"]) : .inherit
    }

    /// Starts the process and reports until it has ended. Its standard input closes with this process, however that ends: so it
    /// never outlives it.
    func run(_ program: WorkerProgram, report: @Sendable (Event) -> Void) async {
        BrokenPipe.becomesError()
        do {
            let result = try await Subprocess.run(
                .path(.init(program.path)), arguments: Arguments(executablePathOverride: "strata", remainingValues: program.arguments), environment: Self.environment,
                input: .inputWriter, output: .sequence, error: .sequence
            ) { execution in
                async let lastWords = Self.lastLines(of: execution.standardError)
                // Whatever breaks the talk, how the process ended says why.
                try? await talk(execution, report)
                try? await execution.standardInputWriter.finish()
                return await lastWords
            }
            let cause: WorkerEnd.Cause =
                switch result.terminationStatus {
                case .exited(let status): .status(status)
                case .signaled(let number): .signal(number)
                }
            report(.ended(.ended(WorkerEnd(cause, lastWords: result.closureResult))))
        } catch {
            report(.ended(.notStarted(program: program.path, reason: "\(error)")))
        }
    }

    /// Hands on orders while it listens, until there are no more orders or nothing more is said.
    private func talk(
        _ execution: Execution<CustomWriteInput, SequenceOutput, SequenceOutput>, _ report: @Sendable (Event) -> Void
    ) async throws {
        let (input, output) = (execution.standardInputWriter, execution.standardOutput)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                for await order in received { _ = try await input.write(order.line + "\n") }
                try await input.finish()
            }
            for try await line in output.strings(separatedBy: .newline, bufferingPolicy: .unbounded) { report(.said(try WorkerMessage(line: line))) }
        }
    }

    /// The last three lines that are not empty, each cut to 300 characters, without the trace of the stack that may follow them.
    private static func lastLines(of output: SubprocessOutputSequence) async -> [String] {
        var last: [String] = []
        var hasTrace = false
        do {
            for try await line in output.strings(separatedBy: .newline, bufferingPolicy: .unbounded) where !line.allSatisfy(\.isWhitespace) {
                if line == "Current stack trace:" { hasTrace = true }
                if hasTrace { continue }
                last = last.suffix(2) + [String(line.prefix(300))]
            }
        } catch {
            // What came until then is all there is.
        }
        return last
    }
}

extension SubprocessOutputSequence.StringSequence<UTF8>.Separator {
    /// Not what else Unicode has to break lines, which may stand in a message.
    fileprivate static var newline: Self { .unicodeScalarSequence(["\n"]) }
}
