import HDF5

/// The layout of a published file, version 2, as `docs/hdf5-schema.md` describes it.
enum PublishedSchema {
    struct Variable {
        var name: String
        var type: ElementType
        /// Names of the axes, slowest first.
        var axes: [String]

        init(_ name: String, _ type: ElementType, _ axes: String...) { (self.name, self.type, self.axes) = (name, type, axes) }
    }

    static let rootTexts = ["experiment", "strata_version", "numerics_version", "host", "instruction_set", "created", "changes"]
    static let groups = ["summary", "scores", "runs", "stages"]

    /// Coordinates of an axis are the variable of its name.
    static let scores = [
        Variable("run", .string, "run"), Variable("trained", .int64, "trained"), Variable("evaluated", .string, "evaluated"),
        Variable("task", .string, "run", "trained"), Variable("stage", .string, "run", "trained"),
        Variable("flops", .float64, "run", "trained"), Variable("seconds", .float64, "run", "trained"),
        Variable("loss", .float64, "run", "trained", "evaluated"), Variable("bits_per_byte", .float64, "run", "trained", "evaluated"),
        Variable("score", .float64, "run", "trained", "evaluated"), Variable("loss_random", .float64, "run", "evaluated"),
        Variable("score_random", .float64, "run", "evaluated"), Variable("metric", .string, "run", "evaluated"),
    ]
    /// Only in files of experiments that measure it.
    static let drift = [
        Variable("run", .string, "run"), Variable("trained", .int64, "trained"), Variable("layer", .int64, "layer"),
        Variable("cross_entropy", .float64, "run", "trained"), Variable("divergence", .float64, "run", "trained"),
        Variable("weights", .float64, "run", "trained", "layer"), Variable("alignment", .float64, "run", "trained", "layer"),
        Variable("rank", .float64, "run", "trained", "layer"),
    ]
    static let run = [
        Variable("step", .int64, "step"), Variable("stage", .string, "step"), Variable("loss", .float64, "step"),
        Variable("learning_rate", .float64, "step"), Variable("gradient_norm", .float64, "step"), Variable("tokens_seen", .int64, "step"),
        Variable("seconds", .float64, "step"), Variable("evaluation", .int64, "evaluation"), Variable("evaluated", .string, "evaluated"),
        Variable("evaluation_step", .int64, "evaluation"), Variable("evaluation_stage", .string, "evaluation"),
        Variable("evaluation_loss", .float64, "evaluation", "evaluated"), Variable("evaluation_score", .float64, "evaluation", "evaluated"),
    ]
    /// Where there are questions.
    static let optional: Set<String> = ["evaluation_score"]
    static let runTexts = ["strategy", "configuration", "data"]
    static let stages = [
        Variable("stage", .string, "stage"), Variable("kind", .string, "stage"), Variable("title", .string, "stage"), Variable("parent", .string, "stage"),
        Variable("state", .string, "stage"), Variable("seconds", .float64, "stage"), Variable("threads", .int64, "stage"),
        Variable("flops", .float64, "stage"), Variable("memory", .float64, "stage"),
    ]
    /// Of experiments with `tune:`.
    static let tuning = [
        Variable("arm", .string, "arm"), Variable("value", .float64, "value"), Variable("metric", .float64, "arm", "value"),
        Variable("state", .string, "arm", "value"), Variable("stage", .string, "arm", "value"), Variable("chosen", .float64, "arm"),
    ]
    static let tuningTexts = ["key", "column"]
}
