import Settings

/// What a worker is told on its standard input, one line each: first the experiment, then one stage at a time, and at any time to
/// stop. The end of the input tells it to end at once.
enum WorkOrder: Sendable, Hashable {
    case experiment(ExperimentSource)
    /// `dead`: the token of a lock whose holder on another machine was seen to be dead.
    case stage(key: String, threads: Int, dead: String? = nil)
    /// Finish the step, save, and say so.
    case stop

    var line: String {
        let json: Value =
            switch self {
            case .experiment(let source): ["experiment": source.json]
            case .stage(let key, let threads, let dead): ["stage": .string(key), "threads": .integer(threads), "dead": dead.map { .string($0) } ?? .null]
            case .stop: ["stop": true]
            }
        return json.canonicalJSON
    }

    init(line: String) throws(WorkerError) {
        guard let json = try? Value(json: line) else { throw .unreadable(line) }
        if let source = json["experiment"].flatMap(ExperimentSource.init(json:)) {
            self = .experiment(source)
        } else if let key = json["stage"]?.asString, let threads = json["threads"]?.asInteger, threads >= 1 {
            self = .stage(key: key, threads: threads, dead: json["dead"]?.asString)
        } else if json["stop"] == true {
            self = .stop
        } else {
            throw .unreadable(line)
        }
    }
}
