import Experiments
import Foundation

/// Shows on standard error what is going on: on a terminal a line for each running stage, rewritten in place; elsewhere the same
/// lines every ten seconds.
final class Progress: @unchecked Sendable {
    private let isQuiet: Bool
    private let isTerminal = isatty(2) == 1
    private let total: Int
    private var done: Int
    /// The running stages in the order in which they began, with what is known of each.
    private var running: [(stage: Stage, text: String)] = []
    private var lastShown = ContinuousClock.now
    /// Lines on the terminal that are rewritten; the cursor stands at the end of the last.
    private var openLines = 0

    init(_ graph: StageGraph, store: StageStore, isQuiet: Bool) {
        self.isQuiet = isQuiet
        total = graph.stages.count
        done = graph.stages.count { store.state($0.key) == .done }
    }

    func report(_ event: StageEvent) {
        guard !isQuiet else { return }
        switch event {
        case .began(let stage):
            running.append((stage, ""))
            show()
        case .trained(let stage, let point, let steps):
            let rate = Double(point.tokens) / max(point.seconds, 1e-9)
            let left = point.seconds / Double(point.step) * Double(steps - point.step)
            let text = "step \(point.step)/\(steps), loss \(decimal(point.loss, 3)), \(grouped(rate)) tokens/s, \(duration(left)) left"
            if let index = running.firstIndex(where: { $0.stage.key == stage.key }) { running[index].text = text }
            show()
        case .finished(let stage, let seconds):
            done += 1
            end(stage, "done in \(duration(seconds))")
        case .failed(let stage, let message): end(stage, "FAILED: \(message)")
        case .note(let stage, let text): say(line(stage, text))
        case .damaged(let stage, let damage):
            done -= 1
            say(line(stage, "\(damage.path) \(damage.problem); it is made again"))
        }
    }

    /// A line that stays.
    func note(_ text: String) {
        if !isQuiet { say(text) }
    }

    /// Closes lines that are still being rewritten.
    func end() {
        if openLines > 0 { writeError("\n") }
        openLines = 0
    }

    private func end(_ stage: Stage, _ text: String) {
        running.removeAll { $0.stage.key == stage.key }
        say(line(stage, text))
    }

    /// A line that stays.
    private func say(_ line: String) {
        if isTerminal {
            writeError(erasing + line + "\n" + block)
        } else {
            writeError(line + "\n")
            lastShown = .now
        }
    }

    private func show() {
        if isTerminal {
            writeError(erasing + block)
        } else if ContinuousClock.now - lastShown > .seconds(10) {
            for (stage, text) in running { writeError(line(stage, text) + "\n") }
            lastShown = .now
        }
    }

    private func line(_ stage: Stage, _ text: String) -> String { "[\(done)/\(total)] \(stage.title)" + (text.isEmpty ? "" : ": \(text)") }

    /// Moves to the first of the open lines and clears from there on.
    private var erasing: String {
        defer { openLines = 0 }
        return "\r" + (openLines > 1 ? "\u{1B}[\(openLines - 1)A" : "") + "\u{1B}[J"
    }

    /// The running stages, a line each: one that breaks would be counted wrongly, so what is too wide is cut.
    private var block: String {
        var size = winsize()
        let hasSize = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 && size.ws_row > 1
        let (width, height) = hasSize ? (Int(size.ws_col) - 1, Int(size.ws_row) - 1) : (79, 23)
        let lines = running.prefix(height).map { line($0.stage, $0.text).prefix(width) }
        openLines = lines.count
        return lines.joined(separator: "\n")
    }
}

/// 12.3456 -> "12.346".
func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

/// 123456.7 -> "123,457".
func grouped(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    var digits = String(Int(value.rounded()))
    var parts: [String] = []
    while digits.count > 3 {
        parts.insert(String(digits.suffix(3)), at: 0)
        digits = String(digits.dropLast(3))
    }
    return ([digits] + parts).joined(separator: ",")
}

/// "1 run", "2 runs".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// Seconds as "0.8 s", "42 s", "3 min 20 s", "2 h 05 min".
func duration(_ seconds: Double) -> String {
    guard seconds.isFinite else { return "?" }
    if seconds < 10 { return decimal(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(String(format: "%02d", whole % 3600 / 60)) min"
}
