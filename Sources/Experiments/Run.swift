import Continual
import Corpus
import Llama
import Settings
import Training

/// One configuration of an experiment, everything resolved and checked.
public struct Run: Sendable {
    /// `run000`, `run001` ... in the order of the sweep; `tune000` ... of runs that choose a value.
    public let id: String
    /// Coordinates in the sweep.
    public let axes: [SweepPoint.Axis]
    /// What progress lines call it: its coordinates.
    public let label: String
    /// The resolved experiment with all defaults, without the sweep.
    public let settings: Settings
    public let seed: Int
    public let stream: [String]
    public let baseData: [String]
    public let strategyName: String

    let base: LlamaConfiguration
    let origin: BaseOrigin
    /// As in the file, or no steps.
    let baseTrain: Value
    let baseSeed: Int
    let tokenizer: TokenizerReference
    public let sources: [String: DataSource]
    let train: TrainingSettings
    let strategy: any Strategy
    let replay: Replay?
    let instruction: Instruction?
    /// The setting that was chosen so that this run comes near to one of another arm.
    public let matched: MatchedSetting?
    public let evaluation: EvaluationSettings

    /// Everything that is measured: the base's domains, then those of the stream, then those of the instruction stage, each once.
    public var domains: [String] {
        let learned = baseData + stream.filter { !baseData.contains($0) }
        return learned + instructionData.filter { !learned.contains($0) }
    }

