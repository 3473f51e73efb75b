import ArgumentParser
import Experiments
import Foundation
import Results

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show a sweep in progress: runs, losses of the stages that run, score matrix so far, time left.",
        discussion: """
            From any terminal and machine that sees the results folder; nothing is written. It ends when all runs are done (exit status 0), when \
            the others have failed and nobody works any more (1), and with Ctrl-C (130), which leaves the sweep alone. Without a terminal it prints one \
            look and ends.

            The time left is that of the stages so far, with as many workers and threads as `strata run` would have here.
            """)

    @OptionGroup var options: ExperimentOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var workers: WorkerOptions

    @Option(help: ArgumentHelp("Seconds between two looks at the folder; more where a look takes more than a tenth of it.", valueName: "seconds"))
    var interval = 2.0

    @Option(help: ArgumentHelp("What the matrix shows: \(WatchView.Measure.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "measure"))
    var measure = "loss"

    @Option(name: .customLong("run"), help: ArgumentHelp("The run whose matrix is shown (default: those that run).", valueName: "id"))
    var chosen: String?

    func run() throws {
        guard interval >= 0.1, interval <= 86_400 else {
            throw Failure.wrongInput("strata: --interval is '\(interval)', expected seconds from 0.1 to 86400")
        }
        guard let measure = WatchView.Measure(rawValue: measure) else {
            throw Failure.wrongInput(
                "strata: --measure is '\(measure)', expected one of \(WatchView.Measure.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let experiment = try options.load()
        if let chosen, !(experiment.runs + (experiment.tuning?.trials ?? [])).contains(where: { $0.id == chosen }) {
            let last = experiment.runs.last?.id ?? ""
            throw Failure.wrongInput("strata: --run is '\(chosen)', expected the id of a run, run000 to \(last); `strata plan --runs` lists them")
        }
        var watch = try PhaseWatch(experiment, options, workers.plan(compute), measure, run: chosen)
        guard LiveScreen.isAtHand else {
            print(try watch.look().lines(width: 120, height: 200).joined(separator: "\n"))
            return
        }
        let view = try show(&watch)
        // What was seen last stays on the terminal.
        let size = LiveScreen.size
        print(view.lines(width: size.width, height: size.height).joined(separator: "\n"))
        if view.isDone { return }
        throw Failure(status: view.hasFailed ? 1 : 130, message: view.hasFailed ? "strata: some runs failed; `strata run` tries again" : "")
    }

    /// Looks and draws until the sweep or the user ends it; returns the last look.
    private func show(_ watch: inout PhaseWatch) throws -> WatchView {
        let screen = LiveScreen()
        defer { screen.leave() }
        let clock = ContinuousClock()
        var failures = 0
        while true {
            let start = clock.now
            let view = try watch.look()
            if try (view.isDone || view.hasFailed) && watch.goOn() { continue }
            let took = clock.now - start
            let next = clock.now + max(.seconds(interval), took * 10)
            // A run that is begun again has no lock for a moment.
            failures = view.hasFailed ? failures + 1 : 0
            if view.isDone || failures > 1 || screen.isAskedToEnd { return view }
            var drawn: (width: Int, height: Int)?
            while clock.now < next {
                let size = LiveScreen.size
                if drawn == nil || size != drawn! || screen.isStale {
                    screen.draw(view.lines(width: size.width, height: size.height))
                    drawn = size
                }
                // A signal ends the wait at once or in the next tenth of a second.
                _ = poll(nil, 0, 100)
                if screen.isAskedToEnd { return view }
            }
        }
    }
}

/// Looks at the runs, or with `tune:` at those that choose and then at the runs.
private struct PhaseWatch {
    private let experiment: Experiment
    private let options: ExperimentOptions
    private let workers: WorkerPlan
    private let measure: WatchView.Measure
    private let run: String?
    private var isTuning: Bool
    private var watch: SweepWatch

    init(_ experiment: Experiment, _ options: ExperimentOptions, _ workers: WorkerPlan, _ measure: WatchView.Measure, run: String?) throws {
        (self.experiment, self.options, self.workers, self.measure, self.run) = (experiment, options, workers, measure, run)
        let phase = try options.phase(experiment)
        isTuning = phase.isTuning
        let name = phase.isTuning ? "\(experiment.name), tuning" : experiment.name
        // A run of the other phase would leave nothing to see.
        let shown = phase.graph.chains.contains { $0.run.id == run } ? run : nil
        watch = try SweepWatch(name, phase.graph, store: options.store, workers: workers, measure: measure, run: shown)
    }

    mutating func look() throws -> WatchView { try watch.look() }

    /// Goes on with the runs when what they wait for is chosen; returns whether it was.
    mutating func goOn() throws -> Bool {
        guard isTuning else { return false }
        self = try PhaseWatch(experiment, options, workers, measure, run: run)
        return !isTuning
    }
}
