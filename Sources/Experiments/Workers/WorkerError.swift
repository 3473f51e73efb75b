import Foundation
import Settings

/// Trouble with a worker process.
public enum WorkerError: Error, Sendable, Hashable, CustomStringConvertible {
    case notStarted(program: String, reason: String)
    /// It ended while it had a stage.
    case ended(WorkerEnd)
    case unreadable(String)
    /// The experiment, read again, does not have the stage.
    case changedData

    var isInterrupt: Bool { if case .ended(let end) = self { end.cause == .signal(SIGINT) } else { false } }

    public var description: String {
        switch self {
        case .notStarted(let program, let reason): "no worker could be started (\(program)): \(reason)"
        case .ended(let end): "its worker \(end)"
        case .unreadable(let line): "found the line \(Value.string(line).summary) between a run and its worker, expected an order or an event as JSON"
        case .changedData: "its data has changed since the run began; run it again"
        }
    }
}
