import Training

/// What `strata watch` shows of a sweep at a moment: a value, whose lines depend on nothing but the size of the window.
public struct WatchView: Sendable {
    public enum Measure: String, Sendable, CaseIterable {
        case loss
        case bitsPerByte = "bits_per_byte"
        case accuracy

        var words: String {
            switch self {
            case .loss: "held-out loss (nats/token)"
            case .bitsPerByte: "held-out loss (bits/byte)"
            case .accuracy: "accuracy"
            }
        }
    }

    /// A score matrix so far: a row a step of the stream, a column a domain.
    public struct Matrix: Sendable, Hashable {
        public struct Row: Sendable, Hashable {
            var name: String
            /// One a column, nil where there is none; empty before it is measured.
            var values: [Double?]
        }

        var title: String
        var columns: [String]
        var rows: [Row]
    }

    public let status: SweepStatus
    /// Training losses of the stages that are worked on, by key.
    let curves: [String: [CurvePoint]]
    let matrices: [Matrix]

    init(_ status: SweepStatus, curves: [String: [CurvePoint]], matrices: [Matrix]) {
        (self.status, self.curves, self.matrices) = (status, curves, matrices)
    }

    private var running: [SweepStatus.Current] { status.begun.filter { $0.holder != nil } }
    private var failed: [SweepStatus.Current] { status.begun.filter { $0.message != nil && $0.holder == nil } }

    public var isDone: Bool { status.count(.done) == status.runs.count }
    /// Whether nothing more comes by itself: runs have failed, all others are done, nobody works.
    public var hasFailed: Bool { running.isEmpty && status.count(.failed) > 0 && status.count(.done) + status.count(.failed) == status.runs.count }

    /// At most `height` lines of at most `width` characters.
    public func lines(width: Int, height: Int) -> [String] {
        var lines = [summary, bar(min(width, 100))]
        let failures = failed.map { "FAILED: \($0.title): \($0.message ?? "")" }
        var room = height - lines.count
        func add(_ title: String, _ all: [String], atMost limit: Int) {
            guard !all.isEmpty, limit > 0, room >= 3 else { return }
            let count = min(all.count, limit, room - 2)
            var shown = Array(all.prefix(count))
            if all.count > count { shown[count - 1] = "... \(all.count - count + 1) more" }
            lines += ["", title] + shown
            room -= shown.count + 2
        }
        // Matrices have what the running stages leave, but the first has its place where at least three of those stay.
        let first = matrices.first.map { $0.rows.count + 3 } ?? 0
        let stages = running.isEmpty ? idle : StageLines(running, curves).lines(width: width)
        add(running.isEmpty ? "nothing runs" : "running", stages, atMost: max(3, room - 2 - first - (failures.isEmpty ? 0 : 5)))
        add(failures.count == 1 ? "failed" : "\(failures.count) failed", failures, atMost: 3)
        for matrix in matrices where matrix.rows.count + 3 <= room {
            let text = matrix.lines(width: width)
            lines += ["", matrix.title] + text
            room -= text.count + 2
        }
        return lines.prefix(max(0, height)).map { WatchView.plain($0, width: width) }
    }

    private var summary: String {
        let counts = [SweepStatus.State.done, .running, .failed, .interrupted, .pending].filter { status.count($0) > 0 }
        let states = counts.map { "\(grouped(Double(status.count($0)))) \($0.rawValue)" }.joined(separator: ", ")
        var text = "\(status.name): \(counted(status.runs.count, "run")): \(states)"
        if let left = status.secondsLeft, left > 0, !hasFailed { text += "; about \(duration(left)) left" }
        return text
    }

    private func bar(_ width: Int) -> String {
        let count = "  \(grouped(Double(status.doneStageCount)))/\(grouped(Double(status.stageCount))) stages"
        let length = max(0, width - count.count)
        let filled = status.stageCount == 0 ? 0 : length * status.doneStageCount / status.stageCount
        return String(repeating: "█", count: filled) + String(repeating: "░", count: length - filled) + count
    }

    private var idle: [String] {
        if isDone { return ["all runs are done"] }
        if status.doneStageCount == 0, status.begun.isEmpty {
            return ["no stage has begun: is --results right? It is looked at again until there is something"]
        }
        return ["nobody works on it now: `strata run` goes on"]
    }

