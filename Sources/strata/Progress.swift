import Experiments
import Foundation

/// Shows on standard error what is being trained: one line that is rewritten on a terminal, a line every ten seconds elsewhere.
final class Progress: @unchecked Sendable {
    private let isQuiet: Bool
    private let isTerminal = isatty(2) == 1
    private let total: Int
    private var done: Int
    private var lastLine = ContinuousClock.now
    private var hasOpenLine = false

    init(_ graph: StageGraph, store: StageStore, isQuiet: Bool) {
        self.isQuiet = isQuiet
        total = graph.stages.count
        done = graph.stages.count { store.state($0.key) == .done }
    }

    func report(_ event: StageEvent) {
        guard !isQuiet else { return }
        switch event {
        case .began(let stage): show(stage, "", isLasting: false)
        case .trained(let stage, let point, let steps):
            let rate = Double(point.tokens) / max(point.seconds, 1e-9)
            let left = point.seconds / Double(point.step) * Double(steps - point.step)
            let text = "step \(point.step)/\(steps), loss \(decimal(point.loss, 3)), \(grouped(rate)) tokens/s, \(duration(left)) left"
            show(stage, text, isLasting: false)
        case .finished(let stage, let seconds):
            done += 1
            show(stage, "done in \(duration(seconds))", isLasting: true)
        case .failed(let stage, let message): show(stage, "FAILED: \(message)", isLasting: true)
        }
    }

    /// Closes a line that is still being rewritten.
    func end() {
        if hasOpenLine { FileHandle.standardError.write(Data("\n".utf8)) }
        hasOpenLine = false
    }

    private func show(_ stage: Stage, _ text: String, isLasting: Bool) {
        let line = "[\(done)/\(total)] \(stage.title)" + (text.isEmpty ? "" : ": \(text)")
        if isTerminal {
            FileHandle.standardError.write(Data("\r\u{1B}[K\(line)\(isLasting ? "\n" : "")".utf8))
            hasOpenLine = !isLasting
        } else if isLasting || ContinuousClock.now - lastLine > .seconds(10) {
            complain(line)
            lastLine = .now
        }
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
