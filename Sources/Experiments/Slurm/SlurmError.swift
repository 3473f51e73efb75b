/// Slurm cannot be used, or does not take a job.
public enum SlurmError: Error, Sendable, Hashable, CustomStringConvertible {
    case missing(program: String)
    /// What a program said when it failed.
    case refused(program: String, message: String)
    /// What a program said that is not understood.
    case unreadable(program: String, output: String)
    case orders(path: String, problem: String)

    public var description: String {
        switch self {
        case .missing(let program):
            "'\(program)' is not in PATH: --executor slurm needs a machine from which jobs are submitted to Slurm, with sbatch, squeue and scancel"
        case .refused(let program, let message): "\(program) failed: \(message.isEmpty ? "it gave no reason" : message)"
        case .unreadable(let program, let output): "\(program) said '\(output)', which is not understood"
        case .orders(let path, let problem): "\(path): \(problem); is the results folder the same one on every node?"
        }
    }

    /// Whether Slurm may take the same jobs later, when others have ended.
    var isLimit: Bool {
        guard case .refused(program: "sbatch", let message) = self else { return false }
        return ["submit limit", "temporarily", "MaxSubmit", "MaxJob"].contains { message.contains($0) }
    }
}
