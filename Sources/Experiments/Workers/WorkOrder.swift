import Settings

/// What a worker is told on its standard input, one line each: first the experiment, then one stage at a time. The end of the
/// input tells it to end at once.
enum WorkOrder: Sendable, Hashable {
    case experiment(ExperimentSource)
    case stage(key: String, threads: Int)

    var line: String {
        let json: Value =
            switch self {
            case .experiment(let source): ["experiment": source.json]
            case .stage(let key, let threads): ["stage": .string(key), "threads": .integer(threads)]
            }
        return json.canonicalJSON
    }

    init(line: String) throws(WorkerError) {
        guard let json = try? Value(json: line) else { throw .unreadable(line) }
        if let source = json["experiment"].flatMap(ExperimentSource.init(json:)) {
            self = .experiment(source)
        } else if let key = json["stage"]?.asString, let threads = json["threads"]?.asInteger, threads >= 1 {
            self = .stage(key: key, threads: threads)
        } else {
            throw .unreadable(line)
        }
    }
}
