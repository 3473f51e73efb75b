import Continual
import Corpus
import Llama
import Settings
import Training

/// The keys of an experiment file.
public enum ExperimentFields {
    /// One run: what is left when the sweep is expanded.
    public static let run: [Field] = [
        .required("name", .string, "name of the experiment and of its results file: letters, digits, '-', '_' and '.'"),
        .required("base", .object(base), "the model that every strategy starts from"),
        .required("data", .map(DataSource.kind), "domains by name"),
        .required("stream", .list(.string, count: 1...1000), "domains in the order they are learned"),
        .required("train", .object(TrainingSettings.fields), "training of each task of the stream"),
        .required("strategy", strategyKind, "how the stream is learned"),
        .optional("replay", .object(Replay.fields), default: .null, "earlier text among that of each task, beside any strategy that trains"),
        .optional("instruction", .object(Instruction.fields), default: .null, "tuning of all weights on prompts with answers behind the stream, the same for every strategy"),
        .optional("evaluation", .object(EvaluationSettings.fields), default: [:], "how much is measured after each task"),
        .optional("seed", .natural, default: 0, "seed of the stream: order of the batches, new weights"),
    ]

    static let base: [Field] = [
        .optional("checkpoint", .string, default: .null, "folder of a LLaMA of transformers (config.json, safetensors, tokenizer.json), in place of model and tokenizer"),
        .optional("model", .object(LlamaConfiguration.fields), default: .null, "shape of the model, keys of a transformers config.json; required without checkpoint"),
        .optional("tokenizer", TokenizerSettings.kind, default: .null, "learned from the base's data, or a file (default: {kind: bpe})"),
        .optional(
            "data", .either([.string, .list(.string, count: 1...1000)]), default: .null,
            "domain or domains that the base is trained on; with checkpoint those that it knows, which are measured along the stream"),
        .optional("train", .object(TrainingSettings.fields), default: .null, "training of the base; with checkpoint it goes on with that, and without this key it does not"),
        .optional(
            "seed", .either([.natural, .choice(["run"])]), default: 0,
            "seed of the base; 'run' takes the run's seed, so that every seed has a base of its own"),
    ]

    /// The whole file: a run, some of whose keys may stand in the sweep instead, the sweep, tables and plots, and where it runs.
    public static let file: [Field] = run + [
        .optional("sweep", .object(Sweep.fields), default: .null, "what is varied"),
        .optional(
            "tune", .object(TuneSettings.fields), default: .null,
            "a setting whose value is chosen for each arm by runs with a held-out seed, which are made before those of the sweep"),
        .optional("tables", .map(.object(TableDefinition.fields)), default: .null, "tables by name; they are printed after a run and kept in the results file"),
        .optional(
            "plots", .map(PlotDefinition.settingsKind), default: .null,
            "plots by name, which are drawn instead of those of every file; kept in the results file"),
        .optional("slurm", .object(SlurmSettings.fields), default: [:], "what jobs ask of Slurm, with --executor slurm; reaches no result"),
    ]

    /// The JSON Schema of the whole file.
    public static let schema = JSONSchema.document(
        title: "Strata experiment", description: "An experiment of strata", fields: file, supplier: "sweep")
}
