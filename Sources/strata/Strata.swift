import ArgumentParser
import Experiments
import Foundation
import HDF5

@main
struct Strata: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "strata",
        abstract: "A continual-learning sandbox: how small language models learn a stream of domains, and forget.",
        discussion: """
            Exit status: 0 done, 1 some run failed, 2 the input is wrong, 130 interrupted.
            Environment: STRATA_DATA (what ${data} stands for), STRATA_THREADS, STRATA_ISA (avx512bf16, avx512, avx2, portable), STRATA_SAVE_SECONDS \
            (least time between two saved states of a stage, 5).
            """,
        version: strataVersion,
        subcommands: [
            RunCommand.self, TuneCommand.self, PlanCommand.self, StatusCommand.self, WatchCommand.self, CleanCommand.self, CollectCommand.self, VerifyCommand.self, TableCommand.self,
            PlotCommand.self, ReportCommand.self, ExportCommand.self, MetricsCommand.self, StatisticsCommand.self,
            CheckpointCommand.self, SchemaCommand.self, DoctorCommand.self, TokenizerCommand.self, BenchmarkCommand.self, WorkCommand.self,
        ])

    static func main() async {
        // A file that may not grow any more is then an error like a full disk.
        signal(SIGXFSZ, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            let code = exitCode(for: error)
            if code == .success {
                print(fullMessage(for: error))
                Foundation.exit(0)
            }
            if let failure = error as? Failure {
                if !failure.message.isEmpty { complain(failure.message) }
                Foundation.exit(failure.status)
            }
            if error is Interrupted {
                complain("interrupted; the same command goes on where it stopped")
                Foundation.exit(130)
            }
            // What the argument parser refuses, and every error of the libraries about what was given to them.
            complain(code == .validationFailure ? fullMessage(for: error) : "strata: \(error)")
            Foundation.exit(error is StoreError || error is HDF5Error ? 1 : 2)
        }
    }
}

let strataVersion = "0.1.0"

/// Ends the program with a status and, unless it is empty, a message.
struct Failure: Error {
    var status: Int32
    var message: String

    static func someFailed(_ message: String) -> Failure { Failure(status: 1, message: message) }
    static func wrongInput(_ message: String) -> Failure { Failure(status: 2, message: message) }
}

/// Standard output is for results; everything else goes to standard error.
func complain(_ message: String) { writeError(message + "\n") }

/// Whoever has closed standard error does not want to hear it, which is no reason to end.
func writeError(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
