import ArgumentParser
import Experiments
import Results

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Train everything an experiment names and print its tables.",
        discussion: """
            Stages that are done, also for other experiments, are not run again. Results: RESULTS/NAME.h5.

            Stages whose base is ready run side by side, each in a worker process; the threads are shared out evenly, and a stage that is alone has all of \
            them. A worker that dies fails its stage only. `strata plan` says how many there will be.

            Ctrl-C finishes the step and saves; the same command goes on there, also after a kill. Several runs may share a results folder: each stage is \
            made by one of them.

            With tune: in the file the runs that choose a value come first, then those of the sweep with the values chosen.

            With --executor slurm they are jobs of Slurm, which go on when this command ends; docs/slurm.md says more.
            """)

    @OptionGroup var work: WorkOptions

    /// On the main thread, which has the largest stack.
    @MainActor
    func run() async throws {
        guard let (phase, progress, failures) = try await work.work(work.options.load()) else { return }
        let file = try publish(phase, work.options)
        progress?.end(file: file, failures: failures)
        if let file, !work.json {
            try printTables(of: file)
            print("results: \(file)")
        }
        guard failures.isEmpty else { throw work.someFailed(failures) }
    }
}

struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune", abstract: "Make only the runs that choose the value of tune:, and print what they measured.",
        discussion: "`strata run` makes them too, and goes on with the sweep. Nothing is kept but their stages, from which the choice follows.")

    @OptionGroup var work: WorkOptions

    @MainActor
    func run() async throws {
        let experiment = try work.options.load()
        guard experiment.tuning != nil else {
            throw Failure.wrongInput("strata: \(experiment.document.file): found no 'tune', expected what is to be chosen under it; docs/fair-comparison.md shows it")
        }
        guard let (phase, _, _) = try await work.work(experiment, tuningOnly: true), let tuning = phase.tuning, !work.json else { return }
        print(MarkdownFormat().text(of: TuningTable(tuning).table))
    }
}

struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect", abstract: "Rebuild the HDF5 file of an experiment from the stages that are done.")

    @OptionGroup var options: ExperimentOptions

    func run() throws {
        let experiment = try options.load()
        let phase = try options.phase(experiment)
        if phase.isTuning, let tuning = phase.tuning {
            throw Failure.wrongInput(
                "strata: \(phase.problem.map { "\($0)" } ?? "there are no results yet: the tuning is not done (\(tuning.summary)); `strata run` goes on")")
        }
        guard let file = try publish(phase, options) else {
            throw Failure.wrongInput("strata: no run of '\(experiment.name)' has begun in '\(options.results)'; is --results right?")
        }
        print("results: \(file)")
    }
}
