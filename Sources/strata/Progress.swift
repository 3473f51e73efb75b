import Experiments
import Foundation
import Results
import Settings

/// Shows what is going on: on a terminal a line for each running stage and one for the whole, rewritten in place; elsewhere plain lines, for a
/// stage one in ten seconds at most; with `--json` events on standard output.
final class Progress: @unchecked Sendable {
    enum Form {
        case none
        case lines
        case terminal
        case events
    }

    private let form: Form
    private let usesColour: Bool
    private var sweep: SweepProgress
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    /// When a line of a stage was written last, without a terminal, or an event of it.
    private var lastShown: [String: ContinuousClock.Instant] = [:]
    private var lastFrame: ContinuousClock.Instant?
    /// Lines on the terminal that are rewritten; the cursor stands at the end of the last. It is never hidden, so that nothing has to bring it back.
    private var openLines = 0

    /// - `start`: seconds are counted from there.
    init(
        _ experiment: Experiment, _ graph: StageGraph, store: StageStore, plan: WorkerPlan, isQuiet: Bool, printsEvents: Bool,
        start: ContinuousClock.Instant
    ) throws {
        let environment = ProcessInfo.processInfo.environment
        let isTerminal = isatty(2) == 1 && environment["TERM"] != "dumb"
        form = printsEvents ? .events : isQuiet ? .none : isTerminal ? .terminal : .lines
        usesColour = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
        self.start = start
        sweep = try SweepProgress(experiment.name, graph, store: store, workers: plan, part: experiment.isUntuned ? "tuning" : nil)
        if form == .events { write(sweep.summary(.running)) }
    }

    func report(_ event: StageEvent) {
        guard form != .none else { return }
        let now = clock.now
        sweep.note(event, at: (now - start) / .seconds(1))
        switch form {
        case .none: break
        case .events: writeEvent(event, now)
        case .lines: writeLine(event, now)
        case .terminal: draw(event, now)
        }
    }

    /// A line that stays.
    func note(_ text: String) {
        switch form {
        case .none, .events: break
        case .lines: writeError(text + "\n")
        case .terminal:
            writeError((openLines > 0 ? erasing : "") + text + "\n")
            openLines = 0
        }
    }

    /// Closes lines that are still being rewritten.
    func end() {
        if openLines > 0 { writeError(erasing) }
        openLines = 0
    }

    /// What `tune:` has chosen, as an event or a line.
    func tuned(_ tuning: TuningRecord) {
        guard form == .events else { return note("tuned: \(tuning.summary)") }
        var event = tuning.json(isTuning: false)
        (event["version"], event["event"], event["seconds"]) = (.integer(SweepProgress.version), "tuned", .number((clock.now - start) / .seconds(1)))
        write(event)
    }

    /// The last events of `--json`.
    func end(file: String?, failures: [String]) {
        guard form == .events else { return }
        write(sweep.summary(failures.isEmpty ? .done : .failed))
        if let file { write(sweep.results(file)) }
    }

    // MARK: Events

    private func writeEvent(_ event: StageEvent, _ now: ContinuousClock.Instant) {
        if case .trained(let stage, let point, let steps) = event, point.step < steps {
            if let last = lastShown[stage.key], now - last < .milliseconds(200) { return }
            lastShown[stage.key] = now
        }
        write(sweep.json(of: event))
        switch event {
        case .finished, .failed, .damaged: write(sweep.summary(.running))
        default: break
        }
    }

    private func write(_ event: Value) {
        // Whoever reads no more has no use for them; the work goes on.
        try? FileHandle.standardOutput.write(contentsOf: Data((event.canonicalJSON + "\n").utf8))
    }

    // MARK: Plain lines

    private func writeLine(_ event: StageEvent, _ now: ContinuousClock.Instant) {
        switch event {
        case .began(let stage): lastShown[stage.key] = now
        case .trained(let stage, _, _):
            if let last = lastShown[stage.key], now - last < .seconds(10) { return }
            lastShown[stage.key] = now
            writeError("\(sweep.count) \(sweep.line(of: stage))\n")
        case .finished: writeError("\(sweep.count) \(sweep.ending(of: event))\(sweep.timeLeft)\n")
        case .failed, .note, .damaged: writeError("\(sweep.count) \(sweep.ending(of: event))\n")
        }
    }

    // MARK: Terminal

    private func draw(_ event: StageEvent, _ now: ContinuousClock.Instant) {
        var text = ""
        switch event {
        case .trained:
            if let lastFrame, now - lastFrame < .milliseconds(100) { return }
        case .began: break
        case .failed: text = coloured(sweep.ending(of: event), "31") + "\u{1B}[K\n"
        case .note, .damaged: text = sweep.ending(of: event) + "\u{1B}[K\n"
        case .finished: text = coloured(sweep.ending(of: event), "32") + "\u{1B}[K\n"
        }
        lastFrame = now
        var size = winsize()
        let hasSize = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 && size.ws_row > 1
        let (width, height) = hasSize ? (Int(size.ws_col) - 1, Int(size.ws_row) - 1) : (79, 23)
        let lines = sweep.lines(width: width, height: height)
        // One write, each line over the old one and cleared to its end: nothing is blank in between.
        let frame = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J"
        writeError(toFirstLine + text + frame)
        openLines = lines.count
    }

    private func coloured(_ text: String, _ colour: String) -> String { usesColour ? "\u{1B}[\(colour)m\(text)\u{1B}[0m" : text }

    private var toFirstLine: String { "\r" + (openLines > 1 ? "\u{1B}[\(openLines - 1)A" : "") }
    private var erasing: String { toFirstLine + "\u{1B}[J" }
}
