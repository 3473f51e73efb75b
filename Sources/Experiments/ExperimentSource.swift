import Settings

/// All that an experiment is read from, as it was when it was read: another process makes the same experiment of it although
/// the file has changed since.
public struct ExperimentSource: Sendable, Hashable {
    /// The name of the file as errors show it.
    public var file: String
    /// The YAML.
    public var text: String
    /// `key=value` words of the command line.
    public var words: [String]
    /// The value of `STRATA_DATA`.
    public var dataFolder: String?
    /// What `tune:` has chosen: places in its values, one for each arm that is tuned; nil before that. Nobody looks for it in a store that may
    /// change meanwhile.
    public var choices: [Int]?

    public init(file: String, text: String, words: [String] = [], dataFolder: String? = nil, choices: [Int]? = nil) {
        (self.file, self.text, self.words, self.dataFolder, self.choices) = (file, text, words, dataFolder, choices)
    }

    public func experiment() throws(ExperimentError) -> Experiment {
        try Experiment(ExperimentDocument(text: text, file: file), words: words, dataFolder: dataFolder, choices: choices)
    }

    var json: Value {
        [
            "file": .string(file), "text": .string(text), "words": .list(words.map { .string($0) }),
            "data": dataFolder.map { .string($0) } ?? .null, "choices": choices.map { .list($0.map { .integer($0) }) } ?? .null,
        ]
    }

    init?(json: Value) {
        guard let file = json["file"]?.asString, let text = json["text"]?.asString, let words = json["words"]?.asList else { return nil }
        self.init(file: file, text: text, words: words.compactMap(\.asString), dataFolder: json["data"]?.asString,
            choices: json["choices"]?.asList?.compactMap(\.asInteger))
    }
}
