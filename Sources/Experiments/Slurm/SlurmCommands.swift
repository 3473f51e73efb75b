import Foundation
import Subprocess

/// The programs of Slurm.
struct SlurmCommands: Sendable {
    /// Submits an array and returns its number.
    func submit(_ options: [String], script: String) async throws(SlurmError) -> Int {
        let output = try await run("sbatch", options, input: script)
        // On a federation the name of the cluster follows.
        guard let number = output.split(whereSeparator: { $0 == ";" || $0.isWhitespace }).first.flatMap({ Int($0) }) else {
            throw .unreadable(program: "sbatch", output: output)
        }
        return number
    }

    func queue() async throws(SlurmError) -> SlurmQueue {
        try await SlurmQueue(run("squeue", ["--me", "--noheader", "--states=all", "--format=\(SlurmQueue.format)"]))
    }

    func cancel(_ arrays: [Int]) async throws(SlurmError) {
        guard !arrays.isEmpty else { return }
        _ = try await run("scancel", arrays.map { String($0) })
    }

    /// The most tasks that an array can have.
    func maximumArraySize() async -> Int {
        let configuration = (try? await run("scontrol", ["show", "config"])) ?? ""
        let line = configuration.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
        // Slurm's own default where it does not say.
        return max(1, line.flatMap { $0.split(separator: "=").last }.flatMap { Int($0.filter { !$0.isWhitespace }) } ?? 1001)
    }

    private func run(_ program: String, _ arguments: [String], input: String = "") async throws(SlurmError) -> String {
        let (status, output, errors): (TerminationStatus, String, String)
        BrokenPipe.becomesError()
        do {
            let result = try await Subprocess.run(
                .name(program), arguments: Arguments(arguments),
                // Lists of indices are not to be cut short.
                environment: .inherit.updating(["SLURM_BITSTR_LEN": "0"]), input: .string(input), output: .string(limit: 1 << 28), error: .string(limit: 1 << 20))
            (status, output, errors) = (result.terminationStatus, result.standardOutput, result.standardError)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .missing(program: program)
        } catch {
            throw .refused(program: program, message: "\(error)")
        }
        guard case .exited(0) = status else {
            let lines = errors.split(separator: "\n").map { line in
                ["\(program): error: ", "\(program): fatal: "].first(where: line.hasPrefix).map { String(line.dropFirst($0.count)) } ?? String(line)
            }
            throw .refused(program: program, message: lines.joined(separator: "; "))
        }
        return output
    }
}
