import Settings
import Training

/// What a worker says on its standard output, one line each. All of it is about the stage that it was given last.
enum WorkerMessage: Sendable, Hashable {
    case began
    case trained(CurvePoint, steps: Int)
    case finished(seconds: Double)
    case failed(String)
    case note(String)
    /// Another process has the stage.
    case held
    /// Stopped as it was told to; a stage that was trained is saved.
    case interrupted
    /// The results folder cannot be written: the whole run ends.
    case unwritable(StoreError)

    var line: String {
        var json: Value
        switch self {
        case .began: json = ["event": "began"]
        case .trained(let point, let steps):
            json = StageRecords.curve(point)
            json["event"] = "trained"
            json["steps"] = .integer(steps)
        case .finished(let seconds): json = ["event": "finished", "seconds": .number(seconds)]
        case .failed(let message): json = ["event": "failed", "message": .string(message)]
        case .note(let text): json = ["event": "note", "text": .string(text)]
        case .held: json = ["event": "held"]
        case .interrupted: json = ["event": "interrupted"]
        case .unwritable(let error): json = ["event": "unwritable", "path": .string(error.path), "problem": .string(error.problem)]
        }
        return json.canonicalJSON
    }

    init(line: String) throws(WorkerError) {
        guard let json = try? Value(json: line) else { throw .unreadable(line) }
        switch json["event"]?.asString {
        case "began": self = .began
        case "trained":
            guard let point = StageRecords.point(json), let steps = json["steps"]?.asInteger else { throw .unreadable(line) }
            self = .trained(point, steps: steps)
        case "finished":
            guard let seconds = json["seconds"]?.asDouble else { throw .unreadable(line) }
            self = .finished(seconds: seconds)
        case "failed":
            guard let message = json["message"]?.asString else { throw .unreadable(line) }
            self = .failed(message)
        case "note":
            guard let text = json["text"]?.asString else { throw .unreadable(line) }
            self = .note(text)
        case "held": self = .held
        case "interrupted": self = .interrupted
        case "unwritable":
            guard let path = json["path"]?.asString, let problem = json["problem"]?.asString else { throw .unreadable(line) }
            self = .unwritable(StoreError(path, problem, errorNumber: nil))
        default: throw .unreadable(line)
        }
    }

    /// Whether the worker has nothing more to say about its stage.
    var isLast: Bool {
        switch self {
        case .began, .trained, .note: false
        case .finished, .failed, .held, .interrupted, .unwritable: true
        }
    }
}
