import ArgumentParser
import Experiments
import Foundation

/// Where the stages are worked on.
enum ExecutorName: String, ExpressibleByArgument, CaseIterable {
    case local
    case slurm
}

struct ExecutorOptions: ParsableArguments {
    @Option(help: ArgumentHelp(
        """
        local: on this machine. slurm: as jobs of Slurm, on a results folder that its nodes share; the section 'slurm' of the file and words such \
        as slurm.partition=long say what they ask for.
        """))
    var executor = ExecutorName.local

    @Flag(help: "With slurm: submit the jobs and end. The same command without it waits for them and prints the tables.")
    var submitOnly = false

    @Flag(help: "With slurm: cancel the jobs on Ctrl-C. Without it they go on.")
    var cancelOnInterrupt = false

    func validate() throws {
        guard executor == .local else { return }
        if submitOnly { throw ValidationError("--submit-only needs --executor slurm") }
        if cancelOnInterrupt { throw ValidationError("--cancel-on-interrupt needs --executor slurm") }
    }
}

extension WorkOptions {
    /// Runs the stages as jobs. Returns the messages of those that failed, or nil when jobs are left in Slurm and there is nothing more to say.
    @MainActor
    func runInSlurm(_ experiment: Experiment, _ graph: StageGraph, _ progress: Progress) async throws -> [String]? {
        // The first Ctrl-C is a wish, the second ends the program. Jobs hear neither.
        _ = interruption.isRequested
        signal(SIGINT) { _ in if !interruption.request() { _exit(130) } }
        let folder = URL(fileURLWithPath: options.results).path
        let executor = SlurmExecutor(
            store: StageStore(results: folder), settings: experiment.slurm, program: try Self.programForNodes(), compute: try compute.makeCompute(),
            interruption: interruption, report: progress.report, note: progress.note)
        let family = try ComputeOptions.instructionSet().numericsFamily
        switch try await executor.run(graph, of: experiment, family: family, submitOnly: place.submitOnly) {
        case .ended(let failures): return failures
        case .left(_, let unsubmitted) where !interruption.isRequested:
            let rest = unsubmitted > 0 ? "; \(counted(unsubmitted, "job")) are not submitted yet: the same command submits them when there is room" : ""
            progress.note("the jobs go on without this command; without --submit-only it waits for them and prints the tables" + rest)
            return nil
        case .left(let arrays, _):
            progress.end()
            let list = arrays.map { String($0) }.joined(separator: " ")
            guard place.cancelOnInterrupt else {
                throw Failure(
                    status: 130, message: "\ninterrupted; the jobs go on, and the same command waits for them again"
                        + (arrays.isEmpty ? "" : "\nto cancel them: scancel \(list)"))
            }
            try await executor.cancel(arrays)
            throw Failure(
                status: 130,
                message: "\ninterrupted; the jobs are cancelled\(arrays.isEmpty ? "" : " (\(list))"); the same command submits again what is not done")
        }
    }

    /// Full path of the program, which the nodes need as well.
    private static func programForNodes() throws -> String {
        let path = URL(fileURLWithPath: thisProgram()).resolvingSymlinksInPath().path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure.wrongInput("strata: the program is no longer at \(path), from where the nodes would start it; call it again from where it is now")
        }
        return path
    }
}
