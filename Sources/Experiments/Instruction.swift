import Corpus
import Llama
import Settings
import Training

/// What follows the stream, or the base where nothing is trained: all weights of the model are tuned on prompts with answers, by the loss on the answers, on the
/// same sequences in the same order for every strategy, and measured once more.
/// Source: Wu et al. 2024, LLaMA Pro (arXiv 2401.02415), section 3 and figure 7: supervised fine-tuning of all blocks, old and new.
public struct Instruction: Sendable {
    /// Domains, all as often.
    let data: [String]
    let train: TrainingSettings
    /// As it was validated.
    let trainValue: Value

    /// What the curve of such a stage is called beside those of tasks.
    public static let stageName = "instruction"

    static let fields: [Field] = [
        .required("data", .either([.string, .list(.string, count: 1...1000)]), "domain or domains of prompts with answers that it is tuned on"),
        .required("train", .object(TrainingSettings.fields), "training of all weights; the loss counts the answers"),
    ]

    /// Reads settings that `fields` have validated. Paths of errors start at the section.
    /// - `domains`: reads the names of one domain or several at a path, each known.
    init(
        _ settings: Settings, _ sources: [String: DataSource], domains: (Value?, Path) throws(SettingsError) -> [String]
    ) throws(SettingsError) {
        let path = Path(dotted: "data")
        data = try domains(settings.value["data"], path)
        train = TrainingSettings(settings: settings.settings("train"))
        trainValue = settings.settings("train").value
        for (index, name) in data.enumerated() where sources[name]?.countsAnswersOnly != true {
            let fitting = sources.keys.filter { sources[$0]?.countsAnswersOnly == true }.sorted()
            let hasExamples = sources[name]?.hasExamples == true
            throw SettingsError(
                path: settings.value["data"]?.asList == nil ? path : path.appending(index),
                found: "'\(name)', " + (hasExamples ? "whose loss counts the prompts too" : "which is running text"),
                expected: "a domain of prompts with answers" + (fitting.isEmpty ? "" : ": \(fitting.joined(separator: ", "))"),
                advice: hasExamples ? "remove 'loss: all' from its entry in 'data'"
                    : "add one to 'data', such as {generated: arithmetic, form: examples} or {jsonl: FILE, prompt: FIELD, answer: FIELD}")
        }
    }
}