    /// Control characters in names do not reach the terminal. Blanks at the end go.
    static func plain(_ text: String, width: Int) -> String {
        var clean = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
        if clean.count > width { clean = String(clean.prefix(width)) }
        while clean.last == " " { clean.removeLast() }
        return clean
    }
}

/// A line for each stage that is worked on: title, step, loss, the curve so far, speed, time left; in narrow windows without the last ones.
private struct StageLines {
    private let stages: [SweepStatus.Current]
    private let curves: [String: [CurvePoint]]

    init(_ stages: [SweepStatus.Current], _ curves: [String: [CurvePoint]]) { (self.stages, self.curves) = (stages, curves) }

    func lines(width: Int) -> [String] {
        var columns = [
            padded(stages.map { shortened($0.title, max(12, width * 2 / 5)) }, isLeft: true),
            padded(stages.map { stage in stage.point.map { "\($0.step)/\(stage.steps ?? 0)" } ?? "" }),
            padded(stages.map { $0.point.map { "loss \(decimal($0.loss, 3))" } ?? "" }),
        ]
        let last = [
            padded(stages.map { $0.secondsLeft.map { "\(duration($0)) left" } ?? "" }),
            padded(stages.map { $0.tokensASecond.map { "\(grouped($0)) tokens/s" } ?? "" }),
        ]
        func length(_ columns: [[String]]) -> Int { columns.reduce(0) { $0 + ($1.first?.count ?? 0) + 2 } }
        var behind: [[String]] = []
        for column in last where length(columns + behind + [column]) + 12 <= width { behind.append(column) }
        let free = min(48, width - length(columns + behind))
        if free >= 8 {
            let lines = stages.map { Sparkline.text(curves[$0.key] ?? [], steps: $0.steps ?? 0, width: free) }
            columns.append(lines.map { $0 + String(repeating: " ", count: free - $0.count) })
        }
        let all = columns + behind
        return stages.indices.map { row in all.map { $0[row] }.joined(separator: "  ") }
    }
}

extension WatchView.Matrix {
    /// A header and the rows; columns that do not fit are left out, with a mark.
    fileprivate func lines(width: Int) -> [String] {
        let names = padded(["after training on"] + rows.map { shortened($0.name, 24) }, isLeft: true)
        var table = [names]
        for (place, column) in columns.enumerated() {
            let cells = rows.map { row in row.values.isEmpty ? "" : row.values[place].map { decimal($0, 3) } ?? "—" }
            let next = padded([shortened(column, 16)] + cells)
            let isLast = place == columns.count - 1
            guard (table + [next]).reduce(-2, { $0 + $1[0].count + 2 }) + (isLast ? 0 : 3) <= width else {
                table.append(padded(["…"] + rows.map { _ in "" }))
                break
            }
            table.append(next)
        }
        return names.indices.map { row in table.map { $0[row] }.joined(separator: "  ") }
    }
}

/// The loss of a stage over its steps in one line of blocks; what is still to come is blank.
enum Sparkline {
    private static let levels = Array("▁▂▃▄▅▆▇█")

    /// - Parameter steps: of the whole stage.
    static func text(_ points: [CurvePoint], steps: Int, width: Int) -> String {
        guard steps > 0, width > 0 else { return "" }
        var sums = [(sum: Double, count: Int)](repeating: (0, 0), count: width)
        for point in points where point.loss.isFinite && point.step >= 1 {
            let place = min(width - 1, (point.step - 1) * width / steps)
            sums[place] = (sums[place].sum + point.loss, sums[place].count + 1)
        }
        let means = sums.map { $0.count > 0 ? $0.sum / Double($0.count) : nil }
        let known = means.compactMap(\.self)
        guard let least = known.min(), let most = known.max(), let end = means.lastIndex(where: { $0 != nil }) else { return "" }
        var last: Double?
        return String(means[...end].map { mean -> Character in
            // Between two logged steps the line stays where it is.
            last = mean ?? last
            guard let value = last else { return " " }
            return levels[most > least ? Int(((value - least) / (most - least) * Double(levels.count - 1)).rounded()) : 0]
        })
    }
}

private func padded(_ cells: [String], isLeft: Bool = false) -> [String] {
    let width = cells.map(\.count).max() ?? 0
    return cells.map { cell in
        let padding = String(repeating: " ", count: width - cell.count)
        return isLeft ? cell + padding : padding + cell
    }
}

private func shortened(_ text: String, _ limit: Int) -> String { text.count > limit ? "\(text.prefix(limit - 1))…" : text }