    /// - Parameters:
    ///   - point: a point of the sweep. Paths of errors are those of its root.
    ///   - reader: for all runs of an experiment; its fields are `ExperimentFields.run`.
    ///   - files: what has been read of the files that bases come from.
    ///   - isTrial: whether it is one that chooses a value for `tune:`.
    init(_ point: SweepPoint, index: Int, _ reader: inout SettingsReader, _ files: inout BaseFiles, isTrial: Bool = false) throws(SettingsError) {
        let number = String(index)
        id = (isTrial ? "tune" : "run") + String(repeating: "0", count: max(0, 3 - number.count)) + number
        (axes, matched) = (point.axes, point.matched)
        settings = try BaseOrigin.completed(reader.settings(point.root))
        seed = settings.integer("seed")
        try Run.checkName(settings.string("name"))

        let base = settings.settings("base")
        let basePath = Path(dotted: "base")
        let model: LlamaConfiguration
        do { (model, origin, tokenizer, baseTrain) = try BaseOrigin.read(base, &files) } catch { throw error.under(basePath) }
        self.base = model
        try Run.checkLength(TrainingSettings(settings: Settings(validated: baseTrain)), model, at: basePath.appending("train"))
        baseSeed = base.value["seed"]?.asInteger ?? seed
        train = TrainingSettings(settings: settings.settings("train"))
        try Run.checkLength(train, model, at: Path(dotted: "train"))
        evaluation = EvaluationSettings(settings: settings.settings("evaluation"))
        try Run.checkLength(evaluation.sequenceLength, model, at: Path(dotted: "evaluation"))

        var sources: [String: DataSource] = [:]
        let data = settings.settings("data").value.asObject ?? [:]
        for name in data.keys.sorted() {
            let path = Path(dotted: "data").appending(name)
            guard Run.isName(name) else {
                throw SettingsError(path: path, found: "the name '\(name)'", expected: "letters, digits, '-', '_' and '.', not '.' first", subject: .key)
            }
            do { sources[name] = try DataSource(settings: Settings(validated: data[name] ?? .null)) } catch { throw error.under(path) }
        }
        self.sources = sources
        baseData = base.has("data") ? try Run.domains(base.value["data"], known: sources, at: basePath.appending("data")) : []
        guard evaluation.driftTokens == 0 || !baseData.isEmpty else {
            throw SettingsError(
                path: Path(dotted: "evaluation.drift"), found: "\(evaluation.driftTokens) tokens with a base that has no 'data'", expected: "text that the base knows",
                advice: "name its domains under base.data, or leave evaluation.drift out")
        }
        stream = try Run.domains(settings.value["stream"], known: sources, at: Path(dotted: "stream"))

        strategyName = settings.settings("strategy").string("kind")
        do {
            strategy = try Continual.strategy(settings.settings("strategy"))
            try strategy.check(model)
        } catch { throw error.under(Path(dotted: "strategy")) }
        replay = settings.has("replay") ? Replay(settings: settings.settings("replay")) : nil
        do { try replay?.check(strategy, taskCount: stream.count, hasBaseText: !baseData.isEmpty) } catch { throw error.under(Path(dotted: "replay")) }
        if let index = stream.firstIndex(of: Instruction.stageName) {
            throw SettingsError(
                path: Path(dotted: "stream").appending(index), found: "a task called '\(Instruction.stageName)'", expected: "another name",
                advice: "the stage behind the stream is called so in curves and tables")
        }
        if settings.has("instruction") {
            let path = Path(dotted: "instruction")
            do throws(SettingsError) {
                let instruction = try Instruction(settings.settings("instruction"), sources) { (value, place) throws(SettingsError) in
                    try Run.domains(value, known: sources, at: place)
                }
                try Run.checkLength(instruction.train, model, at: Path(dotted: "train"))
                self.instruction = instruction
            } catch { throw error.under(path) }
        } else {
            instruction = nil
        }
        label = point.label.isEmpty ? strategyName : point.label
    }

    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.first != "." && name.unicodeScalars.allSatisfy {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || "-_.".unicodeScalars.contains($0)
        }
    }

    private static func checkName(_ name: String) throws(SettingsError) {
        guard isName(name) else {
            throw SettingsError(path: Path(dotted: "name"), found: Value.string(name).summary, expected: "letters, digits, '-', '_' and '.', not '.' first", advice: "it names the results file")
        }
    }

    private static func checkLength(_ train: TrainingSettings, _ model: LlamaConfiguration, at path: Path) throws(SettingsError) {
        try checkLength(train.sequenceLength, model, at: path)
    }

    private static func checkLength(_ length: Int?, _ model: LlamaConfiguration, at path: Path) throws(SettingsError) {
        guard let length, length > model.longestSequence else { return }
        throw SettingsError(
            path: path.appending("sequence_length"), found: "\(length)",
            expected: "at most \(model.longestSequence), the model's max_position_embeddings" + (model.longestSequence > model.maxPositions ? " times its scaling factor" : ""),
            advice: "shorten the sequences or raise base.model.max_position_embeddings")
    }

    /// The names of one domain or a list of them, each known and there once.
    private static func domains(_ value: Value?, known: [String: DataSource], at path: Path) throws(SettingsError) -> [String] {
        let names = (value?.asList ?? [value ?? .null]).compactMap(\.asString)
        for (index, name) in names.enumerated() {
            let place = value?.asList == nil ? path : path.appending(index)
            guard known[name] != nil else {
                let all = known.keys.sorted()
                throw SettingsError(
                    path: place, found: Value.string(name).summary, expected: all.isEmpty ? "a domain of 'data', which is empty" : "a domain of 'data': \(all.joined(separator: ", "))",
                    advice: nearestAdvice(to: name, among: all))
            }
            guard !names[..<index].contains(name) else {
                throw SettingsError(path: place, found: "'\(name)' a second time", expected: "each domain once")
            }
        }
        return names
    }
}

extension Run {
    /// How the stream is trained, one stage each.
    var phases: [Phase] { strategy.phases(taskCount: stream.count) }

    /// The training of a phase: steps for each of its tasks.
    func train(in phase: Phase) -> TrainingSettings {
        var settings = train
        settings.steps *= phase.trains ? phase.tasks.count : 0
        if !phase.trains { settings.evaluationSteps = 0 }
        return settings
    }

    /// Tokens a sequence of a training.
    func sequenceLength(_ train: TrainingSettings) -> Int { train.sequenceLength ?? base.maxPositions }

    var isRandomBase: Bool { if case .random = origin { true } else { false } }
    /// Domains that the instruction stage trains on; empty without one.
    public var instructionData: [String] { instruction?.data ?? [] }
    /// Whether it is one that chooses a value for `tune:`.
    public var isTrial: Bool { id.hasPrefix("tune") }
    var trains: Bool { phases.contains(where: \.trains) }
    var baseTrainSteps: Int { baseTrain["steps"]?.asInteger ?? 0 }
    /// What the questions of a domain are scored by; empty where it has none.
    public func scoreName(of domain: String) -> String { sources[domain]?.score?.rawValue ?? "" }

    /// Weights of the base.
    public var baseParameterCount: Int { base.parameterCount }
    public var baseLayerCount: Int { base.layerCount }
}
