import Corpus
import Llama
import Settings
import Training

/// Where the weights of the base come from.
enum BaseOrigin: Sendable, Hashable {
    case random
    case checkpoint(folder: String)

    /// Settings of a run whose base has the tokenizer that it takes when the file names none.
    static func completed(_ settings: Settings) throws(SettingsError) -> Settings {
        let base = settings.settings("base")
        guard !base.has("checkpoint"), !base.has("tokenizer") else { return settings }
        var value = settings.value
        try value.set(try TokenizerSettings.kind.validated(["kind": "bpe"], at: Path()), at: Path(dotted: "base.tokenizer"))
        return Settings(validated: value)
    }

    /// Reads the `base` of a run that `completed` has seen. Paths of errors start there.
    ///
    /// Returns the model's shape, where its weights come from, its tokenizer, and its training: with a checkpoint and without `train` one of no steps.
    static func read(_ base: Settings, _ files: inout BaseFiles) throws(SettingsError)
        -> (configuration: LlamaConfiguration, origin: BaseOrigin, tokenizer: TokenizerReference, train: Value)
    {
        guard base.has("checkpoint") else {
            for field in ExperimentFields.base where ["model", "data", "train"].contains(field.key) && !base.has(field.key) {
                let more = field.key == "model" ? "'model' or 'checkpoint'" : "'\(field.key)'"
                throw SettingsError(path: Path(), found: "no key '\(field.key)'", expected: "\(more): \(field.kind.expectation) (\(field.help))")
            }
            let tokenizer: TokenizerReference
            do { tokenizer = try files.tokenizer(base.settings("tokenizer")) } catch {
                throw error.under(Path(dotted: "tokenizer"))
            }
            do {
                let configuration = try LlamaConfiguration(settings: base.settings("model"), vocabularySize: tokenizer.vocabularySize)
                return (configuration, .random, tokenizer, base.settings("train").value)
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
        do { configuration = try files.configuration(folder) } catch {
            throw SettingsError(
                path: Path(dotted: "checkpoint"), found: "\(error.path): \(error.problem)", expected: "the folder of a LLaMA that can be read", advice: error.advice)
        }
        let tokenizer: TokenizerReference
        do { tokenizer = try files.tokenizer(Settings(validated: ["kind": "file", "path": .string(folder)])) } catch {
            throw SettingsError(path: Path(dotted: "checkpoint"), found: error.found, expected: error.expected, advice: error.advice)
        }
        let train = base.has("train") ? base.settings("train").value : try Settings(["steps": 0], fields: TrainingSettings.fields).value
        return (configuration, .checkpoint(folder: folder), tokenizer, train)
    }
}

/// What has been read of the files that bases come from, each once for all runs of an experiment.
struct BaseFiles {
    private var configurations: [String: LlamaConfiguration] = [:]
    private var tokenizers: [Settings: TokenizerReference] = [:]

    mutating func configuration(_ folder: String) throws(CheckpointError) -> LlamaConfiguration {
        if let configuration = configurations[folder] { return configuration }
        let configuration = try LlamaFolder.configuration(folder).configuration
        configurations[folder] = configuration
        return configuration
    }

    /// Paths of errors start at the settings.
    mutating func tokenizer(_ settings: Settings) throws(SettingsError) -> TokenizerReference {
        if let tokenizer = tokenizers[settings] { return tokenizer }
        let tokenizer = try TokenizerReference(settings)
        tokenizers[settings] = tokenizer
        return tokenizer
    }
}
