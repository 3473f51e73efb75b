import Corpus
import Llama
import Settings
import Training

/// Where the base comes from: random weights and a tokenizer that is learned, or a checkpoint that has both.
enum BaseOrigin: Sendable, Hashable {
    case random(TokenizerSettings)
    case checkpoint(folder: String)

    private static func defaultTokenizer() throws(SettingsError) -> Value { try TokenizerSettings.kind.validated(["kind": "bpe"], at: Path()) }

    /// Settings of a run whose base has the tokenizer that it takes when the file names none.
    static func completed(_ settings: Settings) throws(SettingsError) -> Settings {
        let base = settings.settings("base")
        guard !base.has("checkpoint"), !base.has("tokenizer") else { return settings }
        var value = settings.value
        try value.set(try defaultTokenizer(), at: Path(dotted: "base.tokenizer"))
        return Settings(validated: value)
    }

    /// Reads the `base` of a run. Paths of errors start there.
    ///
    /// Returns the model's shape, where it comes from, and its training: with a checkpoint and without `train` one of no steps.
    static func read(_ base: Settings, _ checkpoints: inout CheckpointConfigurations) throws(SettingsError)
        -> (configuration: LlamaConfiguration, origin: BaseOrigin, train: Value)
    {
        guard base.has("checkpoint") else {
            for field in ExperimentFields.base where ["model", "data", "train"].contains(field.key) && !base.has(field.key) {
                let more = field.key == "model" ? "'model' or 'checkpoint'" : "'\(field.key)'"
                throw SettingsError(path: Path(), found: "no key '\(field.key)'", expected: "\(more): \(field.kind.expectation) (\(field.help))")
            }
            let tokenizer = TokenizerSettings(base.has("tokenizer") ? base.settings("tokenizer") : Settings(validated: try defaultTokenizer()))
            do {
                let configuration = try LlamaConfiguration(settings: base.settings("model"), vocabularySize: tokenizer.vocabularySize)
                return (configuration, .random(tokenizer), base.settings("train").value)
            } catch { throw error.under(Path(dotted: "model")) }
        }
        for key in ["model", "tokenizer"] where base.has(key) {
            throw SettingsError(
                path: Path(dotted: key), found: "'\(key)' beside 'checkpoint'", expected: "one of them", advice: "the checkpoint has its own; remove one", subject: .key)
        }
        if base.has("train"), !base.has("data") {
            throw SettingsError(
                path: Path(), found: "'train' without 'data'", expected: "'data': the domain or domains that the checkpoint is trained on further",
                advice: "leave 'train' out to take the checkpoint as it is")
        }
        let folder = base.string("checkpoint")
        let configuration: LlamaConfiguration
        do { configuration = try checkpoints.configuration(folder) } catch {
            throw SettingsError(
                path: Path(dotted: "checkpoint"), found: "\(error.path): \(error.problem)", expected: "the folder of a LLaMA that can be read", advice: error.advice)
        }
        let train = base.has("train") ? base.settings("train").value : try Settings(["steps": 0], fields: TrainingSettings.fields).value
        return (configuration, .checkpoint(folder: folder), train)
    }
}

/// The configurations of checkpoints, each folder's read once for all runs of an experiment.
struct CheckpointConfigurations {
    private var known: [String: LlamaConfiguration] = [:]

    mutating func configuration(_ folder: String) throws(CheckpointError) -> LlamaConfiguration {
        if let configuration = known[folder] { return configuration }
        let configuration = try LlamaFolder.configuration(folder).configuration
        known[folder] = configuration
        return configuration
    }
}

extension TokenizerSettings {
    /// The number of ids that the tokenizer will have.
    fileprivate var vocabularySize: Int {
        switch self {
        case .byte: 257
        case .bytePair(let size): size
        }
    }
}
